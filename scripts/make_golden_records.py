"""Makes examples of every kind of record, for tests that every later version has to pass.

    python scripts/make_golden_records.py tests/golden/records/v1
    python scripts/make_golden_records.py --small tests/golden/records/v2
    python scripts/make_golden_records.py --small --encryptor=padded-context tests/golden/records/v4

The people are drawn by the lite pack's generator and laid on a plain colour, so nobody is in these pictures. Salts and
nonces are random: a second run gives other files. What is committed is never made anew; see the README beside it.
"""

import argparse
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file

from riddle_pl.cli import app
from riddle_pl.demo.people import generated_people
from riddle_pl.faces.detect import Face
from riddle_pl.faces.find import PhotoFaceDetector
from riddle_pl.key import KdfParams, derive_key
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import Pack, build, load_pack
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.password import password_z64
from riddle_pl.photos.gate.gate import OpenGate
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.archive import RecordArchive
from riddle_pl.photos.record.png import is_png
from riddle_pl.photos.record.record import Record

FIRST, SECOND, THIRD = "a golden password", "Ein zweites Paßwort: ﬁ № 1", " leading space and a key 🔑"
SIDE, GAP = 80, 10
CLOSE = 5e-5
"""How near the codes are that all records of one photo give back (the test allows twice as much)."""

