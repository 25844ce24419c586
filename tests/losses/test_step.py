"""If this fails, the fast training step trains something else than the plain, pair-by-pair computation."""

import pytest
import torch

from benchmarks.plain_step import plain_loss, plain_networks
from benchmarks.port_generator import port_form
from riddle_pl.losses import PRODUCED, TERMS, build_loss
from riddle_pl.training.step import EncryptionStep
from tests.losses.fakes import gradients, make_codes, make_generator, make_step

EXACT = {"rtol": 1e-9, "atol": 1e-12}
MARGIN = -0.9  # so low that most pairs are active
WEIGHTS = {name: 0.3 + 0.1 * index for index, name in enumerate(TERMS)}
PUSHED = ("deidentification", "wrong_password", "diversity", "ciphertext")
MARGIN_TERMS = (*PUSHED, *(f"{name}_codes" for name in PUSHED), "distinction")


def fast_loss(step: EncryptionStep, codes, weights):
    settings = {
        name: {"weight": weight} | ({"margin": MARGIN} if name in MARGIN_TERMS else {})
        for name, weight in weights.items()
    }
    for name, setting in settings.items():
        if name.endswith("_recovery"):
            setting["images"] = ["x_dec"]
    return build_loss(settings)(step(*codes))[0]


@pytest.mark.parametrize("name", [*TERMS, "all"])
def test_value_and_gradients_equal_the_plain_step(name):
    step = make_step()
    codes = make_codes(step)
    weights = WEIGHTS if name == "all" else {name: WEIGHTS[name]}
    plain = plain_loss(plain_networks(step, step.generator), codes, weights, MARGIN)
    fast = fast_loss(step, codes, weights)
    torch.testing.assert_close(fast, plain, **EXACT)
    for ours, theirs in zip(gradients(step, fast), gradients(step, plain), strict=True):
        assert ours.any()
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9 * theirs.abs().max().item())


def test_the_ports_form_is_the_same_generator():
    torch.manual_seed(3)
    generator = make_generator()
    w = torch.randn(2, generator.num_layers, generator.style_dim, dtype=torch.float64)
    ported = port_form(generator)
    torch.testing.assert_close(ported(w), generator(w), **EXACT)
    assert all(parameter.requires_grad for parameter in ported.parameters())
    assert not any(parameter.requires_grad for parameter in generator.parameters())


def test_the_ports_form_has_the_same_path_length_gradient():
    torch.manual_seed(3)
    gradients_of = []
    generator = make_generator().requires_grad_(True)
    start = torch.randn(2, generator.num_layers, generator.style_dim, dtype=torch.float64)
    for network in (generator, port_form(generator)):
        w = start.clone().requires_grad_(True)
        (slope,) = torch.autograd.grad(network(w).square().sum(), w, create_graph=True)
        slope.square().sum().backward()
        gradients_of.append([network.convs[0].noise.weight.grad, network.to_rgbs[1].bias.grad, w.grad])
    for ours, theirs in zip(*gradients_of, strict=True):
        torch.testing.assert_close(ours, theirs, **EXACT)


def test_every_code_and_image_is_the_pairwise_one():
    step = make_step()
    codes = w, pwd1, pwd2, wrong1, wrong2 = make_codes(step)
    features = step(*codes)
    enc1 = step.encryptor(w, pwd1)
    expected = {
        "x": w,
        "x_enc1": enc1,
        "x_enc2": step.encryptor(w, pwd2),
        "x_dec": step.encryptor(enc1, pwd1),
        "x_wrong1": step.encryptor(enc1, wrong1),
        "x_wrong2": step.encryptor(enc1, wrong2),
    }
    assert set(features.latents) == {"x", *PRODUCED}
    for name, latent in expected.items():
        torch.testing.assert_close(features.latent(name), latent, **EXACT)
        torch.testing.assert_close(features.image(name), step.generator(latent), **EXACT)
    assert not features.image("x").requires_grad


def test_a_given_target_image_is_used_as_it_is():
    step = make_step()
    x = torch.rand(3, 3, 16, 16, dtype=torch.float64, requires_grad=True)
    features = step(*make_codes(step), x=x)
    torch.testing.assert_close(features.image("x"), x.detach())
    assert not features.image("x").requires_grad


def test_two_encryptor_calls_and_one_generator_call_for_what_is_asked():
    step = make_step()
    sizes = {"encryptor": [], "generator": []}
    for name, seen in sizes.items():
        getattr(step, name).register_forward_pre_hook(lambda module, args, seen=seen: seen.append(len(args[0])))
    features = step(*make_codes(step), x=torch.zeros(3, 3, 16, 16, dtype=torch.float64))
    assert sizes == {"encryptor": [6, 9], "generator": []}
    features.fetch("parser", ["x_enc1", "x_enc2", "x_wrong1", "x_wrong2"])
    features.fetch("recogniser", ["x_wrong1", "x"])
    assert sizes["generator"] == [12]
    features.draw(PRODUCED)
    assert sizes["generator"] == [12, 3]


def test_the_target_is_drawn_when_it_is_asked_for_once():
    step = make_step()
    drawn = []
    step.generator.register_forward_pre_hook(lambda module, args: drawn.append((len(args[0]), torch.is_grad_enabled())))
    features = step(*make_codes(step))
    features.draw(["x_enc1"])
    assert drawn == [(3, True)]
    features.draw(["x", "x_enc1"])
    assert features.image("x") is features.image("x")
    assert drawn == [(3, True), (3, False)]


def test_all_faces_under_one_password_cost_no_call_of_their_own():
    step = make_step()
    sizes = []
    step.encryptor.register_forward_pre_hook(lambda module, args: sizes.append(len(args[0])))
    w, pwd1, *others = make_codes(step)
    features = step(w, pwd1, *others, shared=True)
    assert sizes == [9, 9]
    for index in range(3):
        torch.testing.assert_close(features.latent("shared")[index : index + 1], step.encryptor(w[[index]], pwd1[:1]))
    torch.testing.assert_close(features.latent("x_enc2"), step.encryptor(w, others[0]))


def test_features_are_computed_once_and_shared():
    step = make_step()
    features = step(*make_codes(step))
    assert features.embedding("x_dec") is features.embedding("x_dec")
    features.fetch("recogniser", ["x_dec", "x", "x_enc1"])
    assert step.recogniser.calls == [(3, True), (3, False), (3, True)]
    torch.testing.assert_close(features.embedding("x_enc1"), step.recogniser(features.image("x_enc1")), **EXACT)
    maps = features.perceptual("x_wrong2")
    for ours, alone in zip(maps, step.perceptual(features.image("x_wrong2")), strict=True):
        torch.testing.assert_close(ours, alone, **EXACT)
