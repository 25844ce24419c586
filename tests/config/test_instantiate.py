"""A failure here: a config node would build the wrong object, or fail with a traceback instead of a line."""

import pytest
from omegaconf import OmegaConf
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from riddle_pl.config import instantiate
from riddle_pl.errors import ConfigError, DataError

HERE = "tests.config.test_instantiate"


class Thing:
    def __init__(self, size: int, part: object = None, names: list[str] | None = None, **rest: object):
        if size < 0:
            raise ValueError(f"size is {size}")
        assert size != 7, "not seven"
        if size == 8:
            raise MisconfigurationException("not eight")
        if size == 0:
            raise DataError("no data")
        self.size, self.part, self.names, self.rest = size, part, names, rest


def node(**values: object) -> dict[str, object]:
    return {"_target_": f"{HERE}.Thing", **values}


def test_nested_nodes_are_built_and_containers_are_plain() -> None:
    made = instantiate(OmegaConf.create(node(size=2, part=node(size=3), names=["a"])))
    assert made.part.size == 3
    assert type(made.names) is list


def test_what_the_program_provides_is_passed_as_it_is() -> None:
    part = object()
    assert instantiate(node(size=1), part=part).part is part


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        (node(), "thing lacks size"),
        (node(size="x"), "thing.size='x' is a str; expected int"),
        (node(size=True), "thing.size=True is a bool; expected int"),
        (node(size=1, colour="red"), "thing.colour is unknown"),  # although **rest would take it
        (node(size=1, part=node(size=1, nam=2)), "thing.part.nam is unknown"),
        (node(size=-1), r"thing \(.*Thing\): size is -1"),
        (node(size=8), r"thing \(.*Thing\): not eight"),
        (node(size=1, part=node(size=8)), r"thing \(.*Thing\): not eight"),
        ({"size": 1}, "thing has no _target_"),
        ({"_target_": f"{HERE}.Thin"}, "did you mean 'Thing'"),
        ({"_target_": f"{HERE}.HERE"}, "is a str; expected a class or function"),
    ],
)
def test_a_bad_node_is_one_line(bad: dict[str, object], line: str) -> None:
    with pytest.raises(ConfigError, match=line):
        instantiate(bad, "thing")


def test_errors_for_the_user_pass() -> None:
    with pytest.raises(DataError, match="no data"):
        instantiate(node(size=0))
    with pytest.raises(DataError, match="no data"):
        instantiate(node(size=1, part=node(size=0)))
