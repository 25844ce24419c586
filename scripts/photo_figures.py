"""Draws a sheet of random results of `riddle encrypt` and measures how the new faces look in their photos.

    python scripts/photo_figures.py PHOTOS ... --count 200 --seed 0 --out figures

PHOTOS are folders and tar archives, as for `riddle measure`. Writes sheet.jpg, 40 of the results beside their photos,
as the seed draws them and nobody's choice, and figures.json and table.md: refusals by reason, de-identification by two
recognisers (dlib's at its threshold on LFW, the pack's at its own), and of the faces that passed:

- seam: gradient of lightness along the seam over that of the photo at the same place (1: as in the photo)
- detail, noise: of the face over those of the photo's face (1: as in the photo)
- skin: difference of mean skin colour, CIE 1976 dE
- landmarks: distance of dlib's 68 points to the photo's, in per cent of the square's side
- seconds per face, with all that a photo takes
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from riddle_pl.data.sources import open_source
from riddle_pl.errors import RiddleError
from riddle_pl.evaluation.photos.photos import PlainPhotos
from riddle_pl.faces.align import align_face, ffhq_quad, quad_side
from riddle_pl.faces.pixels import to_lab
from riddle_pl.files import atomic_write, require_writable_dir
from riddle_pl.judging.detectors import DlibHOGDetector
from riddle_pl.judging.gate_judges import DlibJudge, PackJudge
from riddle_pl.key import SALT_BYTES, KdfParams, repeatable_nonces
from riddle_pl.packs import load_pack
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.paste.fitted import FittedMap
from riddle_pl.photos.paste.grain import look
from riddle_pl.photos.pseudonymise import Encrypted, EncryptRequest
from riddle_pl.process import track

SHEET, COLUMNS, TILE = 40, 5, 320
COMPARED = 256
"""Side in pixels at which landmarks and skin are compared."""
MOST = 1024
"""Side at which seam, detail and noise are, at most; else that of the face in the photo."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="+", help="folders and tar archives of photos")
    parser.add_argument("--count", type=int, default=200, help="photos at most (200)")
    parser.add_argument("--seed", type=int, default=0, help="of photos, passwords and nonces (0)")
    parser.add_argument("--pack", default="mobile", help="pack (mobile)")
    parser.add_argument("--set", dest="settings", action="append", default=[], help="setting of the pipeline")
    parser.add_argument("--out", type=Path, default=Path("figures"), help="folder of the results (figures)")
    given = parser.parse_args()
    try:
        report, tiles = measured(given)
        out = require_writable_dir(given.out, "folder of the results", create=True)
        for name, text in (("figures.json", json.dumps(report, indent=2) + "\n"), ("table.md", table(report))):
            with atomic_write(out / name, overwrite=True) as temporary:
                temporary.write_text(text, encoding="utf-8")
        with atomic_write(out / "sheet.jpg", overwrite=True) as temporary:
            sheet(tiles).save(temporary, "JPEG", quality=90)
    except RiddleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table(report))
    return 0


def measured(given: argparse.Namespace) -> tuple[dict[str, object], list[np.ndarray]]:
    """All figures, and tiles of the first results."""
    pack = load_pack(given.pack)
    pipeline = build_pseudonymiser(pack, given.settings)
    pipeline.coder.prepare()
    photos = PlainPhotos(open_source(tuple(given.photos)), given.count, given.seed)
    figures = Figures(FittedMap(pack), DlibJudge(), PackJudge(pack))
    reasons: Counter[str] = Counter()
    tiles: list[np.ndarray] = []
    seconds = faces = 0.0
    for photo in track(photos, given.count, "encrypting, measuring", False):
        if photo.pixels is None:
            reasons["not read"] += 1
            continue
        seed = hashlib.sha256(f"{given.seed} {photo.name}".encode("utf-8", "surrogateescape")).digest()
        pipeline.coder.draw_nonce = repeatable_nonces(seed)
        kdf = KdfParams(memory_kib=8, time=1, salt=seed[:SALT_BYTES])
        start = time.perf_counter()
        (answer,) = pipeline.encrypt_batch([EncryptRequest(photo.pixels, seed.hex(), kdf=kdf, name=photo.name)])
        if not isinstance(answer, Encrypted):
            reasons[type(answer).__name__] += 1
            continue
        seconds, faces = seconds + time.perf_counter() - start, faces + len(answer.faces)
        refused = {refusal.face: refusal.reason.name.lower() for refusal in answer.refusals}
        reasons.update(refused.values())
        for face in answer.faces:
            if face.index in refused:
                continue
            quad = ffhq_quad(face.face.points)
            figures.add(photo.pixels, answer.image, quad)
            if len(tiles) < SHEET:
                tiles.append(tile(photo.pixels, answer.image, quad))
    about = {"photos": given.count, "seed": given.seed, "pack": pack.name, "settings": list(given.settings)}
    spent = {"faces": int(faces), "seconds per face": round(seconds / max(faces, 1), 2)}
    return {**about, **spent, "refused": dict(reasons), **figures.summary()}, tiles


