"""The model card of an encryptor that ``riddle-train`` exports into a pack."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

SETTINGS = (
    *("name", "seed", "steps", "batch_size", "encryptor", "password"),
    *("stage", "loss", "views", "optimizer", "scheduler"),
)
PLACES = (
    *("root", "cache_dir", "device", "quiet", "num_workers", "pack"),
    *("inversion_batch", "inversion_workers", "recheck"),
)
"""Settings of the data, and of their inversion, that are paths or resources of the machine of the run."""

LIMITS = """
## Licence and use

Weights: CC BY-NC-SA 4.0, because most of the data behind the pack is for non-commercial research. What the encryptor
does is pseudonymisation, not anonymisation: whoever has record and password gets the face back. **It keeps no secret**:
whoever has records can test guesses of the password, link two records of one photo, and with one face known open others
under the same password and salt (`riddle-attack`; docs/security.md in the repository). Not for deciding
anything about a person, and not for hiding a person whom it could harm to be found.
"""


def encryptor_card(role: str, checkpoint: Mapping[str, Any]) -> str:
    """Markdown: the architecture, the data, the settings, length and hardware of the run, from the checkpoint itself.

    Args:
        role: of the encryptor in the pack.
        checkpoint: of ``riddle-train``, from :func:`riddle_pl.training.checkpoint_file.load_checkpoint`.
    """
    config = checkpoint["hyper_parameters"]
    settings = {key: config[key] for key in SETTINGS if key in config}
    for key in ("start_pack", "start_ckpt"):
        if isinstance(start := config.get(key), str):
            settings[key] = Path(start).name
    if isinstance(data := config.get("data"), Mapping):
        settings["data"] = _without_places(data)
    if isinstance(trainer := config.get("trainer"), Mapping):
        settings["precision"] = trainer.get("precision")
    origin = checkpoint["riddle"]
    hardware = f" on {origin['hardware']}" if origin.get("hardware") else ""
    return f"""# {role}

Latent encryptor T(w, w_pwd) of this pack: the same network encrypts and, with the same password, decrypts.
Password tokens: {origin["tokens"]}. {checkpoint["global_step"]:,} steps{hardware}; averaged weights.

## How it was made

By `riddle-train` with these settings:

```yaml
{yaml.safe_dump(settings, sort_keys=False, allow_unicode=True).rstrip()}
```

The recogniser in its loss is the pack's own and never reports on it. For who is recognised in its pictures, by another
recogniser, run `riddle-eval` (docs/evaluation.md in the repository).
{LIMITS}"""


def _without_places(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, those inside them too, without :data:`PLACES`."""
    return {
        key: _without_places(value) if isinstance(value, Mapping) else value
        for key, value in settings.items()
        if key not in PLACES
    }
