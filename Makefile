# Needs GNU make, bash and Python 3.11 or newer; everything else goes into $(VENV).
#   make demo PYTHON=/usr/bin/python3.12     another interpreter
#   make test PYTEST_ARGS="-k password"      a part of the tests

SHELL := bash
VENV ?= .venv
PYTHON ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=
FUZZ_SECONDS ?= 600
NOTEBOOK_ARGS ?=
DEMO_OUT ?= demo_output
# Both steps of the benchmark keep the memory that they have touched, instead of asking for it again each time.
MALLOC := glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=100000000000
BIN := $(VENV)/bin
STAMP := $(VENV)/.riddle-stamp

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format typecheck notebooks wheel-smoke fuzz bench bench-photos

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml scripts/setup.sh
	@PYTHON="$(PYTHON)" scripts/setup.sh "$(VENV)"
	@touch $@

setup: $(STAMP)  ## make the environment alone (.venv; about 7 GB, a few minutes the first time)

demo: $(STAMP)  ## short training run, then encrypt and recover faces; writes one picture (five minutes)
	$(BIN)/riddle demo --out "$(DEMO_OUT)"

test: lint typecheck  ## everything that must pass: lint, typecheck, pytest
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print(min(8, os.cpu_count() or 1))') $(PYTEST_ARGS)

lint: $(STAMP)  ## ruff: rules and format, nothing is changed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)  ## ruff: put rules and format right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: $(STAMP)  ## mypy --strict on src
	$(BIN)/mypy

notebooks: $(STAMP)  ## run every notebook in notebooks/
	$(BIN)/python scripts/run_notebooks.py $(NOTEBOOK_ARGS) notebooks

wheel-smoke: $(STAMP)  ## build the wheel, install it in a clean environment, use it from another folder
	$(BIN)/python scripts/wheel_smoke.py

fuzz: $(STAMP)  ## fuzz the reading of records for FUZZ_SECONDS (600); findings and corpus lie in .fuzz
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=3,<4"
	mkdir -p .fuzz/corpus
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.run -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=.fuzz/ .fuzz/corpus

bench: $(STAMP)  ## time the fast training step against the plain one
	GLIBC_TUNABLES=$(MALLOC) $(BIN)/python -m riddle_pl.bench $(BENCH_ARGS)

bench-photos: $(STAMP)  ## time the photo pipeline, file to file, and watch its memory
	$(BIN)/python -m riddle_pl.bench_photos $(BENCH_ARGS)