class Figures:
    """Of one face after the other."""

    def __init__(self, face_map: FittedMap, dlib: DlibJudge, own: PackJudge):
        self.face_map, self.judges, self.landmarks = face_map, (dlib, own), DlibHOGDetector()
        self.rows: list[dict[str, float]] = []

    @torch.no_grad()
    def add(
        self, photo: UInt8[np.ndarray, "h w 3"], result: UInt8[np.ndarray, "h w 3"], quad: Float[np.ndarray, "4 2"]
    ) -> None:
        """Measures one face in both pictures."""
        side = min(round(quad_side(quad)), MOST)
        before, after = (align_face(image, quad, side) for image in (photo, result))
        old, new = (align_face(image, quad, COMPARED) for image in (photo, result))
        row = {}
        changed = ((before - after).abs().amax(dim=1, keepdim=True) > 4 / 255).float()
        inside = F.avg_pool2d(changed, 9, 1, 4) > 0.7
        wide, narrow = (F.max_pool2d(sign * inside.float(), 7, 1, 3) * sign for sign in (1, -1))
        seam = (wide > narrow)[0, 0]
        row["seam"] = float(gradient(after)[seam].mean() / gradient(before)[seam].mean().clamp_min(1e-4))
        face = F.interpolate((self.face_map(old) > 0.7).float(), (side, side))[0, 0] > 0.5
        ours, theirs = look(after, face & (narrow[0, 0] > 0)), look(before, face & (narrow[0, 0] > 0))
        row["detail"] = ours.detail / max(theirs.detail, 1e-4)
        row["noise"] = max(ours.fine, 1 / 255) / max(theirs.fine, 1 / 255)
        both = (self.face_map(old) > 0.7) & (self.face_map(new) > 0.7)
        skins = [to_lab(image)[0][:, both[0, 0]].median(dim=1).values for image in (old, new)]
        row["skin"] = float((skins[0] - skins[1]).norm())
        points = self.landmarks.locate(torch.cat([old, new])).points
        distance = np.asarray(points[0] - points[1])
        row["landmarks"] = float(np.linalg.norm(distance, axis=-1).mean()) / COMPARED * 100
        row["detected"] = float(not np.isnan(np.asarray(points[1])).any())
        for judge in self.judges:
            embedded = judge.embed(torch.cat([old, new]))
            cosine = float(F.cosine_similarity(embedded[0], embedded[1], dim=0))
            row[f"same person for {judge.name}"] = float(cosine > judge.same_person)
        self.rows.append(row)

    def summary(self) -> dict[str, dict[str, float]]:
        """Mean, median and 90th percentile."""
        names = self.rows[0] if self.rows else {}
        columns = {name: np.array([row[name] for row in self.rows]) for name in names}
        known = {name: values[~np.isnan(values)] for name, values in columns.items()}
        return {
            name: {
                "faces": len(values),
                "mean": round(float(values.mean()), 4),
                "median": round(float(np.median(values)), 4),
                "p90": round(float(np.quantile(values, 0.9)), 4),
            }
            for name, values in known.items()
            if len(values)
        }


def gradient(x: Float[Tensor, "1 3 s s"]) -> Float[Tensor, "s s"]:
    """Of lightness."""
    light = F.pad(x.mean(dim=1, keepdim=True), (0, 1, 0, 1), mode="replicate")[0, 0]
    return torch.hypot(light[:-1, 1:] - light[:-1, :-1], light[1:, :-1] - light[:-1, :-1])


def tile(photo: np.ndarray, result: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """The face in both pictures, with what is around it."""
    centre, wide = quad.mean(axis=0), 1.25 * (quad - quad.mean(axis=0))
    both = [align_face(image, centre + wide, TILE)[0].permute(1, 2, 0) for image in (photo, result)]
    return ((torch.cat(both, dim=1) + 1) * 127.5).round().to(torch.uint8).numpy()


def sheet(tiles: list[np.ndarray]) -> Image.Image:
    blank = np.full((TILE, 2 * TILE, 3), 255, np.uint8)
    tiles = tiles + [blank] * (-len(tiles) % COLUMNS) or [blank] * COLUMNS
    rows = [np.concatenate(tiles[k : k + COLUMNS], axis=1) for k in range(0, len(tiles), COLUMNS)]
    return Image.fromarray(np.concatenate(rows))


def table(report: dict[str, object]) -> str:
    rows = [f"| {name} | {value} |" for name, value in report.items() if not isinstance(value, dict)]
    refused = report["refused"]
    rows.append(f"| refused | {refused or 'none'} |")
    for name, value in report.items():
        if isinstance(value, dict) and "median" in value:
            mean, median, p90 = (value[key] for key in ("mean", "median", "p90"))
            rows.append(f"| {name} | mean {mean}, median {median}, p90 {p90} over {value['faces']} faces |")
    return "\n".join(["| figure | value |", "|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
