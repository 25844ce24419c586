"""Settings inherited from a resumed run, or from the encryptor that a run starts from.

They are prepended to the user's overrides, so that Hydra composes them and ``--cfg job`` shows the result. Checkpoints
are untrusted: overrides that name a target or an output path are refused. PyTorch is imported once the file is known
to be there.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from riddle_pl.config import compose_jobs
from riddle_pl.config.check import locate, to_plain
from riddle_pl.errors import CheckpointError, shown
from riddle_pl.files import require_file
from riddle_pl.launch import local_rank
from riddle_pl.packs import load_pack
from riddle_pl.packs.architectures import class_of, current_name
from riddle_pl.packs.encryptors import EncryptorSpec

NOT_TAKEN = ("ckpt_path", "export", "export_role", "export_overwrite", "start_pack", "start_ckpt", "quiet", "device")
"""Keys that a continuation does not inherit."""
PLACES = ("pack", "pack.name_or_path", "data.root", "data.cache_dir")
"""Keys whose value may be an absolute path."""


def inherited(overrides: list[str]) -> list[str]:
    """Overrides to prepend to those of a ``riddle-train`` command line; reported on stderr.

    Raises:
        RiddleError: no such checkpoint or pack, or one with settings that are not taken from a file.
    """
    given = _parse(overrides)
    if given is None:
        return []  # reported when the config is composed
    values = {override.key_or_group: override.value() for override in given if not override.is_sweep_override()}
    if values.get("start_pack") is not None and values.get("start_ckpt") is not None:
        return []  # reported by the config check
    if values.get("ckpt_path") is not None:
        more, line = _of_run(Path(str(values["ckpt_path"])).expanduser(), given)
    elif values.get("start_pack") is not None or values.get("start_ckpt") is not None:
        more, line = _of_start(overrides, values)
    else:
        return []
    if line and not values.get("quiet") and local_rank() == 0:
        print(line, file=sys.stderr)
    return more


def kept_overrides(overrides: Sequence[str]) -> list[str]:
    """The overrides that checkpoints keep."""
    keys = {override.input_line: override.key_or_group for override in _parse(overrides) or []}
    return [text for text, key in keys.items() if text and key not in NOT_TAKEN and not _is_hydras(key)]


def _of_run(path: Path, given: Sequence[Override]) -> tuple[list[str], str]:
    require_file(path, "ckpt_path", CheckpointError)

    from riddle_pl.training.checkpoint_file import load_checkpoint
    from riddle_pl.training.origin import read_origin

    checkpoint = load_checkpoint(path)
    steps = f"{path}: resumes after step {checkpoint['global_step']:,}"
    stored = read_origin(checkpoint).overrides
    if stored is None:
        return [], f"{steps}; it does not say how its run was called, so that the settings are those of this command"
    mine = {_key(override) for override in given}
    kept = [o for o in _parse(stored) or [] if not _given_anew(_key(o), mine)]
    elsewhere = [o for o in kept if o.key_or_group not in PLACES and _leads_elsewhere(o)]
    taken = [_checked(o, path) for o in kept if o not in elsewhere]
    changed = sorted(str(o.input_line) for o in given if o.key_or_group not in NOT_TAKEN and o.input_line not in stored)
    line = f"{steps} with its own settings ({' '.join(taken) or 'the defaults'})"
    line += f"; overridden: {' '.join(changed)}" if changed else ""
    names = ", ".join(str(o.input_line) for o in elsewhere)
    return taken, line + (f"; not taken, give it again if it is meant: {names}" if names else "")


def _key(override: Override) -> str:
    """Key with package: ``loss/term@loss.typical``."""
    return override.key_or_group + (f"@{override.package}" if override.package else "")


def _given_anew(key: str, mine: set[str]) -> bool:
    """Whether the command line sets this key or its whole group."""
    return key in NOT_TAKEN or _is_hydras(key) or any(key == own or key.startswith(f"{own}.") for own in mine)


def _leads_elsewhere(override: Override) -> bool:
    text = str(override.input_line).partition("=")[2]
    parts = re.split(r"[\s,:\[\]{}'\"]+", text)
    return any(part.startswith(("/", "~")) or ".." in part for part in parts) or "://" in text


def _checked(override: Override, path: Path) -> str:
    text = str(override.input_line)
    option = override.value() if override.is_delete() is False else None
    group = "." not in override.key_or_group and isinstance(option, str)
    if "_target_" in text or "${" in text or override.is_sweep_override() or (group and not _plain(str(option))):
        raise CheckpointError(
            f"{path}: its run was given {shown(text)}, and nothing that is called is taken from a file; give that "
            "setting again on this command line"
        )
    return text


def _plain(option: str) -> bool:
    return bool(re.fullmatch(r"[\w./+: -]*", option)) and ".." not in option


def _is_hydras(key: str) -> bool:
    return key.split(".")[0].split("/")[0] == "hydra"


def _of_start(overrides: Sequence[str], values: Mapping[str, Any]) -> tuple[list[str], str]:
    """Encryptor arguments and password scheme, unless the user gives others."""
    spec, tokens, source = _start(values)

    from riddle_pl.password import token_override, token_scheme

    option = current_name(spec.arch)
    if option == "padded":
        return [], ""  # cannot be trained; reported when it is built
    [cfg] = compose_jobs("train", overrides)
    chosen = values.keys()
    more = []
    if locate(cfg.encryptor["_target_"], "encryptor") is not class_of(spec.arch):
        if chosen & {"encryptor", "experiment"}:
            return [], ""  # reported when the weights are loaded
        more.append(f"encryptor={option}")
        [cfg] = compose_jobs("train", [*more, *overrides])
    given = {key: value for key, value in to_plain(cfg.encryptor).items() if not key.startswith("_")}
    own = EncryptorSpec.of(class_of(spec.arch), given | {"num_layers": spec.args.get("num_layers", 1)})
    for name, value in spec.args.items():
        if f"encryptor.{name}" not in chosen and (own is None or own.args.get(name) != value):
            more.append(f"++encryptor.{name}={_override_value(value)}")
    if not chosen & {"password", "experiment"} and locate(cfg.password["_target_"], "password") is not type(
        token_scheme(tokens)
    ):
        more.append(token_override(tokens))
    return more, f"{source}: this run takes over {' '.join(more)}" if more else ""


def _start(values: Mapping[str, Any]) -> tuple[EncryptorSpec, str, str]:
    if values.get("start_pack") is not None:
        name, role = str(values["start_pack"]), str(values.get("export_role", "encryptor"))
        pack = load_pack(name)
        pack.verify(role)
        entry = pack.entry(role)
        return EncryptorSpec(entry.arch, dict(entry.args)), str(entry.tokens), f"start_pack={name}"
    path = Path(str(values["start_ckpt"])).expanduser()
    require_file(path, "start_ckpt", CheckpointError)

    from riddle_pl.training.checkpoint_file import load_checkpoint
    from riddle_pl.training.origin import encryptor_of, read_origin

    checkpoint = load_checkpoint(path)
    return encryptor_of(checkpoint), read_origin(checkpoint).tokens, f"start_ckpt={path}"


def _override_value(value: object) -> str:
    if value is None or isinstance(value, bool | int | float | list):
        return json.dumps(value)
    return f"'{value}'"


def _parse(overrides: Sequence[str]) -> list[Override] | None:
    try:
        return OverridesParser.create().parse_overrides(list(overrides))
    except HydraException:
        return None
