"""Writes ``golden_small.json``: run ``python -m tests.networks.make_golden`` from the repository's root.

The values are our own networks' outputs, so run it only while ``test_reference.py`` passes against the tensors of the
original networks; afterwards they hold every network to what it computed then, also where those tensors are absent.
"""

import json

from tests.networks.cases import CASES, GOLDEN, PUBLIC, fingerprint, keys_and_shapes, summary


def main() -> None:
    golden = {
        "outputs": {name: summary(case.output(name)) for name, case in CASES.items()},
        "keys": {name: fingerprint(keys_and_shapes(build)) for name, build in PUBLIC.items()},
    }
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
