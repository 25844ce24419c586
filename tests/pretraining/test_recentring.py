"""A failure here: new coordinates would change inversions or encryptions, or leave W where no face is."""

import torch

from riddle_pl.networks.encryptors.involutive import InvolutiveEncryptor
from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.pretraining.generator.gaussian_mapping import REACH, set_gaussian_mapping
from riddle_pl.pretraining.recentred import Recentring

CHANNELS = {4: 8, 8: 8, 16: 4, 32: 4}
DIM = 16


def test_faces_are_inverted_redrawn_and_encrypted_as_before() -> None:
    torch.manual_seed(0)
    generator = Generator(32, CHANNELS, style_dim=DIM)
    encoder = LiteEncoder(32, generator.num_layers, CHANNELS, hidden=16, dim=DIM)
    encryptor = InvolutiveEncryptor(generator.num_layers, dim=DIM, rank=8, hidden=8, heads=2)
    for parameter in encryptor.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    for head in (encoder.base, encoder.coarse, encoder.middle, encoder.fine):
        torch.nn.init.normal_(head.read.bias)
        for parameter in head.write.parameters():
            torch.nn.init.normal_(parameter, std=5.0)
    set_gaussian_mapping(generator)
    encoder.w_mean.normal_()
    x = torch.randn(200, 3, 32, 32)
    with torch.no_grad():
        w = encoder(x)
        encryptor.fit_latents(w)
        passwords = generator.mapping(torch.randn(200 * generator.num_layers, DIM)).unflatten(0, (200, -1))
        before = generator(w), generator(encryptor(w, passwords))
        change = Recentring.of(w, 2.0, 0.8)
        change.change_generator(generator)
        change.change_encoder(encoder)
        change.change_encryptor(encryptor)
        moved = encoder(x)
        after = generator(moved), generator(encryptor(moved, passwords))
    torch.testing.assert_close(moved, change.apply(w), atol=1e-3, rtol=1e-4)
    for old, new in zip(before, after, strict=True):
        torch.testing.assert_close(new, old, atol=1e-2, rtol=1e-2)
    assert (before[0] - before[1]).abs().mean() > 0.1  # the encryptor does something


def test_the_codes_of_every_layer_lie_around_the_mean_of_w() -> None:
    w = torch.randn(500, 3, DIM) * 0.7 + torch.randn(3, DIM)
    moved = Recentring.of(w, 2.0, 1.0).apply(w)
    torch.testing.assert_close(moved.mean(dim=0), torch.full((3, DIM), REACH), atol=1e-3, rtol=0)
    torch.testing.assert_close((moved - REACH).square().mean().sqrt(), torch.tensor(0.5), atol=1e-3, rtol=0)


def test_a_second_time_changes_nothing() -> None:
    w = torch.randn(500, 3, DIM) * 0.7 + torch.randn(3, DIM)
    moved = Recentring.of(w, 2.4, 1.0).apply(w)
    torch.testing.assert_close(Recentring.of(moved, 2.4, 1.0).apply(moved), moved, atol=1e-3, rtol=0)


def test_half_of_the_way_leaves_half_of_the_distance() -> None:
    w = torch.randn(500, 3, DIM) + torch.randn(3, DIM)
    moved = Recentring.of(w, 1.0, 0.5).apply(w)
    scale = Recentring.of(w, 1.0, 0.5).scale
    torch.testing.assert_close(moved.mean(dim=0) - REACH, 0.5 * (w.mean(dim=0) - REACH) / scale, atol=1e-3, rtol=0)
