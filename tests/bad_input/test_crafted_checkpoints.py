"""If this fails, a checkpoint from a stranger runs code, deletes files, or takes all memory when it is looked at."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.errors import CheckpointError, ConfigError
from riddle_pl.evaluation.ablation.jobs import Training
from riddle_pl.evaluation.methods.checkpoint import CheckpointMethod
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.inversion import EncoderInversion
from riddle_pl.packs import Pack, load_pack
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.export import export_encryptor, load_trained_encryptor
from riddle_pl.training.preflight import check_job
from tests.bad_input.crafted import ARGS, MLP, Marks, checkpoint, one_line, origin, save
from tests.training.jobs import fit, small_job

SMALL = ("encryptor=involutive", "encryptor.hidden=16", "encryptor.depth=1", "callbacks.grid=null", "logger=none")
BEST = (
    "callbacks.best={_target_: pytorch_lightning.callbacks.ModelCheckpoint, filename: best, monitor: val/loss/total, "
    "save_on_train_epoch_end: false, enable_version_counter: false}"
)


@pytest.fixture(autouse=True)
def _few_statistics(few_statistics: None) -> None:
    """In every test that goes on from a run."""


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    return Marks(tmp_path)


@pytest.fixture
def folder(tiny_pack: Pack, tmp_path: Path) -> Path:
    """A copy of the pack to export into."""
    return Path(shutil.copytree(tiny_pack.folder, tmp_path / "pack"))


def method(path: Path, pack: Pack) -> CheckpointMethod:
    return CheckpointMethod(str(path), EncoderInversion(pack, "cpu"), TextPasswords(), 0, "cpu")


def evaluate(path: Path, folder: Path) -> None:
    evaluated = method(path, load_pack(folder))
    evaluated.check()
    evaluated.load_encryptor()
    assert evaluated.facts["encryptor"]


READERS: dict[str, Callable[[Path, Path], object]] = {
    "load": lambda path, _: load_trained_encryptor(path),
    "export": lambda path, folder: export_encryptor(path, folder, "encryptor-new"),
    "evaluate": evaluate,
}


@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_class_path_in_an_earlier_checkpoint_is_not_called(
    reader: str, marks: Marks, tiny_pack: Pack, folder: Path
) -> None:
    """Hydra was given this node, and built what is inside before it looked at the outside."""
    earlier = {key: value for key, value in origin(tiny_pack).items() if key != "encryptor"} | {"num_layers": 8}
    for call in (marks.deletes, marks.writes):
        node = {"_target_": MLP, "extra_layers": call}
        path = save(checkpoint(tiny_pack, {"encryptor": node}, riddle=earlier), marks.stays.with_name("last.ckpt"))
        with pytest.raises(CheckpointError, match=r"last\.ckpt.*earlier riddle-pl.*ckpt_path=") as error:
            READERS[reader](path, folder)
        one_line(error.value)
        assert marks.nothing_ran


@pytest.mark.parametrize("reader", sorted(READERS))
def test_nothing_in_the_config_is_called(reader: str, marks: Marks, tiny_pack: Pack, folder: Path) -> None:
    """The config is there to be read; whatever it names, the encryptor is the one of the origin."""
    evil = {"_target_": MLP, "extra_layers": marks.deletes, "dim": marks.writes}
    config = dict.fromkeys(("encryptor", "data", "trainer", "optimizer", "loss", "views", "pack"), evil)
    config |= {"callbacks": {"one": marks.writes}, "logger": {"one": marks.deletes}, "start_pack": "/etc"}
    path = save(checkpoint(tiny_pack, config, riddle=origin(tiny_pack)), marks.stays.with_name("last.ckpt"))
    READERS[reader](path, folder)
    assert marks.nothing_ran


def test_interpolations_in_the_config_are_not_resolved(
    tiny_pack: Pack, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model card is published: what the environment holds must not get into it."""
    monkeypatch.setenv("SOME_TOKEN", "hunter2")
    config = {"steps": "${oc.env:SOME_TOKEN}", "views": "${", "loss": {"a": ["${oc.env:SOME_TOKEN}"]}}
    export_encryptor(save(checkpoint(tiny_pack, config), tmp_path / "last.ckpt"), folder, "encryptor-new")
    card = (folder / "encryptor-new.md").read_text(encoding="utf-8")
    assert "${oc.env:SOME_TOKEN}" in card
    assert "hunter2" not in card