SMALL_SIZE, SMALL_LAYERS = 8, 4
SMALL: dict[str, tuple[str, dict[str, Any], str, KdfParams]] = {
    "involutive": (
        "involutive",
        {"num_layers": SMALL_LAYERS, "rank": 512, "hidden": 16, "depth": 2},
        "per_layer",
        KdfParams(memory_kib=64, time=1),
    ),
    "transformer": (
        "transformer_residual",
        {"num_layers": SMALL_LAYERS, "ffn": 64, "depth": 1},
        "single",
        KdfParams(memory_kib=256, time=2, lanes=4),
    ),
    "transformer-paper": (
        "transformer_paper",
        {"num_layers": SMALL_LAYERS, "groups": [2, 2], "ffn": 64, "position_embedding": True},
        "per_layer",
        KdfParams(memory_kib=1000, time=3),
    ),
    "mlp": ("mlp", {"num_layers": SMALL_LAYERS}, "single", KdfParams(memory_kib=64, time=1)),
    "padded": (
        "padded",
        {"num_layers": SMALL_LAYERS, "components": 8, "groups": [1, 1, 2], "public": 2, "layers": 2},
        "key_stream",
        KdfParams(memory_kib=64, time=1),
    ),
    "padded-context": (
        "padded",
        {"num_layers": SMALL_LAYERS, "components": 8, "groups": [1, 1, 2], "public": 2, "layers": 2, "context": 8},
        "key_stream",
        KdfParams(memory_kib=64, time=1),
    ),
}
"""Encryptors of the small pack, by role: architecture, arguments, password tokens, cost of the records made with it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the new folder")
    parser.add_argument("--small", action="store_true", help="only records of the small pack, which is kept with them")
    parser.add_argument(
        "--encryptor", action="append", choices=list(SMALL), help="of the small pack; all by default, =NAME"
    )
    given = parser.parse_args()
    folder = given.folder.resolve()
    folder.mkdir(parents=True)
    torch.set_num_threads(1)
    entries: list[dict[str, Any]] = []
    codes: dict[str, np.ndarray] = {}
    if not given.small:
        lite_records(folder, entries, codes)
    small_records(folder, given.encryptor or list(SMALL), entries, codes)
    save_file(codes, folder / "codes.safetensors")
    (folder / "expected.json").write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# --- with the command line and the pack that ships --------------------------------------------------------------------


def lite_records(folder: Path, entries: list[dict[str, Any]], codes: dict[str, np.ndarray]) -> None:
    pack = load_pack("lite")
    people = generated_people(pack.load_as("generator", Generator), PhotoFaceDetector(), 4, seed=1)
    (folder / "lite").mkdir()
    Image.fromarray(laid_out([people[0].photo])).save(folder / "one.png", optimize=True)
    Image.fromarray(laid_out([person.photo for person in people[1:]])).save(folder / "several.png", optimize=True)
    for name, password in (("first", FIRST), ("second", SECOND), ("third", THIRD)):
        Path(f"{name}.txt").write_text(password + "\n", encoding="utf-8")
    one, several, lite = str(folder / "one.png"), str(folder / "several.png"), folder / "lite"

    def keep(
        file: str,
        photo: str,
        passwords: Sequence[str],
        faces: Sequence[int],
        picture: str | None = None,
        coded: bool = True,
    ) -> None:
        for entry, record in opened(folder / file):
            name = entry or photo  # photos of an archive are inverted together, which changes their codes a little
            if coded:
                found = decrypted(record, passwords, pack)
                known = codes.setdefault(name, found)  # the first record is one of all faces
                difference = float(np.abs(found - known[list(faces)]).max())
                if difference > CLOSE:
                    raise SystemExit(f"{file}: codes differ by {difference:.1e}")
            known_as = name if coded else None
            shown = f"{photo}.png"
            entries.append(expectation(file, entry, record, passwords, pack.name, shown, known_as, faces, picture))

    own = ("--face-password-file", "1=second.txt", "--face-password-file", "2=third.txt")
    several_faces, owned = (0, 1, 2), (FIRST, SECOND, THIRD)
    encrypt(one, lite / "one_deniable.png")
    keep("lite/one_deniable.riddle", "one", [FIRST], [0], "lite/one_deniable.png")
    encrypt(one, lite / "one_sealed.png", "--mode", "sealed")
    keep("lite/one_sealed.riddle", "one", [FIRST], [0], "lite/one_sealed.png")
    encrypt(one, lite / "one_embedded.png", "--embed")
    keep("lite/one_embedded.png", "one", [FIRST], [0], "lite/one_embedded.png")
    encrypt(one, lite / "one_embedded_sealed.png", "--embed", "--mode", "sealed")
    keep("lite/one_embedded_sealed.png", "one", [FIRST], [0], "lite/one_embedded_sealed.png")
    encrypt(one, lite / "one_linkable.png", "--linkable")
    keep("lite/one_linkable.riddle", "one", [FIRST], [0])
    encrypt(one, lite / "one_other_encryptor.png", "--encryptor", "encryptor-df")
    keep("lite/one_other_encryptor.riddle", "one", [FIRST], [0])

    encrypt(several, lite / "several_deniable.png", "--linkable")
    keep("lite/several_deniable.riddle", "several", [FIRST] * 3, several_faces)
    encrypt(several, lite / "several_own_passwords.png", *own)
    keep("lite/several_own_passwords.riddle", "several", owned, several_faces, "lite/several_own_passwords.png")
    encrypt(several, lite / "several_own_passwords_sealed.png", "--mode", "sealed", *own)
    sealed = "lite/several_own_passwords_sealed"
    keep(f"{sealed}.riddle", "several", owned, several_faces, f"{sealed}.png")
    encrypt(several, lite / "several_some.png", "--only", "0,2", "--mode", "sealed")
    keep("lite/several_some.riddle", "several", [FIRST] * 2, (0, 2))

    rekey(lite / "one_sealed.riddle", lite / "one_sealed_rekeyed.riddle")
    # Its pixels are sealed anew; its codes stay those of the old password, and nothing needs them.
    keep("lite/one_sealed_rekeyed.riddle", "one", [SECOND], [0], "lite/one_sealed.png", coded=False)
    rekey(lite / "one_deniable.riddle", lite / "one_deniable_rekeyed.riddle")
    keep("lite/one_deniable_rekeyed.riddle", "one", [SECOND], [0])
    rekey(lite / "several_deniable.riddle", lite / "several_one_rekeyed.riddle", "--only", "2")
    keep("lite/several_one_rekeyed.riddle", "several", (FIRST, FIRST, SECOND), several_faces)

    album = Path("album")
    (album / "sub folder").mkdir(parents=True)
    (album / "a.png").write_bytes((folder / "one.png").read_bytes())
    (album / "sub folder" / "ü.png").write_bytes((folder / "one.png").read_bytes())
    run("encrypt", "album", "-o", "shared", "--archive", str(lite / "album.zip"), *FLAGS)
    keep("lite/album.zip", "one", [FIRST], [0])
    needed = {entry["picture"] for entry in entries}
    for picture in lite.glob("*.png"):
        if f"lite/{picture.name}" not in needed:
            picture.unlink()


FLAGS = ("--password-file", "first.txt", "--set", "gate=open", "--quiet")


def encrypt(photo: str, out: Path, *options: str) -> None:
    run("encrypt", photo, "-o", str(out), *options, *FLAGS)


def rekey(record: Path, out: Path, *options: str) -> None:
    run("rekey", str(record), "-o", str(out), "--new-password-file", "second.txt", *options, *FLAGS)


def run(*arguments: str) -> None:
    sys.argv = ["riddle", *arguments]
    try:
        app.main()
    except SystemExit as stop:
        if stop.code:
            raise


def laid_out(photos: Sequence[np.ndarray]) -> np.ndarray:
    """Photos side by side on a plain colour, (h, w, 3)."""
    picture = np.full((SIDE + 2 * GAP, GAP + len(photos) * (SIDE + GAP), 3), (90, 120, 140), np.uint8)
    for index, photo in enumerate(photos):
        left = GAP + index * (SIDE + GAP)
        small = Image.fromarray(photo).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        picture[GAP : GAP + SIDE, left : left + SIDE] = np.asarray(small)
    return picture


def opened(path: Path) -> list[tuple[str | None, Record]]:
    """The records in a file, with their names in an archive."""
    if path.suffix == ".zip":
        archive = RecordArchive(path)
        return [(name, Record.from_bytes(archive.read(name), archive.label(name))) for name in archive.names]
    return [(None, Record.load_embedded(path) if is_png(path) else Record.load(path))]


def decrypted(record: Record, passwords: Sequence[str], pack: Pack) -> np.ndarray:
    """The codes that the passwords of the faces give, (faces, n, 512)."""
    coder = Pseudonymiser(pack).coder_for(record)
    pairs = zip(passwords, record.faces, strict=True)
    w_pwd = torch.cat([coder.password(derive_key(password, record.kdf), face.nonce) for password, face in pairs])
    codes: np.ndarray = coder.transform(record.w_enc, w_pwd, record.contexts(range(len(record.faces)))).numpy()
    return codes


def expectation(
    file: str,
    entry: str | None,
    record: Record,
    passwords: Sequence[str],
    pack: str,
    photo: str | None,
    codes: str | None,
    faces: Sequence[int],
    picture: str | None,
) -> dict[str, Any]:
    keys = [derive_key(password, record.kdf) for password in passwords]
    return {
        "file": file,
        "entry": entry,
        "mode": record.mode,
        "pack": pack,
        "photo": photo,
        "picture": picture,
        "codes": codes,
        "faces": list(faces),
        "passwords": list(passwords),
        "keys": [key.hex() for key in keys],
        "z": [
            [round(value, 12) for value in password_z64(key, 1, nonce=face.nonce)[0, :4].tolist()]
            for key, face in zip(keys, record.faces, strict=True)
        ],
    }


# --- with a small pack that is kept with them -------------------------------------------------------------------------


def small_records(
    folder: Path, roles: Sequence[str], entries: list[dict[str, Any]], codes: dict[str, np.ndarray]
) -> None:
    """Deniable records of every architecture of an encryptor, with a pack that does not change."""
    (folder / "small").mkdir()
    pack = small_pack(folder / "small_pack.zip", roles)
    photo = np.full((80, 96, 3), 128, np.uint8)
    faces = [face(26.0, 36.0), face(66.0, 44.0)]
    w = torch.randn(len(faces), SMALL_LAYERS, 512, generator=torch.Generator().manual_seed(5))
    for role in roles:
        kdf = SMALL[role][3]
        coded = Pseudonymiser(pack, None, role, gate=OpenGate(), face_map=OvalMap(), inversion=lambda crops: w)  # type: ignore[arg-type]
        if SMALL[role][1].get("context"):  # the pack has no parser that finds what is around the faces
            coded.coder.context = lambda x: torch.linspace(-1.5, 1.5, 16, dtype=torch.float64).view(2, 8)  # type: ignore[method-assign]
        _, record = coded.encrypt(photo, FIRST, faces=faces, passwords={1: SECOND}, kdf=kdf)
        file = f"small/{role}.riddle"
        record.save(folder / file)
        codes[role] = decrypted(record, (FIRST, SECOND), pack)
        if role == "involutive" and np.abs(codes[role] - w.numpy()).max() > CLOSE:
            raise SystemExit("the involutive encryptor does not undo itself")
        entries.append(expectation(file, None, record, (FIRST, SECOND), "small", None, role, (0, 1), None))
        if role.startswith("padded"):
            picture, record = coded.encrypt(photo, FIRST, faces=faces, passwords={1: SECOND}, kdf=kdf, mode="sealed")
            record.save(folder / "small" / f"{role}_sealed.riddle")
            for name, pixels in (("grey.png", photo), (f"small/{role}_sealed.png", picture)):
                Image.fromarray(pixels).save(folder / name, optimize=True)
            entries.append(
                expectation(
                    f"small/{role}_sealed.riddle",
                    None,
                    record,
                    (FIRST, SECOND),
                    "small",
                    "grey.png",
                    role,
                    (0, 1),
                    f"small/{role}_sealed.png",
                )
            )


def small_pack(path: Path, roles: Sequence[str]) -> Pack:
    """A pack of a generator of 8 px and encryptors, all with few weights that are not 0; zipped, it is small."""
    folder = Path("small")
    torch.manual_seed(7)
    generator = {"size": SMALL_SIZE, "channels": {4: 2, 8: 2}, "mapping_layers": 1}
    networks = {"generator": ("stylegan2", generator, None)}
    networks |= {role: (arch, args, tokens) for role, (arch, args, tokens, _) in SMALL.items() if role in roles}
    for role, (arch, args, tokens) in networks.items():
        network = build(arch, args)
        with torch.no_grad():
            for name, value in network.state_dict().items():
                fill(name, value)
        write_pack_entry(
            folder, role, network, arch, args, size=SMALL_SIZE, tokens=tokens, license="none", origin="random"
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return load_pack(folder)


def fill(name: str, value: torch.Tensor) -> None:
    """New values in place, with the spread of the old ones, that compress well."""
    if (
        name in ("basis", "flow.rotations", "axes") and value.shape[-1] == value.shape[-2]
    ):  # orthogonal: turns by (0.6, 0.8), shuffled
        turns = torch.block_diag(*[torch.tensor([[0.6, -0.8], [0.8, 0.6]])] * (value.shape[-1] // 2))
        value.copy_(turns[:, torch.randperm(len(turns))])
    elif name == "residual":
        value.copy_((0.5 * torch.eye(len(value)) + 0.125).tril())
    elif name == "codes.basis":
        value.mul_(2.0).add_(torch.randint(-2, 3, value.shape) / 8)
    elif name == "flow.places":
        value.mul_(1.25)
    elif name in ("scale", "w_std"):
        value.copy_(torch.tensor([0.5, 1.0, 1.5, 2.0])[torch.randint(4, value.shape)])
    elif value.numel() > 1024:
        kept = torch.rand(value.shape) < 1 / 256
        value.copy_(torch.where(kept, 16 * value.std() * torch.randn(value.shape).sign(), torch.zeros(())))
    elif value.ndim and value.std(unbiased=False) == 0:
        value.add_(torch.randint(-2, 3, value.shape) / 16)


def face(x: float, y: float, eyes: float = 9.0) -> Face:
    """An upright face around (x, y)."""
    offsets = [[-eyes / 2, 0], [eyes / 2, 0], [0, eyes / 2], [-eyes / 3, eyes], [eyes / 3, eyes]]
    points = np.array([x, y]) + np.array(offsets)
    return Face(box=np.concatenate([points.min(axis=0) - eyes, points.max(axis=0) + eyes]), points=points, score=1.0)


if __name__ == "__main__":
    target = [str(Path(argument).resolve()) if not argument.startswith("-") else argument for argument in sys.argv[1:]]
    sys.argv[1:] = target
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        main()
