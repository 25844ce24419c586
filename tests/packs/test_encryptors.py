"""If this fails, a checkpoint builds another encryptor than the trained one, or a later version's default does."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from riddle_pl.config import compose_jobs, instantiate
from riddle_pl.errors import PackError
from riddle_pl.packs import Pack
from riddle_pl.packs.architectures import ENCRYPTORS, class_of
from riddle_pl.packs.encryptors import EncryptorSpec
from riddle_pl.training.build import encryptor_spec

CONFIGS = sorted(path.stem for path in (Path(__file__).resolve().parents[2] / "conf" / "encryptor").glob("*.yaml"))


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_s_encryptor_is_built_again(name: str, tiny_pack: Pack) -> None:
    own = {"transformer_paper": ["encryptor.groups=[4,4]"], "padded": ["password=key_stream"]}
    [cfg] = compose_jobs("train", [f"encryptor={name}", *own.get(name, [])])
    spec = encryptor_spec(cfg, tiny_pack)
    assert spec is not None
    assert set(spec.args) == set(inspect.signature(class_of(spec.arch)).parameters)  # no default is left to a version
    meant = instantiate(cfg.encryptor, "encryptor", num_layers=tiny_pack.num_layers).eval()
    built = EncryptorSpec.from_plain(spec.to_plain()).build().eval()
    built.load_state_dict(meant.state_dict(), strict=True)
    w, w_pwd = torch.randn(1, 8, 512), torch.rand(1, 8, 512, dtype=torch.float64)
    w_pwd = w_pwd if name == "padded" else w_pwd.float()
    torch.testing.assert_close(built(w, w_pwd), meant(w, w_pwd), rtol=0, atol=0)


def test_all_encryptors_have_a_config(tiny_pack: Pack) -> None:
    jobs = [compose_jobs("train", [f"encryptor={name}"])[0] for name in CONFIGS]
    assert {spec.arch for job in jobs if (spec := encryptor_spec(job, tiny_pack))} == set(ENCRYPTORS)


def test_a_class_of_one_s_own_has_no_name() -> None:
    class Own(class_of("mlp")):  # type: ignore[misc]  # a class that is looked up
        pass

    assert EncryptorSpec.of(Own, {"num_layers": 8}) is None
    assert EncryptorSpec.of(nn.Identity, {}) is None


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"num_layers": 8, "groups": {"a": 1}}, "groups is"),
        ({"num_layers": 8, "dropout": "0.1"}, r"dropout is '0\.1'"),
        ({"num_layers": 8, "layers": 3}, "no argument 'layers'"),
    ],
)
def test_arguments_that_a_checkpoint_cannot_hold(args: dict[str, Any], expected: str) -> None:
    with pytest.raises(PackError, match=expected):
        EncryptorSpec.of(class_of("transformer_paper"), args)
