#!/usr/bin/env bash
# Makes the virtual environment with riddle-pl and its development tools in it.
#   scripts/setup.sh [VENV]          (PYTHON=/path/to/python3.x chooses the interpreter)
# Versions are those of constraints.txt; LOCKED=0 takes the newest within the bounds of pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}
extras=${EXTRAS:-dev,dlib}
locked=${LOCKED:-1}
lock=constraints.txt

say() { printf '%s\n' "setup: $*"; }
fail() { printf '%s\n' "setup: error: $*" >&2; exit 1; }

is_new_enough() {  # runs it, because a name on the PATH may be a shim without a version behind it
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    command -v "$PYTHON" >/dev/null 2>&1 || fail "PYTHON=$PYTHON is not a program; give the path of a Python 3.11 or newer."
    is_new_enough "$PYTHON" || fail "PYTHON=$PYTHON does not run or is older than 3.11; give a Python 3.11 or newer."
    echo "$PYTHON"
    return
  fi
  # The newest of the versions that the package names, then any other.
  for candidate in python3.13 python3.12 python3.11 python3.14 python3 python; do
    if is_new_enough "$candidate"; then echo "$candidate"; return; fi
  done
  fail "no Python 3.11 or newer found (looked for python3.11 to python3.14, python3, python);" \
    "install one (Debian, Ubuntu: apt install python3.11 python3.11-venv) or name it: make setup PYTHON=/path/to/python3.11"
}

check_venv_module() {
  "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
  local version
  version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  fail "$1 has no venv module; install it (Debian, Ubuntu: apt install python$version-venv) or name another Python with PYTHON=."
}

check_disk() {
  local free_kib
  free_kib=$(df -Pk . | awk 'NR == 2 { print $4 }')
  if [ "$free_kib" -lt $((7 * 1024 * 1024)) ]; then
    fail "$((free_kib / 1024 / 1024)) GB free in $PWD; the environment needs about 7 GB (PyTorch for Linux carries CUDA), 10 GB to be safe."
  elif [ "$free_kib" -lt $((10 * 1024 * 1024)) ]; then
    say "warning: $((free_kib / 1024 / 1024)) GB free in $PWD; 10 GB are safe, since pip also keeps what it downloads."
  fi
}

if [ -e "$venv" ] && ! is_new_enough "$venv/bin/python"; then
  fail "$venv is there but its Python does not run or is older than 3.11; remove it (rm -r $venv) and try again."
fi
if [ ! -e "$venv" ]; then
  python=$(find_python)
  check_venv_module "$python"
  check_disk
  say "making $venv with $("$python" --version) ($python)"
  trap 'rm -rf "$venv"' ERR INT TERM
  "$python" -m venv "$venv"
  trap - ERR INT TERM
fi

case $locked in
  1)
    [ -f "$lock" ] || fail "$lock is missing; make it with 'make lock', or do without: make setup LOCKED=0"
    say "installing riddle-pl[$extras] and its dependencies into $venv, in the versions of $lock."
    # In the environment and not as -c, so that it also holds for setuptools where pip builds a package; a name for old
    # pips, a name for new ones.
    export PIP_CONSTRAINT="$lock ${PIP_CONSTRAINT:-}" PIP_BUILD_CONSTRAINT="$lock ${PIP_BUILD_CONSTRAINT:-}"
    ;;
  0) say "installing riddle-pl[$extras] and its dependencies into $venv, the newest within pyproject.toml's bounds." ;;
  *) fail "LOCKED=$locked is unknown; give 1 (versions of $lock) or 0 (the newest within pyproject.toml's bounds)." ;;
esac
say "PyTorch for Linux is several GB; the first time takes a few minutes (about two on a fast line)."
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
# pip's messages are shown as they come and also kept, to tell a version that is not to be had from a broken line.
if ! { "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off -e ".[$extras]" 2>&1 >&3 \
  | tee "$errors" >&2; } 3>&1 | awk '/^(Collecting torch|Installing|Successfully|The conflict|    .*(depends on|requested) )/ { print substr($0, 1, 100); fflush() }'; then
  if [ "$locked" = 1 ] && grep -q -e 'No matching distribution' -e 'ResolutionImpossible' "$errors"; then
    fail "a version of $lock cannot be had here, or no longer (the reason is above; it was made for another Python or" \
      "platform, or the release was withdrawn); take the newest that fit: make setup LOCKED=0, or refresh it: make lock"
  fi
  fail "pip could not install the dependencies (the reason is above); check the network and the disk space, then run it again: it goes on where it stopped."
fi
# Photographic faces. Without them everything works with the lite pack, so a failure is a line and no more.
if ! reason=$("$venv/bin/riddle" weights fetch --pack mobile --quiet 2>&1); then
  say "pack mobile, which draws photographic faces (88 MB), is not complete yet: ${reason##*error: }"
fi
say "done."