def test_an_ablation_reads_the_step_alone(marks: Marks, tiny_pack: Pack, tmp_path: Path) -> None:
    training = Training("pictures", tmp_path / "job", ("experiment=riddle", "steps=3"), None)
    save(checkpoint(tiny_pack, {"encryptor": marks.deletes, "trainer": marks.writes}), training.checkpoint)
    assert training.is_done()
    save(checkpoint(tiny_pack, global_step="3"), training.checkpoint)
    with pytest.raises(CheckpointError, match="global_step is '3'"):
        training.is_done()
    assert marks.nothing_ran


def nested(value: Any, times: int) -> Any:
    for _ in range(times):
        value = [value]
    return value


def endless() -> dict[str, Any]:
    node: dict[str, Any] = {}
    node["self"] = node
    return node


def doubling() -> list[Any]:
    """Thirty lists that stand for a billion."""
    value: list[Any] = []
    for _ in range(30):
        value = [value, value]
    return value


def args(**changes: Any) -> dict[str, Any]:
    return {"encryptor": {"arch": "mlp", "args": ARGS | changes}}


def paper(**changes: Any) -> dict[str, Any]:
    return {"encryptor": {"arch": "transformer_paper", "args": {"num_layers": 14} | changes}}


def spec(arch: Any, **arguments: Any) -> dict[str, Any]:
    return {"encryptor": {"arch": arch, "args": arguments}}


ORIGINS: list[tuple[Any, str]] = [
    ([1], "does not say its pack"),
    ({"pack": 3}, "pack is 3; expected a name"),
    ({"pack": "a\x1b[2Jb"}, "pack is"),
    ({"sha256": [1]}, r"sha256 is \[1\]"),
    ({"sha256": {"generator": "/etc/passwd"}}, "64 hexadecimal digits"),
    ({"sha256": {"generator": 3}}, "64 hexadecimal digits"),
    ({"sha256": {3: "0" * 64}}, "64 hexadecimal digits"),
    ({"tokens": "../x"}, r"tokens is '\.\./x'; expected one of single, per_layer"),
    ({"tokens": ["single"]}, "tokens is"),
    ({"hardware": 3}, "hardware is 3; expected the name of a device"),
    ({"hardware": "a\n# b"}, "hardware is"),
    ({"encryptor": MLP}, "encryptor: .*is no encryptor"),
    ({"encryptor": {"arch": "mlp"}}, "is no encryptor"),
    ({"encryptor": {"arch": "mlp", "args": ARGS, "_target_": "os.system"}}, "is no encryptor"),
    (spec(MLP, **ARGS), "no encryptor's architecture; choose from transformer_paper"),
    (spec("pathlib.Path.unlink"), "no encryptor's architecture"),
    (spec("stylegan2", size=64), "'stylegan2' is no encryptor's architecture"),
    (spec(["mlp"], **ARGS), "expected a name"),
    (spec(None), "expected a name"),
    ({"encryptor": {"arch": "mlp", "args": [8]}}, "expected a name and an object"),
    (spec("mlp"), "lacks the argument num_layers"),
    (args(extra_layer=1), "no argument 'extra_layer'; did you mean 'extra_layers'"),
    (args(_target_="os.system"), "no argument '_target_'"),
    (args(**{"x" * 10**6: 1}), "no argument"),
    (args(num_layers="8"), "num_layers is '8'; expected a whole number"),
    (args(num_layers=True), "num_layers is True"),
    (args(num_layers=8.0), r"num_layers is 8\.0"),
    (args(num_layers=None), "num_layers is None"),
    (args(dim=-8), "dim is -8"),
    (args(dim=10**9), "dim is 1000000000; expected a whole number from 0 to 16384"),
    (args(dim=10**300), r"dim is 10+\.\.\.0+; expected"),
    (args(dim={"_target_": "numpy.save"}), "dim is"),
    (args(dim=[8]), r"dim is \[8\]"),
    (args(dim=16_000), "weights; at most 536,870,912"),
    (args(extra_layers=16_000), "far too many parts"),
    (paper(dropout=float("nan")), "dropout is nan"),
    (paper(dropout=float("inf")), "dropout is inf"),
    (paper(input_linear=1), "input_linear is 1; expected true or false"),
    (paper(norm="os.system"), "norm is 'os.system'; expected one of layernorm, none"),
    (paper(groups="444"), "groups is '444'; expected a list"),
    (paper(groups=[1] * 100_000), "groups is .*expected a list of at most 64"),
    (paper(groups=[4, 4, "6"]), "groups is '6'"),
    (paper(groups=nested(4, 5)), "groups is"),
    (paper(groups=[4, 4, 7]), "which sum to 15"),
    (paper(dim=0), "transformer_paper cannot be built"),
    (paper(heads=0), "transformer_paper cannot be built"),
    (paper(dim=8192, ffn=16_384), "weights; at most"),
    (spec("involutive", num_layers=8, dim=16, rank=8, hidden=10, heads=3), "involutive cannot be built"),
    (spec("involutive", num_layers=8, dim=16, rank=8, hidden=8, heads=1, depth=16_000), "far too many parts"),
]


