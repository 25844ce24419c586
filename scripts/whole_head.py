"""Compares two ways of drawing a new person into a photo: the face alone under the photo's hair, or the whole head.

    python scripts/whole_head.py --people --crops lfw_128.tar --count 40 --seed 0 --out heads

`riddle encrypt` does the first. The second pastes hair, ears and hat of the new person as well. Where the old head was
and the new one is not, somebody has to invent what was behind it: here the surroundings are continued smoothly. The
same codes and nonces are drawn both ways. The photos are chosen as scripts/photo_figures.py does; its figures are made
for both, with two more:

- invented: share of the square's pixels where the old head was and the new one is not
- changed: share of the square's pixels that differ from the photo's

Writes table.md and sheet.jpg (photo, face alone, whole head) into --out.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from photo_figures import SHEET, TILE, Figures, add_photos, photos_of, request_for, spread
from PIL import Image
from torch import Tensor

from riddle_pl.errors import RiddleError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.faces.pixels import to_pixels
from riddle_pl.files import atomic_write, require_writable_dir
from riddle_pl.judging.dlib_recogniser import DlibRecogniser
from riddle_pl.judging.gate_judges import PackJudge
from riddle_pl.packs import load_pack
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.paste.blend import Layer
from riddle_pl.photos.paste.fill import fill
from riddle_pl.photos.paste.fitted import SOLID, FittedMap
from riddle_pl.photos.paste.layers import Brush
from riddle_pl.photos.paste.mask import BiSeNetMap, blur, core, fade, one_whole, widen
from riddle_pl.photos.paste.regions import Regions
from riddle_pl.photos.paste.views import Views
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.reports import Encrypted, EncryptRequest
from riddle_pl.process import track

HEAD = (*range(1, 14), 17, 18)
"""Face, ears, earrings, hair and hat in the order of ``79999_iter.pth``."""
REACH = 0.01
"""By how much a mask is wider than the heads, as a share of the side: hair ends nowhere exactly."""
WAYS = ("face alone", "whole head")
COLUMNS = 4


class HeadBrush(Brush):
    """Draws the whole head of the new person.

    Its colours are matched as those of a face alone are.
    """

    @torch.no_grad()
    def layer(
        self,
        photo: UInt8[np.ndarray, "h w 3"],
        quad: Float[np.ndarray, "4 2"],
        x: Float[Tensor, "3 s s"],
        recovering: bool = False,
        theirs: Regions | None = None,
    ) -> Layer:
        square = align_face(photo, quad, self.face_map.size)
        views = Views(self.face_map, square, torch.nn.functional.interpolate(x[None], square.shape[-2:]), theirs)
        old, new = heads(self, square, views.x)
        either = torch.maximum(old, new)
        mask = blur(widen(either, round(REACH * len(either[0, 0]))), REACH * len(either[0, 0]))
        mask = mask * fade(mask.shape[-1], SOLID)
        coloured = self.colour(views, mask)
        drawn = torch.lerp(fill(square, 1.0 - widen(old, round(2 * REACH * len(old[0, 0])))), coloured, new)
        return Layer(self.grain(drawn, mask, photo, quad)[0], mask[0, 0], quad)


def heads(brush: Brush, *images: Float[Tensor, "1 3 m m"]) -> tuple[Float[Tensor, "1 1 m m"], ...]:
    """Where each image shows a head: one region each."""
    parser = brush.face_map.regions.parser if isinstance(brush.face_map, FittedMap) else None
    if not isinstance(parser, BiSeNetMap):
        raise RiddleError("whole heads are told by BiSeNet; the pack has no face_mask")
    found = []
    for image in images:
        seen = parser.classes(image)[:, HEAD].sum(dim=1, keepdim=True)
        found.append(one_whole(torch.maximum((seen > 0.5).float(), core(seen.shape[-1]))))
    return tuple(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_photos(parser, 40)
    parser.add_argument("--seed", type=int, default=0, help="of photos, passwords and nonces (0)")
    parser.add_argument("--out", type=Path, default=Path("heads"), help="folder of the results (heads)")
    given = parser.parse_args()
    try:
        out = require_writable_dir(given.out, "folder of the results", create=True)
        compare(given, out)
    except RiddleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print((out / "table.md").read_text(encoding="utf-8"))
    return 0


def compare(given: argparse.Namespace, out: Path) -> None:
    """Encrypts each photo both ways, measures, and writes table and sheet."""
    pack = load_pack("mobile")
    pipeline = build_pseudonymiser(pack, [])
    brushes = dict(zip(WAYS, (pipeline.brush, HeadBrush(**vars(pipeline.brush))), strict=True))
    figures = Figures(FittedMap(pack), (DlibRecogniser(), PackJudge(pack)))
    rows: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    tiles: list[UInt8[np.ndarray, "t t3 3"]] = []
    for photo in track(photos_of(given), given.count, "drawing both ways", False):
        if photo.pixels is None:
            continue
        answers = {
            way: encrypted(pipeline, brush, request_for(photo.pixels, photo.name, pipeline, given.seed))
            for way, brush in brushes.items()
        }
        alone, whole = (answers[way] for way in WAYS)
        if alone is None or whole is None:
            continue
        refused = {refusal.face for answer in (alone, whole) for refusal in answer.refusals}
        for face in alone.faces:
            if face.index in refused:
                continue
            quad = ffhq_quad(face.face.points)
            for way, answer in answers.items():
                row = figures.of(photo.pixels, answer.image, answer.image, quad)
                rows[way].append({**row, **areas(pipeline.brush, photo.pixels, answer.image, quad)})
            views = [align_face(image, quad, TILE)[0] for image in (photo.pixels, alone.image, whole.image)]
            tiles.append(np.concatenate([to_pixels(view) for view in views], axis=1))
    write(out, rows, tiles, given.seed)


def encrypted(pipeline: Pseudonymiser, brush: Brush, request: EncryptRequest) -> Encrypted | None:
    """The photo with new faces as the brush pastes them; None if none of its faces passes."""
    pipeline.brush = brush
    (answer,) = pipeline.encrypt_batch([request])
    return answer if isinstance(answer, Encrypted) and answer.record is not None else None


def areas(
    brush: Brush,
    photo: UInt8[np.ndarray, "h w 3"],
    result: UInt8[np.ndarray, "h w 3"],
    quad: Float[np.ndarray, "4 2"],
) -> dict[str, float]:
    """How much is invented and how much changed, as shares of the square."""
    before, after = (align_face(image, quad, brush.face_map.size) for image in (photo, result))
    old, new = heads(brush, before, after)
    changed = (before - after).abs().amax(dim=1, keepdim=True) > 4 / 255
    return {"invented": float(((old > new) & changed).float().mean()), "changed": float(changed.float().mean())}


def write(out: Path, rows: dict[str, list[dict[str, float]]], tiles: list[Any], seed: int) -> None:
    names = [name for name in rows[WAYS[0]][0] if not name.startswith("recovered")] if tiles else []
    lines = [f"| median (mean) of {len(tiles)} faces | {' | '.join(WAYS)} |", "|---|---|---|"]
    for name in names:
        found = [spread([row[name] for row in rows[way]], seed) for way in WAYS]
        cells = [f"{figure['median']:.3f} ({figure['mean']:.3f})" if figure else "" for figure in found]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    with atomic_write(out / "table.md", overwrite=True) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shown = tiles[:SHEET]
    shown += [np.full((TILE, 3 * TILE, 3), 255, np.uint8)] * (-len(shown) % COLUMNS)
    if shown:
        drawn = [np.concatenate(shown[k : k + COLUMNS], axis=1) for k in range(0, len(shown), COLUMNS)]
        with atomic_write(out / "sheet.jpg", overwrite=True) as temporary:
            Image.fromarray(np.concatenate(drawn)).save(temporary, "JPEG", quality=90)


if __name__ == "__main__":
    sys.exit(main())
