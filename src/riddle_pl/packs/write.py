"""Adding a network to a pack on disk: what recipes and training export."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from riddle_pl.errors import PackError
from riddle_pl.files import atomic_write, require_writable_dir, sha256_file, write_text
from riddle_pl.networks.formats.checkpoint_files import load_strict
from riddle_pl.pack_names import MANIFEST_NAME
from riddle_pl.packs.architectures import build
from riddle_pl.packs.formats import written_metadata
from riddle_pl.packs.manifest import Manifest, WeightEntry, read_manifest, require_free_role, write_manifest


def write_pack_entry(
    folder: Path | str,
    role: str,
    module: nn.Module,
    arch: str,
    args: Mapping[str, Any],
    *,
    size: int | None = None,
    name: str | None = None,
    tokens: str | None = None,
    license: str = "CC-BY-NC-SA-4.0",
    origin: str = "trained by riddle-pretrain",
    citation: str | None = None,
    card: str | None = None,
    dtype: torch.dtype = torch.float32,
    overwrite: bool = False,
) -> WeightEntry:
    """Writes ``<role>.safetensors`` (and ``<role>.md``, the model card) and enters it in ``manifest.json``.

    The weights are first loaded strictly into ``build(arch, args)``, so that a pack never holds a file that cannot be
    read. Each file is replaced whole; the manifest, which names the new hash, comes last.

    Args:
        folder: the pack's folder; created where missing.
        role: generator, encoder, recogniser, perceptual, parser, encryptor, encryptor-df, ...
        module: network with the weights to keep.
        arch: its name in the architectures registry.
        args: JSON arguments that build it.
        size: image side of the pack in pixels; needed for its first entry, unless that is the generator.
        name: name of a new pack; the folder's name by default.
        tokens: ``single``, ``per_layer`` or ``key_stream`` for an encryptor.
        license: of these weights.
        origin: the command and data that made them.
        citation: paper to cite.
        card: text of the model card.
        dtype: stored type of floating-point weights; float16 halves the file. They load as float32.
        overwrite: write over a network of this role that the pack has already.

    Raises:
        PackError: a value is out of range, a weight is not a finite number, the pack has a network of this role (and
            ``overwrite`` is false), another size, or a manifest of a newer version.
        CheckpointError: the weights do not fit ``build(arch, args)``.
        FileError: the folder cannot be written to.
    """
    require_free_role(folder, role, overwrite)
    state = {key: _stored(value, dtype) for key, value in module.state_dict().items()}
    _require_finite(state, role)
    folder = require_writable_dir(folder, "pack folder", create=True)
    manifest = _existing_or_new(folder, role, args, size, name)
    plain_args = json.loads(json.dumps(dict(args)))
    entry = WeightEntry(role, arch, f"{role}.safetensors", "safetensors", None, license, origin, None, citation, tokens)
    load_strict(build(arch, plain_args), state, f"{type(module).__name__} given as {role}")

    with atomic_write(folder / entry.file, inside=folder) as temporary:
        save_file(state, temporary, metadata=written_metadata(arch, plain_args))
        sha256 = sha256_file(temporary)
    if card is not None:
        write_text(folder / f"{role}.md", card.rstrip() + "\n", inside=folder)
    entry = replace(entry, sha256=sha256, args=plain_args)
    write_manifest(folder, replace(manifest, networks={**manifest.networks, role: entry}))
    return entry


def _require_finite(state: Mapping[str, Tensor], role: str) -> None:
    """As they are to be stored: float16 ends at 65,504."""
    bad = [name for name, value in state.items() if not bool(torch.isfinite(value).all())]
    if bad:
        raise PackError(
            f"{len(bad)} of {len(state)} tensors of {role} hold numbers that are not finite ({bad[0]}, ...); nothing "
            "was written"
        )


def _existing_or_new(folder: Path, role: str, args: Mapping[str, Any], size: int | None, name: str | None) -> Manifest:
    path = folder / MANIFEST_NAME
    given = size if size is not None else args.get("size") if role == "generator" else None
    if not path.exists():
        if given is None:
            raise PackError(
                f"{folder} is a new pack: give its image size with the first entry, or write the generator first"
            )
        return Manifest(name or folder.resolve().name, int(given), {})
    manifest = read_manifest(path)
    if given is not None and given not in manifest.sizes:
        sizes = " and ".join(map(str, manifest.sizes))
        raise PackError(f"{path} is a pack of {sizes} px; {role} is for {given} px: give another folder")
    if name is not None and name != manifest.name:
        raise PackError(f"{path} is pack {manifest.name!r}; not {name!r}: give another folder")
    return manifest


def _stored(value: Tensor, dtype: torch.dtype) -> Tensor:
    value = value.detach().cpu()
    return (value.to(dtype) if value.is_floating_point() else value).contiguous().clone()
