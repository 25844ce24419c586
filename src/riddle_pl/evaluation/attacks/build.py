"""From the config of ``riddle-attack`` to its parts, and the checks before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass

from omegaconf import DictConfig

from riddle_pl.config import check_config, instantiate, instantiate_group
from riddle_pl.errors import ConfigError, DataError, PackError
from riddle_pl.evaluation.attacks.attack import Attack
from riddle_pl.evaluation.audits.archives import FaceArchives
from riddle_pl.inversion import Inversion
from riddle_pl.judging.lfw import LFW
from riddle_pl.packs import Pack


@dataclass(frozen=True)
class Suite:
    """The parts of a command; nothing has been loaded yet."""

    pack: Pack
    encryptors: tuple[str, ...]
    inversion: Inversion
    people: LFW
    archives: FaceArchives
    attacks: Mapping[str, Attack]


def build_suite(cfg: DictConfig) -> Suite:
    """Builds every node of a checked config.

    Raises:
        ConfigError: a node does not fit its target.
    """
    pack: Pack = instantiate(cfg.pack, "pack")
    attacks: dict[str, Attack] = instantiate_group(cfg, "attack")
    return Suite(
        pack=pack,
        encryptors=pack.encryptors if cfg.encryptors is None else tuple(dict.fromkeys(cfg.encryptors)),
        inversion=instantiate(cfg.invert, "invert"),
        people=instantiate(cfg.people, "people"),
        archives=instantiate(cfg.faces, "faces"),
        attacks=attacks,
    )


def check_job(cfg: DictConfig) -> Suite:
    """Checks the config of one command, and that everything that it names is there; gives its parts.

    Raises:
        RiddleError: one line about the first thing that is wrong.
    """
    check_config(cfg)
    suite = build_suite(cfg)
    check_suite(suite)
    return suite


def check_suite(suite: Suite) -> None:
    """Raises a ``RiddleError`` when something that the attacks need is missing."""
    pack = suite.pack
    if not suite.encryptors:
        raise PackError(f"pack {pack.name} has no encryptor to attack; give another pack")
    if not suite.attacks:
        raise ConfigError("attack is empty; give attack=linkage, or leave it out for all attacks")
    for role in suite.encryptors:
        if pack.entry(role).tokens is None:
            raise PackError(f"encryptors={role} is no encryptor of pack {pack.name}")
    roles = {role for attack in suite.attacks.values() for role in attack.roles}
    pack.check("generator", *suite.encryptors, *sorted(roles))
    suite.people.check()
    suite.archives.check()
    suite.inversion.check()
    for name, attack in suite.attacks.items():
        if suite.people.total < attack.victims:
            raise DataError(
                f"people.count leaves {suite.people.total} people; attack.{name} needs {attack.victims}: give more, "
                f"or less to do; riddle-attack attack={name} --cfg job shows the settings"
            )
