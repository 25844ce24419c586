"""If this fails, faces are not recovered exactly, or what is encrypted can be told from its ciphertext."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from riddle_pl.networks.encryptors.padded import (
    MODULUS,
    PaddedEncryptor,
    encryptable,
    from_words,
    marginal,
    pad,
    quantile,
    to_words,
    uniforms,
)
from riddle_pl.password import key_stream

DIM, GROUPS, K = 16, [1, 2], 12


def stream(*shape: int, seed: int = 0) -> torch.Tensor:
    words = torch.randint(MODULUS, shape, generator=torch.Generator().manual_seed(seed))
    return (words.double() + 0.5) / MODULUS


def encryptor(public: int = 0, layers: int = 0) -> PaddedEncryptor:
    torch.manual_seed(1)
    network = PaddedEncryptor(3, K, GROUPS, DIM, public, layers)
    network.flow.fit(torch.randn(500, K) ** 3)
    network.codes.mean.normal_(3.0)
    network.codes.basis.normal_()
    if public:
        network.axes.copy_(torch.linalg.qr(torch.randn(K, K)).Q)
    return network


# No subnormal numbers: training recipes, whose tests may run in this process, flush them.
coordinates = arrays.arrays("float64", (2, 7), elements=st.floats(-12, 12, allow_subnormal=False))


@given(v=coordinates, key=st.binary(min_size=32, max_size=32))
@settings(max_examples=60, deadline=None)
def test_the_same_call_decrypts(v: object, key: bytes) -> None:
    given_v = torch.as_tensor(v)
    k = key_stream(key, 2, 7)
    torch.testing.assert_close(pad(pad(given_v, k), k), given_v, rtol=0, atol=1e-7)


@given(st.floats(allow_nan=False, allow_subnormal=False))
@settings(deadline=None)
def test_no_number_is_too_far_for_a_word(v: float) -> None:
    words = to_words(torch.tensor([v], dtype=torch.float64))
    assert 0 <= int(words) < MODULUS
    assert torch.isfinite(from_words(words)).all()


@given(st.integers(0, MODULUS - 1))
@settings(deadline=None)
def test_a_word_comes_back_from_its_coordinate(word: int) -> None:
    words = torch.tensor([word])
    assert abs(int(to_words(from_words(words))) - word) <= 2  # float64 rounds in the last of its digits


@given(v=coordinates, other=coordinates)
@settings(max_examples=30, deadline=None)
def test_for_every_result_each_face_has_its_own_stream(v: object, other: object) -> None:
    """The one-time pad's own property: whatever was encrypted, there is a key that makes any other face of it."""
    w, u = torch.as_tensor(v), torch.as_tensor(other)
    needed = ((to_words(w) + to_words(u)).remainder(MODULUS).double() + 0.5) / MODULUS
    torch.testing.assert_close(pad(w, needed), u, rtol=0, atol=1e-7)


@pytest.mark.parametrize("v", [-11.0, -1.0, 0.0, 0.3, 9.0])
def test_the_result_is_distributed_as_the_model_whatever_was_encrypted(v: float) -> None:
    count = 20_000
    result = pad(torch.full((1, count), v, dtype=torch.float64), stream(1, count))
    u = marginal(result).flatten().sort().values
    distance = (u - (torch.arange(count) + 0.5) / count).abs().max()
    assert float(distance) < 1.95 / count**0.5  # Kolmogorov and Smirnov, 0.1 %


def test_two_faces_under_streams_of_their_own_have_nothing_in_common() -> None:
    v = torch.randn(1, 20_000, dtype=torch.float64)
    key = bytes(32)
    one, two = (pad(v, key_stream(key, 1, 20_000, nonce)) for nonce in (bytes(16), b"n" * 16))
    assert abs(float(torch.corrcoef(torch.cat([one, two]))[0, 1])) < 0.03
    for result in (one, two):
        assert abs(float(torch.corrcoef(torch.cat([v, result]))[0, 1])) < 0.03


def test_the_marginal_is_a_distribution_with_its_quantiles() -> None:
    v = torch.linspace(-20, 20, 4001, dtype=torch.float64)
    u = marginal(v)
    assert (u.diff() > 0).all()
    torch.testing.assert_close(quantile(u), v, rtol=0, atol=1e-4)
    torch.testing.assert_close(quantile(u[v.abs() <= 12]), v[v.abs() <= 12], rtol=0, atol=1e-8)
    torch.testing.assert_close(marginal(-v), 1 - u)


@pytest.mark.parametrize("layers", [0, 4])
def test_a_code_inside_of_the_model_is_recovered_and_a_wrong_stream_draws_another(layers: int) -> None:
    network = encryptor(layers=layers)
    w = network.inside(torch.randn(8, 3, DIM))
    k, wrong = stream(8, 3, DIM), stream(8, 3, DIM, seed=1)
    w_enc = network(w, k)
    assert w_enc.dtype == torch.float64
    torch.testing.assert_close(network(w_enc, k), w, rtol=0, atol=1e-6)
    assert (network(w_enc, wrong) - w).square().mean() > 1.0
    torch.testing.assert_close(network.inside(w_enc), w_enc)


def test_what_is_public_stays_and_the_rest_does_not() -> None:
    network = encryptor(public=4)
    w = network.inside(torch.randn(8, 3, DIM))
    before, after = network.coordinates(w), network.coordinates(network(w, stream(8, 3, DIM)))
    torch.testing.assert_close(after[:, :4], before[:, :4])
    assert ((after[:, 4:] - before[:, 4:]).abs().mean(dim=1) > 0.3).all()
    torch.testing.assert_close(network.decode(before), w)


