"""If this fails, faces encrypted by another version or machine cannot be recovered, or two passwords open one face."""

import copy
import hashlib
import hmac
import itertools
import struct
from concurrent.futures import ThreadPoolExecutor
from statistics import NormalDist

import pytest
import torch
from cryptography.exceptions import UnsupportedAlgorithm

from riddle_pl.errors import ConfigError, PasswordError
from riddle_pl.key import LATENT_LABEL, KdfParams, Password, check_password, derive_key, sealing_key
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.password import (
    KeyStream,
    PasswordTokens,
    PerLayerTokens,
    SingleToken,
    key_latent,
    key_stream,
    password_z64,
    random_passwords,
    token_override,
    token_scheme,
)

SALT = bytes(range(16))
FAST = KdfParams(memory_kib=64, time=1, lanes=1, salt=SALT)

# The published vectors: docs/password-vectors.md. The keys were checked with argon2-cffi, an independent Argon2.
VECTORS = [
    (
        "correct horse battery staple",
        KdfParams(salt=SALT),
        "0d1a3c6523c8f06e4e0af9c515aa5b5448cfebd6838f2d52c3d8b6ef8ddc3c2e",
        "7949dc868b1dc3eb9416e53bda79d21e19ff5593ab69829f9d874d68f0789942",
        [-1.094299267657, 0.033296658516, -2.678317984920, -1.006796689218],
    ),
    (
        "correct horse battery staple",
        FAST,
        "92dc5d67019623868bde079275e522f4b7e8213d3414ed85cbc2ac8a41117288",
        "1940ce39f82896be51c9759a69c882a7239f6d05d945f771969036f923ccf1fa",
        [1.252471845774, -1.006818679393, -1.798934954363, -0.936145388303],
    ),
    (
        "Pässwörd \ufb01 \u2116 1 🔑",
        FAST,
        "2ecf6f7c11ead86926fe895a4b8350504a89a10a017a1fd5bbe28103c2a7ccf7",
        "025c348156097e4a83a1ddfad0ee10e0abad7c6b89eda2dbf92e5708f0c82ac3",
        [0.508414497672, 0.655927926017, 0.970174075153, -0.785794411138],
    ),
]


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    return Generator(32, {4: 4, 8: 4, 16: 4, 32: 4}, mapping_layers=2).eval()


@pytest.mark.parametrize(("password", "kdf", "key", "seal", "z"), VECTORS)
def test_published_vectors(password: str, kdf: KdfParams, key: str, seal: str, z: list[float]) -> None:
    derived = derive_key(password, kdf)
    assert derived.hex() == key
    assert sealing_key(derived).hex() == seal
    assert password_z64(derived, 1)[0, :4].tolist() == pytest.approx(z, rel=0, abs=1e-12)


def _hkdf(key: bytes, label: bytes) -> bytes:
    """RFC 5869 with SHA-256, no salt, one block."""
    pseudorandom = hmac.new(bytes(32), key, hashlib.sha256).digest()
    return hmac.new(pseudorandom, label + b"\x01", hashlib.sha256).digest()


def _chacha20(key: bytes, length: int) -> bytes:
    """RFC 8439 with counter 0 and nonce 0."""

    def quarter(s: list[int], a: int, b: int, c: int, d: int) -> None:
        for x, y, z, shift in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] ^= s[x]
            s[z] = (s[z] << shift | s[z] >> (32 - shift)) & 0xFFFFFFFF

    stream = b""
    while len(stream) < length:
        start = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key), len(stream) // 64, 0, 0, 0]
        s = list(start)
        for _ in range(10):
            for i in range(4):
                quarter(s, i, i + 4, i + 8, i + 12)
            for i in range(4):
                quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
        stream += struct.pack("<16I", *((x + y) & 0xFFFFFFFF for x, y in zip(s, start, strict=True)))
    return stream[:length]


def test_z_equals_a_plain_computation() -> None:
    key = derive_key("plain", FAST)
    words = struct.unpack("<1024Q", _chacha20(_hkdf(key, LATENT_LABEL), 8192))
    expected = [NormalDist().inv_cdf(((word >> 12) + 0.5) / 2**52) for word in words]
    z = password_z64(key, 2)
    assert z.shape == (2, 512)
    torch.testing.assert_close(z.flatten(), torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-14)


