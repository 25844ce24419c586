"""If this fails, a large inversion cannot be shared by processes or taken up again, or its codes cannot be used."""

import shutil
from pathlib import Path

import pytest

from riddle_pl.config import compose_jobs
from riddle_pl.data.code_shards import open_codes, read_about
from riddle_pl.packs import Pack
from tests.cli.riddle_command import Result, Riddle
from tests.data.conftest import black
from tests.data.test_sources import write_tar
from tests.training.jobs import NO_FEATURES, SMALL, fit


@pytest.fixture
def riddle(
    tmp_path: Path, tiny_pack: Pack, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Riddle:
    (tmp_path / "work" / "photos").mkdir(parents=True)
    for number in range(3):
        write_tar(tmp_path / "work" / "photos" / f"{number}.tar", 4, first=10 * number)
    return Riddle(tmp_path / "work", tiny_pack.folder, capfd, monkeypatch)


def invert(riddle: Riddle, *args: str) -> Result:
    return riddle("invert", "photos", "-o", "codes", "--pack", riddle.pack, "--aligned", "--device", "cpu", *args)


def test_parts_share_the_work_and_a_second_run_does_the_rest(
    riddle: Riddle, monkeypatch: pytest.MonkeyPatch, few_statistics: None
) -> None:
    assert invert(riddle, "--part", "1/3").status == 0
    assert sorted(path.name for path in Path("codes").iterdir()) == ["1.codes.safetensors"]
    monkeypatch.setenv("SLURM_PROCID", "0")
    monkeypatch.setenv("SLURM_NTASKS", "3")
    assert invert(riddle).status == 0
    monkeypatch.delenv("SLURM_PROCID")
    monkeypatch.delenv("SLURM_NTASKS")
    before = Path("codes/1.codes.safetensors").stat().st_mtime_ns
    rest = invert(riddle)
    assert rest.status == 0
    assert "2 archives of 3 had their codes already" in rest.out
    assert Path("codes/1.codes.safetensors").stat().st_mtime_ns == before

    small = [override for override in SMALL if override != "data.val_samples=2"]
    chosen = ["data=codes", f"data.root={Path.cwd() / 'codes'}", "encryptor.hidden=16", "encryptor.depth=1", "steps=2"]
    [cfg] = compose_jobs("train", [f"pack.name_or_path={riddle.pack}", *small, *NO_FEATURES, *chosen])
    assert fit(cfg, riddle.folder / "run") is not None


def test_pictures_without_a_face_and_damaged_archives_are_told(riddle: Riddle) -> None:
    write_tar(Path("photos/1.tar"), 2, others={"broken.png": black()[:40]})
    some = invert(riddle)
    assert some.status == 1
    assert "2 codes, 1 picture without" in some.out
    Path("photos/2.tar").write_bytes(b"no archive" * 100)
    failed = invert(riddle, "--force")
    assert failed.status == 2
    assert "2.tar: FAILED" in failed.out
    assert "1.codes.safetensors: 2 codes" in failed.out
    assert failed.err.startswith("error: archive photos/2.tar")
    assert failed.err.count("\n") == 1


def test_mistakes_are_one_line_and_write_nothing(riddle: Riddle) -> None:
    before = riddle.files()
    riddle.refused(invert(riddle, "--part", "3/3"), "part is '3/3'; expected I/N", before=before)
    riddle.refused(invert(riddle, "--inversion", "magic"), "choose from encoder, refine, optimise", before=before)
    riddle.refused(riddle("invert", "absent", "-o", "codes"), "absent is no .tar archive", before=before)


def contents(folder: Path) -> dict[str, tuple[dict[str, str], object]]:
    """By file: what it says of itself, and its codes."""
    return {path.name: (read_about(path), open_codes(path).get_slice("w")[:].tolist()) for path in folder.iterdir()}


@pytest.mark.slow
def test_tasks_of_spark_give_what_one_process_gives(riddle: Riddle) -> None:
    pytest.importorskip("pyspark", reason="the extra spark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    write_tar(Path("photos/1.tar"), 2, others={"broken.png": black()[:40]})
    Path("photos/2.tar").write_bytes(b"no archive" * 100)
    done = invert(riddle, "--spark", "local[2]")
    assert done.status == 2
    assert "1.codes.safetensors: 2 codes, 1 pictures without" in done.out
    assert "error: archive" in done.err
    tasks = contents(Path("codes"))
    assert invert(riddle, "--force").status == 2
    assert tasks == contents(Path("codes"))
    assert sorted(tasks) == ["0.codes.safetensors", "1.codes.safetensors"]


def test_spark_is_not_there(riddle: Riddle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riddle_pl.data.spark.find_spec", lambda name: None)
    result = invert(riddle, "--spark", "local[2]")
    assert result.status == 2
    assert "run `pip install 'riddle-pl[spark]'`" in result.err
