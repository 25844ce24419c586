"""``riddle encrypt``: a photo and a password to the photo with another person's face, and a record."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import Device, Pack, PasswordFile, PasswordStdin, Quiet, say, warn, working

app = typer.Typer(add_completion=False)


@app.command()
def encrypt(
    photo: Annotated[Path, typer.Argument(help="An image with a face seen from the front.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Picture to write; PHOTO_anonymised.png beside PHOTO by default.")
    ] = None,
    record: Annotated[Path | None, typer.Option(help="Record to write; the picture's name with .riddle.")] = None,
    pack: Pack = "lite",
    encryptor: Annotated[str, typer.Option(help="Role of the encryptor in the pack.")] = "encryptor",
    device: Device = "cpu",
    password_file: PasswordFile = None,
    password_stdin: PasswordStdin = False,
    mode: Annotated[
        str, typer.Option(help="deniable: nothing tells a wrong password; sealed: it also keeps the original pixels.")
    ] = "deniable",
    quiet: Quiet = False,
) -> None:
    """Turn the largest face of a photo into another person, with a password.

    The password comes from --password-file, --password-stdin, the environment variable RIDDLE_PASSWORD, or a prompt.
    This is pseudonymisation, not anonymisation: the record and the password bring the person back. Only the largest
    face changes; the photo's metadata (place, time, camera) is not copied.

    Example: riddle encrypt portrait.jpg
    """
    from riddle_pl.device import resolve_device
    from riddle_pl.errors import ConfigError
    from riddle_pl.packs import load_pack
    from riddle_pl.password_input import read_password
    from riddle_pl.photos.load import load_image
    from riddle_pl.photos.outputs import RECORD_SUFFIX, check_new_file, check_new_picture, save_pair
    from riddle_pl.photos.pseudonymise import MODES, Pseudonymiser

    if mode not in MODES:
        raise ConfigError(f"--mode is {mode!r}; choose from {', '.join(MODES)}")
    pixels = load_image(photo)
    picture = check_new_picture(photo.with_name(f"{photo.stem}_anonymised.png") if out is None else out, "-o")
    record_path = check_new_file(picture.with_suffix(RECORD_SUFFIX) if record is None else record, "--record")
    if record_path.absolute() == picture.absolute():
        raise ConfigError(f"the picture and the record are both {picture}; choose another with --record")
    pseudonymiser = Pseudonymiser(load_pack(pack), encryptor=encryptor, device=resolve_device(device))
    with working("looking for faces", quiet):
        pseudonymiser.coder.prepare()
        faces = pseudonymiser.find_faces(pixels, str(photo))
    if len(faces) > 1:
        warn(f"{photo} shows {len(faces)} faces; only the largest is encrypted, the others stay recognisable")
    password = read_password(password_file, password_stdin, confirm=True)
    with working("encrypting", quiet):
        anonymised, made = pseudonymiser.encrypt(pixels, password, faces=faces[:1], mode=mode, name=str(photo))
        save_pair(anonymised, picture, made, record_path)
    say(quiet, f"picture: {picture}")
    say(quiet, f"record:  {record_path} ({mode}; needed, with the password, to recover the face)")
