"""The curves of a run, in the model card of the network that it made."""

from collections.abc import Sequence
from pathlib import Path

from riddle_pl.figures.figure import NOTEBOOK_DPI
from riddle_pl.figures.losses import losses
from riddle_pl.files import atomic_write, require_writable_dir
from riddle_pl.packs.card import PICTURES, put_section, require_card

HEADING = "## Curves"


def write_curves(metrics: Sequence[Path], folder: Path, role: str) -> Path | None:
    """Draws the losses of a run into a pack, ``pictures/<role>_curves.jpg``, and shows them in the role's card.

    Args:
        metrics: logs of the run's parts, in their order; none if the run wrote no CSV log.
        folder: the pack.
        role: whose card, which the run has written.

    Returns:
        The picture; None where no loss was logged.

    Raises:
        PackError: the card is gone.
        FileError: a log cannot be read, or the folder cannot be written to.
    """
    require_card(folder, role)  # before anything is written
    figure = losses(*metrics)
    if figure is None:
        return None
    picture = require_writable_dir(folder / PICTURES, "folder of pictures", create=True) / f"{role}_curves.jpg"
    with atomic_write(picture, inside=folder) as temporary:
        temporary.write_bytes(figure.encoded("jpeg", NOTEBOOK_DPI))
    put_section(folder, role, f"{HEADING}\n\n![{figure.alt}]({PICTURES}/{picture.name})")
    return picture
