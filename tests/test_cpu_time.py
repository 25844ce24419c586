"""If this fails, a test grows slow without being seen, or one that bears the mark `slow` is complained about."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = """
import subprocess, sys, time
import pytest

def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

@pytest.fixture
def dear():
    burn(0.3)

def test_burns(): burn(0.3)
def test_lets_another_burn():
    code = "import time\\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
def test_fails(): burn(0.3); assert False
def test_sleeps(): time.sleep(0.3)
def test_has_a_dear_fixture(dear): pass
@pytest.mark.slow
def test_is_marked(): burn(0.3)
"""
RUN = """
import sys, pytest
from tests import cpu_time
cpu_time.LIMIT_S = 0.2
sys.exit(pytest.main(sys.argv[1:], plugins=[cpu_time]))
"""


def test_lists_what_takes_long_and_does_not_bear_the_mark(tmp_path):
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow: long\n", encoding="utf-8")
    command = [sys.executable, "-c", RUN, str(tmp_path), "-p", "no:cacheprovider"]
    bare = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # those of hypothesis and Hydra take seconds to import
    result = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True)
    listed = result.stdout.split("more than 0.2 s of CPU")[1]
    assert {line.split("::")[1] for line in listed.splitlines() if " s  " in line} == {
        "test_burns",
        "test_lets_another_burn",
        "test_fails",
    }
