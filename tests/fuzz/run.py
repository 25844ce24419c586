"""Fuzzes the reading of records with atheris: `make fuzz`, or

    python -m tests.fuzz.run -max_total_time=600 CORPUS

Arguments are libFuzzer's. CORPUS is a folder, which is filled with the seeds when it is empty. A finding stops the run,
and is kept as a file `crash-...`; `python -m tests.fuzz.run crash-...` repeats it.
"""

import hashlib
import sys
import tempfile
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["riddle_pl.photos", "riddle_pl.password", "zipfile", "json"]):
    from tests.fuzz.mutations import mutate
    from tests.fuzz.parser import check
    from tests.fuzz.seeds import all_seeds

MAX_BYTES = 80_000


def main() -> None:
    for argument in sys.argv[1:]:
        corpus = Path(argument)
        if corpus.is_dir() and not any(corpus.iterdir()):
            for seed in all_seeds():
                (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        for seed in all_seeds():  # what is imported or allocated once is so before anything is counted
            check(seed, path)

        def custom_mutator(data: bytes, max_size: int, seed: int) -> bytes:
            random = Random(seed)
            changed = atheris.Mutate(data, max_size) if random.random() < 0.2 else mutate(data, random)
            return changed[:max_size]

        atheris.Setup(
            [sys.argv[0], f"-max_len={MAX_BYTES}", "-timeout=60", "-rss_limit_mb=1500", *sys.argv[1:]],
            lambda data: check(data, path) and None,
            custom_mutator=custom_mutator,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
