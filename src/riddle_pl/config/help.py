"""The text of ``riddle-* --help``: examples, and the config groups of that application alone."""

import re
import string
import textwrap
from importlib.resources import files
from importlib.resources.abc import Traversable

from omegaconf import OmegaConf

WIDTH = 118


def app_help(config_name: str) -> str:
    """The help of an application: its template in ``conf/hydra``, with its groups and their options.

    Args:
        config_name: primary config: ``train``, ``eval``, ...
    """
    conf = files("riddle_pl.conf")
    template = OmegaConf.create((conf / "hydra" / f"{config_name}.yaml").read_text(encoding="utf-8")).help.template
    listed = [
        textwrap.fill(f"{group}: {', '.join(options)}", WIDTH, subsequent_indent="  ")
        for group, options in app_groups(config_name).items()
    ]
    return string.Template(str(template)).substitute(APP_CONFIG_GROUPS="\n".join([*listed, ""]))


def app_groups(config_name: str) -> dict[str, list[str]]:
    """Options by group: the groups of the primary config's defaults that a user chooses from, in their order.

    Where the first lines of a group's files name several applications (photos to train on, photos to evaluate), an
    application has those that name it.

    Args:
        config_name: primary config.
    """
    conf = files("riddle_pl.conf")
    defaults = OmegaConf.to_container(OmegaConf.create((conf / f"{config_name}.yaml").read_text(encoding="utf-8")))
    entries = [next(iter(entry)) for entry in defaults["defaults"] if isinstance(entry, dict)]  # type: ignore[call-overload, index]
    groups = [group for group in entries if " " not in group and group != "hydra"]  # " ": optional ones follow others
    return {group: _options(conf / group, f"riddle-{config_name}") for group in groups}


def _options(folder: Traversable, command: str) -> list[str]:
    commands = {
        file.name.removesuffix(".yaml"): _command(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".yaml")
    }
    return [name for name, named in commands.items() if named == command] or list(commands)


def _command(text: str) -> str:
    """``riddle-train``, of a file whose first line shows how it is used."""
    found = re.search(r"^# (riddle(?:-[a-z]+)?) ", text, re.MULTILINE)
    return found[1] if found else ""
