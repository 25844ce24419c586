"""Measures what riddle decrypt --image-only brings back of a person, beside what wrong passwords bring back.

    python scripts/image_only.py FOLDER --pack lite --encryptor encryptor --count 12 --seed 0

For each photo with one face: it is encrypted, the code is read back from the published pixels, and decrypted with the
right password and with wrong ones. A recogniser compares each result with the photo. The area under the ROC curve of
right against wrong is 0.5 where reading back brings back nothing of the person, and 1 where the right password always
shows more of it. The threshold is the recogniser's own (a false-accept rate of 1e-3).
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from riddle_pl.errors import RiddleError
from riddle_pl.faces.align import align_face
from riddle_pl.faces.load import load_image
from riddle_pl.judging.gate_judges import best_judge
from riddle_pl.key import KdfParams, repeatable_nonces
from riddle_pl.packs import choose_pack
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.face_work import JUDGED_SIZE
from riddle_pl.photos.image_only import read_back
from riddle_pl.photos.jobs.plan import PHOTO_SUFFIXES, walk
from riddle_pl.photos.pseudonymise import Pseudonymiser

WRONG = 4


def similarities(pseudonymiser: Pseudonymiser, photo: np.ndarray, seed: str) -> Iterator[float]:
    """Cosines of the person and what the right password, then wrong ones, bring back of the picture alone."""
    coder, judge = pseudonymiser.coder, best_judge(pseudonymiser.pack)
    coder.draw_nonce = repeatable_nonces(seed.encode())
    kdf = KdfParams(memory_kib=64, time=1, salt=random.Random(seed).randbytes(16))
    picture, record = pseudonymiser.encrypt(photo, "right", kdf=kdf)
    found = read_back(picture, pseudonymiser, record, "the picture").record
    person = judge.embed(align_face(photo, record.faces[0].quad, JUDGED_SIZE))
    for password in ("right", *(f"wrong {number}" for number in range(WRONG))):
        face = pseudonymiser.decrypt(found, password)
        tensor = torch.from_numpy(face.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        small = F.interpolate(tensor, JUDGED_SIZE, mode="bilinear", antialias=True, align_corners=False)
        yield float(F.cosine_similarity(person, judge.embed(small)))


def main() -> None:
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pack", default="lite")
    parser.add_argument("--encryptor", default="encryptor")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    pseudonymiser = build_pseudonymiser(choose_pack(args.pack), ["gate=open"], args.encryptor)
    photos = [path for path in walk(args.folder) if path.suffix.lower() in PHOTO_SUFFIXES]
    random.Random(args.seed).shuffle(photos)
    rows: list[list[float]] = []
    for path in photos:
        photo = load_image(path)
        try:
            if len(pseudonymiser.find_faces(photo)) == 1:
                rows.append(list(similarities(pseudonymiser, photo, f"{args.seed} {path.name}")))
        except RiddleError as error:
            print(f"left out: {path.name}: {error}")
        if len(rows) == args.count:
            break
    values = np.array(rows)
    right, wrong = values[:, 0], values[:, 1:].flatten()
    higher = (right[:, None] > wrong[None]).mean()
    judge = best_judge(pseudonymiser.pack)
    print(
        f"{args.pack} {args.encryptor}: {len(rows)} people, judge {judge.name}: right {right.mean():.3f}, "
        f"wrong {wrong.mean():.3f}, area under the ROC curve {higher:.2f}, recognised (from {judge.same_person:.3f}): "
        f"right {(right >= judge.same_person).mean():.2f}, wrong {(wrong >= judge.same_person).mean():.2f}"
    )


if __name__ == "__main__":
    main()