def test_the_smallest_and_the_largest_word_are_numbers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once in 2^52 passwords: z must not be infinite, and as far below as above."""

    class Extremes:
        def __init__(self, *_args: object, mode: None) -> None:
            pass

        def encryptor(self) -> "Extremes":
            return self

        def update(self, _data: bytes) -> bytes:
            return bytes(8) + b"\xff" * 8

    monkeypatch.setattr("riddle_pl.password.Cipher", Extremes)
    low, high = password_z64(bytes(32), 1, 2)[0].tolist()
    assert low == pytest.approx(NormalDist().inv_cdf(2.0**-53), rel=1e-9)
    assert high == -low


def test_z_is_standard_normal_and_rows_do_not_depend_on_the_count() -> None:
    z = password_z64(derive_key("statistics", FAST), 256)
    assert abs(z.mean().item()) < 0.012
    assert abs(z.std().item() - 1) < 0.01
    assert abs(z.pow(4).mean().item() - 3) < 0.15
    correlation = torch.corrcoef(z) - torch.eye(256)
    assert correlation.abs().max() < 0.27  # 6 standard deviations of 1 / sqrt(512)
    assert torch.equal(password_z64(derive_key("statistics", FAST), 3), z[:3])


@pytest.mark.parametrize(
    "near",
    [
        "correct horse battery stapl",
        "correct horse battery staplf",
        "Correct horse battery staple",
        "correct horse battery staple ",
        " correct horse battery staple",
        "correct  horse battery staple",
        "correct\thorse battery staple",
        "correct horse battery staple\n",
        "correct horse battery staple\0",
        "сorrect horse battery staple",  # Cyrillic s
    ],
)
def test_a_near_miss_is_unrelated(near: str) -> None:
    right = password_z64(derive_key("correct horse battery staple", FAST), 1)
    wrong = password_z64(derive_key(near, FAST), 1)
    assert abs(torch.cosine_similarity(right, wrong).item()) < 0.22  # 5 standard deviations


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("caf\u00e9", "cafe\u0301", True),  # composed, decomposed
        ("\uff50\uff57", "pw", True),  # full width
        ("\ufb01sh", "fish", True),  # ligature
        ("x\u00b2", "x2", True),  # superscript
        ("\u212bng", "\u00c5ng", True),  # angstrom sign
        ("caf\u00e9", "cafe", False),
        ("stra\u00dfe", "strasse", False),
        ("I", "\u0131", False),
        ("a\u00a0b", "a b", True),  # no-break space
        ("a\u200bb", "ab", False),  # zero-width space
    ],
)
def test_unicode_forms(one: str, other: str, same: bool) -> None:
    assert (derive_key(one, FAST) == derive_key(other, FAST)) is same


def test_salt_and_every_cost_change_the_key() -> None:
    variants = [
        FAST,
        KdfParams(64, 1, 1, bytes(16)),
        KdfParams(128, 1, 1, SALT),
        KdfParams(64, 2, 1, SALT),
        KdfParams(64, 1, 2, SALT),
    ]
    assert len({derive_key("p", kdf) for kdf in variants}) == len(variants)
    assert KdfParams().salt != KdfParams().salt, "each record needs a salt of its own"


def test_keys_for_different_uses_are_unrelated() -> None:
    key = derive_key("p", FAST)
    assert len({key, sealing_key(key), _hkdf(key, LATENT_LABEL)}) == 3


def test_keys_with_several_lanes_may_be_derived_side_by_side() -> None:
    kdf = KdfParams(memory_kib=64, time=1, lanes=2, salt=SALT)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: derive_key("a", kdf), range(64)))
    assert keys == {derive_key("a", kdf)}


@pytest.mark.parametrize("password", ["", " ", "\n", "\u00a0\t\u3000", "bad\udcff"])
def test_what_is_no_password(password: str) -> None:
    with pytest.raises(PasswordError, match="the password is"):
        derive_key(password, FAST)


def test_nothing_at_all_is_named_as_such() -> None:
    with pytest.raises(PasswordError, match="the password is empty"):
        check_password("")


@pytest.mark.parametrize(
    "bad",
    [
        {"memory_kib": 7},
        {"memory_kib": 15, "lanes": 2},
        {"memory_kib": (1 << 20) + 1},
        {"time": 0},
        {"time": 17},
        {"lanes": 0},
        {"lanes": 17},
        {"salt": b"short"},
        {"salt": bytes(15)},
        {"salt": bytes(17)},
        {"memory_kib": 10**400},
    ],
)
def test_kdf_limits(bad: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="Argon2id") as error:
        KdfParams(**bad)  # type: ignore[arg-type]
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    "edge",
    [
        {"memory_kib": 8},
        {"memory_kib": 16, "lanes": 2},
        {"memory_kib": 128, "lanes": 16},
        {"memory_kib": 1 << 20},
        {"time": 1},
        {"time": 16},
    ],
)
def test_kdf_limits_may_be_reached(edge: dict[str, int]) -> None:
    kdf = KdfParams(**edge)  # type: ignore[arg-type]
    assert {name: getattr(kdf, name) for name in edge} == edge
    assert len(kdf.salt) == 16


def test_what_costs_little_to_guess_is_no_default() -> None:
    kdf = KdfParams()
    assert (kdf.memory_kib, kdf.time, kdf.lanes) == (64 * 1024, 3, 1)
    assert len({KdfParams().salt for _ in range(20)}) == 20


def test_halves_of_a_character_are_no_text_and_their_neighbours_are() -> None:
    for half in ("\ud800", "\udfff"):
        with pytest.raises(PasswordError, match="not valid text"):
            check_password(f"a{half}")
    check_password("\ud7ff\ue000")


@pytest.mark.parametrize(
    ("cause", "line"),
    [
        (MemoryError(), "deriving the key takes 2 MiB of memory, which is not there; close other programs"),
        (UnsupportedAlgorithm("x"), "this build of cryptography has no Argon2id; install cryptography>=44 from PyPI"),
    ],
)
def test_a_machine_that_cannot_derive_keys(cause: Exception, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fails:
        def __init__(self, **_settings: object) -> None:
            pass

        def derive(self, _text: bytes) -> bytes:
            raise cause

    monkeypatch.setattr("riddle_pl.key.Argon2id", Fails)
    with pytest.raises(PasswordError) as error:
        derive_key("p", KdfParams(memory_kib=2048, time=1, salt=SALT))
    assert str(error.value) == line


def test_password_does_not_show_itself() -> None:
    password = Password("secret")
    assert repr(password) == "Password(hidden)"
    assert "secret" not in repr([password]) + f"{password!r}" + "%r" % password  # noqa: UP031
    assert password == "secret"
    assert derive_key(password, FAST) == derive_key("secret", FAST)
    with pytest.raises(PasswordError) as error:
        derive_key("secret\udcff", FAST)
    assert "secret" not in str(error.value)


def test_token_schemes(generator: Generator) -> None:
    single = key_latent(derive_key("p", FAST), generator, SingleToken())
    layers = key_latent(derive_key("p", FAST), generator, PerLayerTokens())
    assert single.shape == layers.shape == (1, 8, 512)
    assert torch.equal(single, single[:, :1].expand_as(single))
    assert len({tuple(row) for row in layers[0].tolist()}) == 8
    torch.testing.assert_close(single[:, 0], layers[:, 0])
    z = password_z64(derive_key("p", FAST), 8).float()
    torch.testing.assert_close(layers[0], generator.mapping(z))
    assert torch.equal(single, key_latent(derive_key("p", FAST), generator, SingleToken()))
    assert not single.requires_grad


@pytest.mark.parametrize("tokens", [SingleToken(), PerLayerTokens(), KeyStream()])
def test_random_passwords(generator: Generator, tokens: PasswordTokens) -> None:
    draw = [random_passwords(3, generator, tokens, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert draw[0].shape == (3, 8, 512)
    assert torch.equal(draw[0], draw[1])
    assert not torch.equal(draw[0], draw[2])
    assert not torch.equal(draw[0][0], draw[0][1])
    assert random_passwords(1, generator, tokens).shape == (1, 8, 512)


def test_per_layer_tokens_of_another_size(generator: Generator) -> None:
    with pytest.raises(ValueError, match="10 rows"):
        PerLayerTokens().latent(generator, torch.full((1, 10, 512), 0.5, dtype=torch.float64))


def test_each_face_has_a_stream_of_its_own() -> None:
    key = bytes(range(32))
    streams = [key_stream(key, 2, nonce=nonce) for nonce in (None, bytes(16), bytes(15) + b"\x01")]
    for first, second in itertools.combinations(streams, 2):
        assert not (first == second).any()
        assert abs(float(torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1])) < 0.15
    torch.testing.assert_close(torch.special.ndtri(streams[1]), password_z64(key, 2, nonce=bytes(16)))


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_nonce_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ConfigError, match=f"nonce has {length} bytes; expected 16"):
        key_stream(bytes(32), 1, nonce=bytes(length))


def test_a_nonce_reaches_the_latent(generator: Generator) -> None:
    key = bytes(32)
    for tokens in (SingleToken(), PerLayerTokens(), KeyStream()):
        without, one, other = (key_latent(key, generator, tokens, nonce) for nonce in (None, bytes(16), b"n" * 16))
        assert not torch.equal(without, one)
        assert not torch.equal(one, other)


def test_the_key_stream_is_its_own_latent(generator: Generator) -> None:
    latent = key_latent(bytes(32), generator, KeyStream())
    assert latent.dtype == torch.float64
    assert torch.equal(latent[0], key_stream(bytes(32), generator.num_layers))


def test_scheme_by_name() -> None:
    assert token_scheme("single").count(14) == 1
    assert token_scheme("per_layer").count(14) == 14
    with pytest.raises(ConfigError, match="choose from key_stream, per_layer, single"):
        token_scheme("both")


def test_a_scheme_is_chosen_by_the_name_of_its_config() -> None:
    assert [token_override(name) for name in ("single", "per_layer")] == ["password=single_token", "password=per_layer"]


def test_passwords_are_of_the_generators_type(generator: Generator) -> None:
    double = copy.deepcopy(generator).double()
    assert key_latent(derive_key("p", FAST), double, SingleToken()).dtype == torch.float64
    assert random_passwords(2, double, SingleToken()).dtype == torch.float64
