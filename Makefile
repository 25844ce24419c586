# Needs GNU make, bash and Python 3.11 or newer; everything else goes into $(VENV).
#   make demo PYTHON=/usr/bin/python3.12     another interpreter
#   make setup LOCKED=0                      the newest versions within pyproject.toml's bounds, not those of constraints.txt
#   make setup EXTRAS=dev,heif               other extras than dev,dlib
#   make test PYTEST_ARGS="-k password"      a part of the tests, without the floor of the coverage
#   make wheel-smoke WHEEL_ARGS=--clean      installs every dependency again (7 GB)

SHELL := bash
VENV ?= .venv
PYTHON ?=
LOCKED ?= 1
EXTRAS ?= dev,dlib
PYTEST_ARGS ?=
WHEEL_ARGS ?=
BENCH_ARGS ?=
FUZZ_SECONDS ?= 600
MUTANTS_ARGS ?=
NOTEBOOK_ARGS ?=
DEMO_OUT ?= demo_output
# Both steps of the benchmark keep the memory that they have touched, instead of asking for it again each time.
MALLOC := glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=100000000000
BIN := $(VENV)/bin
WORKERS = $$($(BIN)/python -c 'import os; print(min(8, os.cpu_count() or 1))')
COVERED = $(BIN)/python -m slipcover
STAMP := $(VENV)/.riddle-stamp
SETUP = PYTHON="$(PYTHON)" LOCKED="$(LOCKED)" EXTRAS="$(EXTRAS)" scripts/setup.sh "$(VENV)" && touch $(STAMP)

.DEFAULT_GOAL := help
.PHONY: help setup lock lock-check hooks demo picture docs test test-slow lint format typecheck notebooks wheel-smoke fuzz bench bench-photos bench-drawing mutants

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt scripts/setup.sh
	@$(SETUP)

# Not by the stamp, which does not know LOCKED and EXTRAS: where nothing is to be done, pip says so within seconds.
setup:  ## make the environment alone (.venv; about 7 GB, a few minutes the first time)
	@$(SETUP)

lock:  ## find the newest versions within pyproject.toml's bounds and write them to constraints.txt
	$(or $(PYTHON),python3.11) scripts/lock.py

lock-check: $(STAMP)  ## that there are versions within the bounds; says what `make lock` would change
	$(BIN)/python scripts/lock.py --check

hooks: $(STAMP)  ## let git check each commit (.pre-commit-config.yaml)
	$(BIN)/pre-commit install

demo: $(STAMP)  ## photos of synthetic people encrypted and recovered; writes two pictures (a minute or two)
	$(BIN)/riddle demo --out "$(DEMO_OUT)"

picture: $(STAMP)  ## make the README's pictures anew, docs/demo.jpg and docs/photos.jpg; look before you commit
	$(BIN)/riddle demo --pack mobile --out "$(DEMO_OUT)"
	cp "$(DEMO_OUT)"/{demo,photos}.jpg docs

test: lint typecheck  ## lint, typecheck, all tests but the slow ones, coverage of 95 % of the lines
ifneq ($(strip $(PYTEST_ARGS)),)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)
else
	OMP_NUM_THREADS=1 $(COVERED) --json --out .coverage.json -m pytest -n $(WORKERS) -m "not slow"
	@$(COVERED) --merge .coverage.json --out .coverage.json --fail-under 95 > .coverage.txt; \
	status=$$?; tail -n 1 .coverage.txt; exit $$status
endif

test-slow: $(STAMP)  ## the tests that take more than about ten seconds each
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) -m slow

lint: $(STAMP)  ## ruff: rules and format, nothing is changed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)  ## ruff: put rules and format right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: $(STAMP)  ## mypy --strict on src
	$(BIN)/mypy

docs: $(STAMP)  ## build the documentation and the API reference: site/index.html; broken links fail
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(filter 1,$(LOCKED)),-c constraints.txt) -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

notebooks: $(STAMP)  ## run every notebook in notebooks/
	$(BIN)/python scripts/run_notebooks.py $(NOTEBOOK_ARGS) notebooks

wheel-smoke: $(STAMP)  ## build the wheel, install it in an environment of its own, use it from another folder
	$(BIN)/python scripts/wheel_smoke.py $(WHEEL_ARGS)

fuzz: $(STAMP)  ## fuzz the reading of records for FUZZ_SECONDS (600); findings and corpus lie in .fuzz
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=3,<4"
	mkdir -p .fuzz/corpus
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.run -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=.fuzz/ .fuzz/corpus

bench: $(STAMP)  ## time the fast training step against the plain one
	GLIBC_TUNABLES=$(MALLOC) $(BIN)/python -m benchmarks.training_step $(BENCH_ARGS)

bench-photos: $(STAMP)  ## time the photo pipeline, file to file, and watch its memory
	$(BIN)/python -m benchmarks.photos $(BENCH_ARGS)

bench-drawing: $(STAMP)  ## images per second at every size that a pack draws, beside OpenVINO where it is installed
	$(BIN)/python -m benchmarks.drawing $(BENCH_ARGS)

mutants: $(STAMP)  ## change the safety code one thing at a time and see whether a test notices (hours; goes on where it stopped)
	$(BIN)/python -m pip install --quiet -e '.[mutants]'
	nice -n 15 $(BIN)/python scripts/mutants $(MUTANTS_ARGS)