@pytest.mark.parametrize(("changes", "expected"), ORIGINS, ids=range(len(ORIGINS)))
def test_an_origin_that_no_run_writes_is_one_line(changes: Any, expected: str, tiny_pack: Pack, tmp_path: Path) -> None:
    section = origin(tiny_pack, **changes) if isinstance(changes, dict) else changes
    path = save(checkpoint(tiny_pack, riddle=section), tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError, match=expected) as error:
        load_trained_encryptor(path)
    assert str(path) in one_line(error.value)


ENTRIES: list[tuple[str, Any, str]] = [
    ("state_dict", 3, "state_dict is 3; expected tensors by name"),
    ("state_dict", {}, "state_dict is empty"),
    ("state_dict", {3: torch.zeros(1)}, "state_dict is"),
    ("state_dict", {"encryptor.a": "x"}, r"encryptor\.a, which are not tensors"),
    ("state_dict", {"encryptor.a": torch.zeros(1)}, "does not fit MLPEncryptor"),
    ("encryptor_ema", 3, "encryptor_ema is 3"),
    ("encryptor_ema", {"a": torch.zeros(1)}, "does not fit MLPEncryptor"),
    ("global_step", "3", "global_step is '3'"),
    ("global_step", True, "global_step is True"),
    ("global_step", -1, "global_step is -1"),
    ("global_step", 10**30, "global_step is"),
    ("hyper_parameters", [1], r"hyper_parameters are \[1\]"),
    ("hyper_parameters", {"name": ["a"]}, "name is"),
    ("hyper_parameters", {"name": "a\x1b]0;b"}, "name is"),
    ("hyper_parameters", {"name": "a" * 10**6}, "name is"),
    ("hyper_parameters", {"name": "a", "seed": "1"}, "seed is '1'"),
    ("hyper_parameters", {"name": "a", "seed": 10**300}, "seed is"),
    ("hyper_parameters", {"data": torch.zeros(1)}, "hold a Tensor"),
    ("hyper_parameters", {"data": {3: 4}}, "hold a dict"),
    ("hyper_parameters", endless(), "more values than"),
    ("hyper_parameters", {"data": nested(1, 100)}, "more values than"),
    ("hyper_parameters", {"data": doubling()}, "more values than"),
]


@pytest.mark.parametrize(("key", "value", "expected"), ENTRIES, ids=range(len(ENTRIES)))
def test_an_entry_that_no_run_writes_is_one_line(
    key: str, value: Any, expected: str, tiny_pack: Pack, tmp_path: Path
) -> None:
    path = save(checkpoint(tiny_pack, **{key: value}), tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError, match=expected) as error:
        load_trained_encryptor(path)
    assert str(path) in one_line(error.value)


