"""If this fails, some folder that nobody thought of loses a photo, or two photos are written to one file."""

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from riddle_pl.errors import RiddleError
from riddle_pl.photos.jobs.plan import PHOTO_SUFFIXES, plan_encryption

NAMES = st.sampled_from(["a", "b", "A", "a_anonymised", "ä", "a b", ".hidden", "a.b", "-x", "x" * 245, "日本"])
SUFFIXES = st.sampled_from(["jpg", "JPG", "png", "heic", "txt", "riddle", ""])
FILES = st.builds(lambda name, suffix: f"{name}.{suffix}" if suffix else name, NAMES, SUFFIXES)
PLACES = st.lists(st.sampled_from(["x", "y", "x y", ".git"]), max_size=2).map("/".join)
PATHS = st.builds(lambda place, name: f"{place}/{name}" if place else name, PLACES, FILES)
OUTS = st.sampled_from([None, "out", "x", "o.png", "o.jpg", "deep/er"])


def is_result(path: Path) -> bool:
    """Whether it is a picture that an earlier run made, as far as names tell: its record lies beside it."""
    return path.stem.endswith("_anonymised") and path.suffix != ".riddle" and path.with_suffix(".riddle").is_file()


@settings(deadline=None, max_examples=60)
@given(
    files=st.lists(PATHS, min_size=1, max_size=8, unique=True),
    chosen=st.lists(st.integers(0, 20), min_size=1, max_size=4),
    out=OUTS,
    embed=st.booleans(),
    archived=st.booleans(),
)
def test_any_tree_is_planned_without_loss_or_refused_in_a_line(files, chosen, out, embed, archived):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in files:
            path = root / name
            if not any(parent.is_file() for parent in path.parents) and not path.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        everything = sorted(path for path in root.rglob("*") if not path.is_symlink())
        inputs = [everything[index % len(everything)] for index in chosen]
        before = sorted(root.rglob("*"))
        try:
            plan = plan_encryption(inputs, None if out is None else root / out, embed=embed, archived=archived)
        except RiddleError as error:
            plan, refusal = None, str(error)
        assert sorted(root.rglob("*")) == before  # planning writes nothing
        if plan is None:
            assert "\n" not in refusal
            return
        photos = [os.path.realpath(task.photo) for task in plan.tasks]
        assert len(set(photos)) == len(photos)
        outputs = [path.absolute() for task in plan.tasks for path in (task.picture, task.record) if path is not None]
        assert len(set(outputs)) == len(outputs)
        named = [path for path in inputs if path.is_file() and not is_result(path)]
        assert not {os.path.realpath(path) for path in named} - set(photos)
        for given_folder in (path for path in inputs if path.is_dir()):
            visible = [
                path
                for path in given_folder.rglob("*")
                if path.is_file()
                and path.suffix.lower() in PHOTO_SUFFIXES
                and not any(part.startswith(".") for part in path.relative_to(given_folder).parts)
                and not path.stem.endswith("_anonymised")
                and not (out is not None and (root / out) in path.parents and (root / out) != given_folder)
            ]
            assert {os.path.realpath(path) for path in visible} <= set(photos)
        if archived:
            assert len({task.entry for task in plan.tasks}) == len(plan.tasks)
        assert all(not Path(task.entry).is_absolute() and ".." not in Path(task.entry).parts for task in plan.tasks)
        assert all((task.record is None) == embed for task in plan.tasks)
