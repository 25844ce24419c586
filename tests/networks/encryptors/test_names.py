"""If this fails, whoever looks for the code of ``encryptor=NAME``, or of a checkpoint's ``arch``, does not find it."""

from pathlib import Path

import pytest
import yaml

from riddle_pl.packs.architectures import CLASSES, ENCRYPTORS, FORMER_NAMES, build, class_of
from riddle_pl.packs.encryptors import EncryptorSpec

CONFIGS = Path(__file__).resolve().parents[3] / "conf" / "encryptor"
SMALL = {"num_layers": 4, "dim": 16, "ffn": 16}


def test_each_architecture_is_an_option_of_the_config_group() -> None:
    assert {path.stem for path in CONFIGS.glob("*.yaml")} == set(ENCRYPTORS)


@pytest.mark.parametrize("name", ENCRYPTORS)
def test_option_file_and_class_have_one_name(name: str) -> None:
    target = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))["_target_"]
    module, _, own = target.rpartition(".")
    assert module == f"riddle_pl.networks.encryptors.{name}"
    assert own.lower() == f"{name.replace('_', '')}encryptor"
    found = class_of(name)
    assert (found.__module__, found.__name__) == (module, own)


@pytest.mark.parametrize(("former", "name"), FORMER_NAMES.items())
def test_former_names_go_on_opening(former: str, name: str) -> None:
    assert former not in ENCRYPTORS
    assert CLASSES[former] == CLASSES[name]
    assert type(build(former, SMALL)) is class_of(name)
    assert EncryptorSpec.from_plain({"arch": former, "args": SMALL}) == EncryptorSpec(name, SMALL)
