"""The model card of an encryptor that ``riddle-train`` exports into a pack."""

from collections.abc import Mapping
from typing import Any

LIMITS = """
## Licence and use

Weights: CC BY-NC-SA 4.0, because most of the data behind the pack is for non-commercial research. What the encryptor
does is pseudonymisation, not anonymisation: whoever has record and password gets the face back. That a wrong password
does not is measured, not proven. Not for deciding anything about a person, and not for hiding a person whom it could
harm to be found.
"""


def encryptor_card(role: str, checkpoint: Mapping[str, Any]) -> str:
    """Markdown: the architecture, the data, the settings and the length of the run, from the checkpoint's own config.

    Args:
        role: of the encryptor in the pack.
        checkpoint: of ``riddle-train``.
    """
    config = checkpoint["hyper_parameters"]
    target = str(config["data"].get("_target_", "")).rsplit(".", 1)[-1]
    terms = ", ".join(
        f"{name} {term['weight']:g}"
        for name, term in config["loss"].items()
        if isinstance(term, Mapping) and term.get("weight")
    )
    return f"""# {role}

Latent encryptor T(w, w_pwd) of this pack: the same network encrypts and, with the same password, decrypts.

## How it was made

- command: `riddle-train experiment={config["name"]}` with the settings below, seed {config["seed"]}
- architecture: {config["encryptor"]["_target_"].rsplit(".", 1)[-1]}, password tokens: {checkpoint["riddle"]["tokens"]}
- data: {target}; loss terms and weights: {terms}
- {checkpoint["global_step"]:,} steps of {config["batch_size"]} faces, averaged weights

The recogniser in its loss is the pack's own and never reports on it. For how well it protects and recovers, by another
recogniser, run `riddle-eval` (the README has the command and the results).
{LIMITS}"""