@pytest.mark.parametrize("missing", ["name", "seed"])
def test_an_evaluation_needs_to_say_whose_it_is(missing: str, tiny_pack: Pack, tmp_path: Path) -> None:
    content = checkpoint(tiny_pack)
    del content["hyper_parameters"][missing]
    with pytest.raises(CheckpointError, match=f"does not say the {missing} of its run"):
        method(save(content, tmp_path / "last.ckpt"), tiny_pack).check()


def test_an_intact_checkpoint_is_read(tiny_pack: Pack, tmp_path: Path) -> None:
    """So that the tests above do not pass for a wrong reason."""
    encryptor, _ = load_trained_encryptor(save(checkpoint(tiny_pack), tmp_path / "last.ckpt"))
    assert encryptor(torch.zeros(1, 8, 8), torch.zeros(1, 8, 8)).shape == (1, 8, 8)


def test_a_file_that_unpacks_to_more_than_it_has_is_not_unpacked(tiny_pack: Pack, tmp_path: Path) -> None:
    whole = save(checkpoint(tiny_pack, padding=torch.zeros(1_000_000)), tmp_path / "whole.ckpt")
    assert load_checkpoint(whole)
    small = tmp_path / "small.ckpt"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(small, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry), zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match=r"small\.ckpt has .* bytes and claims to hold 4,0"):
        load_checkpoint(small)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(100_000, 100_000),
        torch.empty(100_000, 100_000, device="meta"),
        torch.sparse_coo_tensor(torch.zeros(2, 1, dtype=torch.long), torch.zeros(1), (100_000, 100_000)),
        torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.quint8),
    ],
    ids=["repeated", "meta", "sparse", "quantised"],
)
def test_a_tensor_without_its_numbers_is_refused(tensor: torch.Tensor, tiny_pack: Pack, tmp_path: Path) -> None:
    content = checkpoint(tiny_pack, optimizer_states=[{"state": {0: (1, {"exp_avg": tensor})}}])
    with pytest.raises(CheckpointError, match="more than its stored numbers"):
        load_checkpoint(save(content, tmp_path / "last.ckpt"))