@pytest.mark.parametrize("public", [-1, K])
def test_no_number_of_public_coordinates_but_those_below_k(public: int) -> None:
    with pytest.raises(ValueError, match=f"public is {public}; expected 0 to {K - 1}"):
        PaddedEncryptor(3, K, GROUPS, DIM, public)


@pytest.mark.parametrize(
    "w_pwd", [torch.rand(1, 3, DIM), torch.randn(1, 3, DIM, dtype=torch.float64)], ids=["float32", "normal"]
)
def test_a_latent_in_place_of_a_stream_is_refused(w_pwd: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="w_pwd is no key stream"):
        encryptor()(torch.zeros(1, 3, DIM), w_pwd)


def test_groups_of_another_generator_are_refused() -> None:
    with pytest.raises(ValueError, match=r"groups are \(1, 2\), which sum to 3; expected 4 layers"):
        PaddedEncryptor(4, K, GROUPS, DIM)


def test_a_persona_is_of_the_stream_and_of_what_is_public() -> None:
    network = encryptor(public=4)
    w, k = network.inside(torch.randn(2, 3, DIM)), stream(1, 3, DIM).expand(2, -1, -1)
    shown = network.coordinates(network.persona(w, k))
    torch.testing.assert_close(shown[0, 4:], shown[1, 4:])
    torch.testing.assert_close(shown[:, :4], network.coordinates(w)[:, :4])
    assert (shown[0, :4] - shown[1, :4]).abs().max() > 0.1


def test_a_code_is_taken_inside_of_the_model_only_where_there_is_one() -> None:
    network, w = encryptor(), torch.randn(2, 3, DIM)
    torch.testing.assert_close(encryptable(network, w), network.inside(w))
    assert encryptable(torch.nn.Identity(), w) is w


def test_more_or_fewer_coordinates_in_clear():
    encryptor = PaddedEncryptor(4, 6, dim=8, public=2)
    w = encryptor.decode(torch.randn(5, 6, dtype=torch.float64))
    stream = torch.rand(5, 4, 8, dtype=torch.float64)
    for public in (0, 1, 5):
        other = encryptor.with_public(public)
        kept = other.coordinates(other(w, stream)) - encryptor.coordinates(w)
        assert (kept[:, :public].abs() < 1e-6).all()
        assert (kept[:, public:].abs() > 1e-3).all()
    assert encryptor.public == 2
    with pytest.raises(ValueError, match="public is 6; expected 0 to 5"):
        encryptor.with_public(6)
    with pytest.raises(ValueError, match="and axes"):
        PaddedEncryptor(4, 6, dim=8).with_public(1)


def reading(public: int = 0) -> PaddedEncryptor:
    """One with a context that tells much of some coordinates, and of some little."""
    plain, network = encryptor(public), PaddedEncryptor(3, K, GROUPS, DIM, public, context=8)
    network.load_state_dict(
        plain.state_dict() | {n: p for n, p in network.state_dict().items() if "re" in n.split(".")[0]}
    )
    network.residual.copy_(torch.linalg.cholesky(torch.diag(torch.linspace(0.05, 1.0, K)) + 0.02))
    return network


@pytest.mark.parametrize("public", [0, 4])
def test_a_code_is_recovered_in_its_context(public: int) -> None:
    network = reading(public)
    context = torch.randn(8, K, dtype=torch.float64)
    given_contexts = network.given(context)
    w, k = network.inside(torch.randn(8, 3, DIM)), stream(8, 3, DIM)
    w_enc = given_contexts(w, k)
    torch.testing.assert_close(given_contexts(w_enc, k), w, rtol=0, atol=1e-6)
    torch.testing.assert_close(given_contexts.decode(given_contexts.coordinates(w)), w)
    one_by_one = torch.cat([network.given(context[[i]])(w[[i]], k[[i]]) for i in range(8)])
    torch.testing.assert_close(one_by_one, w_enc)
    torch.testing.assert_close(network.given(None)(w, k), network(w, k))


def test_in_a_context_every_stream_draws_what_fits_it() -> None:
    network = reading()
    context = torch.randn(1, K, dtype=torch.float64)
    count = 4000
    words = torch.randint(MODULUS, (count, 3, DIM), generator=torch.Generator().manual_seed(2))
    drawn = network.given(context)(network.inside(torch.randn(1, 3, DIM)).expand(count, -1, -1), uniforms(words))
    v = network.coordinates(drawn)
    torch.testing.assert_close(v.mean(dim=0), context[0], rtol=0, atol=0.08)
    left = network.residual.double()
    torch.testing.assert_close(torch.cov(v.T), left @ left.T, rtol=0, atol=0.12)


def test_public_coordinates_are_the_same_numbers_in_every_context() -> None:
    network = reading(public=4)
    w, k = network.inside(torch.randn(8, 3, DIM)), stream(8, 3, DIM)
    before = network.coordinates(w)[:, :4]
    after = network.coordinates(network.given(torch.randn(8, K, dtype=torch.float64))(w, k))[:, :4]
    torch.testing.assert_close(after, before)


def test_what_is_read_is_a_number_for_each_coordinate() -> None:
    assert encryptor().read(torch.rand(2, 4, 32, 32)) is None
    read = reading().read(torch.rand(2, 4, 32, 32))
    assert (read.shape, read.dtype) == ((2, K), torch.float64)


@pytest.mark.parametrize(("network", "expected"), [(encryptor(), "none"), (reading(), f"{K} numbers for each face")])
def test_a_context_of_another_encryptor_is_refused(network: PaddedEncryptor, expected: str) -> None:
    with pytest.raises(ValueError, match=rf"context is of shape \(2, 5\); expected {expected}"):
        network.given(torch.zeros(2, 5, dtype=torch.float64))
    with pytest.raises(ValueError, match="channels is 12; expected a positive multiple of 8"):
        PaddedEncryptor(3, K, GROUPS, DIM, context=12)
