"""An evaluation in seconds, on people who do not exist: to see what reports look like, no measurement of anything."""

from pathlib import Path

import torch
from PIL import Image

from riddle_pl.config.compose import compose_jobs
from riddle_pl.demo.people import TRUNCATION
from riddle_pl.demo.run import shown_encryptor
from riddle_pl.faces.pixels import to_pixels
from riddle_pl.files import require_writable_dir
from riddle_pl.packs import load_pack
from riddle_pl.photos.face_coder import FaceCoder

SETTINGS = (
    "evaluators=[pack]",
    "detectors=[mtcnn]",
    "detectors.mtcnn.workers=1",
    "features=[pack_features]",
    "data=folder",
    "data.aligned=true",
    "diversity.faces=4",
    "diversity.passwords=8",
    "resamples=200",
    "photos=none",
    "device=cpu",
    "quiet=true",
)


def small_evaluation(folder: Path, people: int = 12, pack: str = "lite", seed: int = 0) -> Path:
    """Evaluates a pack's encryptor on faces that its own generator draws, judged by the recogniser that trained it.

    Args:
        folder: receives the faces (``faces``), the report, its tables, figures and page.
        people: faces.
        pack: name or folder.
        seed: of people and passwords.

    Returns:
        ``folder``.

    Raises:
        RiddleError: an unwritable folder, an incomplete pack.
    """
    from riddle_pl.evaluation.preflight import check_job
    from riddle_pl.evaluation.report.outputs import write_evaluation
    from riddle_pl.evaluation.report.tables import all_tables
    from riddle_pl.evaluation.run import evaluate

    faces = require_writable_dir(folder / "faces", "folder of faces", create=True)
    generator = FaceCoder(load_pack(pack)).generator
    with torch.no_grad():
        w = torch.lerp(generator.mean_w(4096, seed=0), generator.random_w(people, seed), TRUNCATION)
        for number, x in enumerate(generator(generator.broadcast(w))):
            Image.fromarray(to_pixels(x)).save(faces / f"person_{number:02d}.png")
    places = [f"data.root='{faces}'", f"out='{folder}'", f"cache_dir='{folder / 'cache'}'", f"seed={seed}"]
    of_pack = [f"pack.name_or_path='{pack}'", f"method.role={shown_encryptor(load_pack(pack))}"]
    cfg = compose_jobs("eval", [*SETTINGS, *places, *of_pack])[0]
    evaluation = evaluate(cfg, check_job(cfg), "small_evaluation")
    write_evaluation(evaluation, all_tables([evaluation.report]), folder)
    return folder