@pytest.fixture(scope="module")
def run(tiny_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run of two steps."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("riddle_pl.training.module.STATISTICS_SAMPLES", 64)
        fit(small_job(tiny_pack.folder, [*SMALL, BEST, "steps=2"], False), folder)
    return folder


def last(folder: Path) -> Path:
    return folder / "checkpoints" / "last.ckpt"


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    content = torch.load(path, weights_only=True)
    change(content)
    return save(content, path)


def test_a_run_goes_on_from_any_config_and_calls_nothing_of_it(
    run: Path, marks: Marks, tiny_pack: Pack, tmp_path: Path
) -> None:
    def evil(content: dict[str, Any]) -> None:
        content["hyper_parameters"] |= {"encryptor": marks.deletes, "callbacks": {"a": marks.writes}}

    folder = Path(shutil.copytree(run, tmp_path / "copy"))
    path = changed(last(folder), evil)
    fit(small_job(tiny_pack.folder, [*SMALL, "steps=3", f"ckpt_path={path}"], False), tmp_path / "next")
    assert marks.nothing_ran
    assert load_checkpoint(last(tmp_path / "next"))["global_step"] == 3


def no_groups(content: dict[str, Any]) -> None:
    content["optimizer_states"] = [{"state": {}, "param_groups": []}]


def no_optimizer(content: dict[str, Any]) -> None:
    content["optimizer_states"] = [3]


def other_moments(content: dict[str, Any]) -> None:
    content["optimizer_states"][0]["state"][0]["exp_avg"] = torch.zeros(3, 5)


def no_loops(content: dict[str, Any]) -> None:
    content["loops"] = {"fit_loop": {"state_dict": {}, "epoch_loop.state_dict": 7}}


def no_schedule(content: dict[str, Any]) -> None:
    content["lr_schedulers"] = ["cosine"]


@pytest.mark.parametrize("change", [no_groups, no_optimizer, other_moments, no_loops, no_schedule])
def test_a_state_of_a_run_that_cannot_be_taken_up_is_one_line(
    change: Callable[[dict[str, Any]], None], run: Path, tiny_pack: Pack, tmp_path: Path
) -> None:
    path = changed(last(Path(shutil.copytree(run, tmp_path / "copy"))), change)
    job = small_job(tiny_pack.folder, [*SMALL, "steps=3", f"ckpt_path={path}"], False)
    with pytest.raises(CheckpointError, match=r"last\.ckpt: .*; the file is damaged") as error:
        fit(job, tmp_path / "next")
    one_line(error.value)


@pytest.mark.parametrize("trick", ["..", "remote"])
def test_going_on_does_not_delete_files_that_the_checkpoint_names(
    trick: str, run: Path, marks: Marks, tiny_pack: Pack, tmp_path: Path
) -> None:
    """Lightning takes the best model's path from the checkpoint, and deletes it when there is a better one."""
    folder = Path(shutil.copytree(run, tmp_path / "copy"))
    named = {
        "..": str(folder / "checkpoints" / ".." / ".." / marks.stays.name),
        "remote": f"local://{marks.stays}",
    }[trick]

    def evil(content: dict[str, Any]) -> None:
        [state] = [state for name, state in content["callbacks"].items() if "ModelCheckpoint" in name]
        worst = torch.tensor(float("inf"))
        state |= {"dirpath": str(folder / "checkpoints"), "best_k_models": {named: worst}, "kth_value": worst}
        state |= {"best_model_path": named, "kth_best_model_path": named, "last_model_path": ""}

    path = changed(last(folder), evil)
    job = small_job(tiny_pack.folder, [*SMALL, BEST, "steps=4", f"ckpt_path={path}"], False)
    with pytest.raises(CheckpointError, match="a file to replace, which is outside the run's folder") as error:
        fit(job, folder)
    one_line(error.value)
    assert marks.nothing_ran


@pytest.mark.slow
def test_an_honest_run_with_a_best_checkpoint_goes_on(run: Path, tiny_pack: Pack, tmp_path: Path) -> None:
    """In its own folder and in another one, where Lightning keeps the path of the first."""
    folder = Path(shutil.copytree(run, tmp_path / "copy"))
    for steps, out in (("4", folder), ("6", tmp_path / "other"), ("8", tmp_path / "third")):
        job = small_job(tiny_pack.folder, [*SMALL, BEST, f"steps={steps}", f"ckpt_path={last(folder)}"], False)
        fit(job, out)
        folder = out
    assert (folder / "checkpoints" / "best.ckpt").is_file()


def test_the_remedy_for_an_earlier_checkpoint_works(run: Path, tiny_pack: Pack, folder: Path, tmp_path: Path) -> None:
    def earlier(content: dict[str, Any]) -> None:
        del content["riddle"]["encryptor"]
        content["riddle"]["num_layers"] = 8

    copied = Path(shutil.copytree(run, tmp_path / "copy"))
    path = changed(last(copied), earlier)
    with pytest.raises(CheckpointError, match="steps= at least one more"):
        export_encryptor(path, folder, "encryptor-new")
    fit(small_job(tiny_pack.folder, [*SMALL, "steps=3", f"ckpt_path={path}"], False), tmp_path / "next")
    export_encryptor(last(tmp_path / "next"), folder, "encryptor-new")
    assert (
        load_pack(folder).encryptor("encryptor-new")[0](torch.zeros(1, 8, 512), torch.zeros(1, 8, 512)).isfinite().all()
    )


def test_an_encryptor_of_one_s_own_is_trained_and_not_exported(tiny_pack: Pack, folder: Path, tmp_path: Path) -> None:
    path = fit(small_job(tiny_pack.folder, ["steps=1", "callbacks.grid=null", "logger=none"]), tmp_path / "run")
    assert path is not None
    with pytest.raises(CheckpointError, match="a class of your own, which no file can name"):
        load_trained_encryptor(path)
    with pytest.raises(ConfigError, match=r"export=.*TinyEncryptor is a class of your own"):
        check_job(small_job(folder, [f"export={folder}", "export_role=encryptor-own"]))
