"""``recipe=recentred``: recentres W of a trained pack on the codes of real faces."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.data_free import LatentSampler
from riddle_pl.data.face_set import FaceSet
from riddle_pl.errors import ConfigError
from riddle_pl.files import require_writable_dir
from riddle_pl.networks.encryptors.involutive import CouplingShift, InvolutiveEncryptor
from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.networks.stylegan2 import EqualizedLinear, Generator, ModulatedConv2d, StyledConv, ToRGB
from riddle_pl.pack_names import MANIFEST_NAME
from riddle_pl.packs.card import put_section, require_card
from riddle_pl.packs.registry import load_pack
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.pretraining.generator.gaussian_mapping import REACH
from riddle_pl.pretraining.recipe import PackRole, Recipe

# During joint training, codes of real faces drift away from W's mean, differently in each layer, so that images of
# random W codes degrade. Subtracting each layer's mean code corrects this. The change of coordinates is folded into the
# generator's affine layers, the encoder's heads and the encryptors' statistics: inversions, reconstructions and
# encryptions of photos do not change. Nothing is trained.


@dataclass(frozen=True)
class Recentring:
    """The change of codes w_i -> (w_i - centre_i) / scale + REACH, for each layer i.

    Attributes:
        centre: by layer; becomes W's mean.
        scale: common to all layers, which keeps their codes consistent.
    """

    centre: Float[Tensor, "n d"]
    scale: float

    @staticmethod
    def of(w: Float[Tensor, "m n d"], width: float, share: float) -> "Recentring":
        """From codes of real faces.

        Args:
            w: the codes.
            width: deviation of W, in deviations of the codes around their layer's mean.
            share: how far W's mean goes to each layer's mean code: 0 leaves it, 1 goes all the way.
        """
        mean = w.mean(dim=0)
        return Recentring(REACH + share * (mean - REACH), width * float((w - mean).square().mean().sqrt()))

    def apply(self, w: Float[Tensor, "m n d"]) -> Float[Tensor, "m n d"]:
        """Codes in the new coordinates."""
        return (w - self.centre) / self.scale + REACH

    @torch.no_grad()
    def change_generator(self, generator: Generator) -> None:
        """Adapts a generator in place; its mapping, and so W, is left as it is."""
        for convolution, layer in _by_layer(generator):
            affine = convolution.modulation
            moved = affine.scale * affine.weight @ (self.centre[layer] - REACH * self.scale)
            affine.bias.add_(moved / affine.lr_mul)
            affine.weight.mul_(self.scale)

    @torch.no_grad()
    def change_encoder(self, encoder: LiteEncoder) -> None:
        """Adapts an encoder in place."""
        encoder.w_mean.copy_((encoder.w_mean - self.centre[0]) / self.scale + REACH)
        offsets = (self.centre - self.centre[0]) / self.scale
        heads = (encoder.base, encoder.coarse, encoder.middle, encoder.fine)
        written = [write for head in heads for write in head.write if isinstance(write, EqualizedLinear)]
        for write, offset in zip(written, offsets, strict=True):
            write.weight.div_(self.scale)
            write.bias.div_(self.scale).sub_(offset / write.lr_mul)

    @torch.no_grad()
    def change_encryptor(self, encryptor: InvolutiveEncryptor) -> None:
        """Adapts an encryptor in place; its effect under a given password does not change."""
        rank = encryptor.rank
        old = encryptor.mean.clone()
        encryptor.mean.copy_(self.apply(old[None])[0])
        moved = ((encryptor.mean - old) @ encryptor.basis / encryptor.scale)[:, :rank]  # keeps the effect of passwords
        encryptor.scale.div_(self.scale)
        for shift in (part for part in encryptor.shifts if isinstance(part, CouplingShift)):
            shift.position.add_(moved @ shift.from_password.weight.T)
            shift.from_password.weight.div_(self.scale)
        angle = encryptor.reflection.angle
        angle.bias.add_(angle.weight @ moved[0])
        angle.weight.div_(self.scale)


def _by_layer(generator: Generator) -> list[tuple[ModulatedConv2d, int]]:
    """Every modulated convolution and the layer of w that it reads."""
    convs = [part.conv for part in (generator.conv1, *generator.convs) if isinstance(part, StyledConv)]
    to_rgbs = [part.conv for part in (generator.to_rgb1, *generator.to_rgbs) if isinstance(part, ToRGB)]
    return [(conv, layer) for layer, conv in enumerate(convs)] + [(conv, 2 * i + 1) for i, conv in enumerate(to_rgbs)]


CODES = 2048
BATCH = 64


class RecentredRecipe(Recipe):
    """Rewrites generator, encoder and encryptors of a pack for recentred coordinates of W+; no training.

    Args:
        faces: training images; the codes of 2,048 tell where W is to lie.
        pack: folder of the pack, which is changed.
        width: deviation of W, in deviations of the codes around their layer's mean.
        share: how far W's mean goes to each layer's mean code, 0 to 1.
        encryptor_shares: how far the centres of encryptors, by role, go there; those that are not named stay. An
            encryptor whose centres move draws other people than before; one that was trained with its centres at the
            layers' means (``fit_latents``) has nowhere to go.
        seed: of the choice of images.

    Raises:
        ConfigError: ``width`` is not positive, a share is not within 0 and 1, or the pack has no such encryptor.
        RiddleError: the pack lacks a network, or has one that this cannot rewrite.
    """

    def __init__(
        self, faces: FaceSet, pack: str, width: float, share: float, encryptor_shares: Mapping[str, float], seed: int
    ):
        super().__init__(seed, steps=0)
        if width <= 0:
            raise ConfigError(f"recipe.width is {width}; expected a factor above 0")
        for key, value in {"share": share, **{f"encryptor_shares.{k}": v for k, v in encryptor_shares.items()}}.items():
            if not 0.0 <= value <= 1.0:
                raise ConfigError(f"recipe.{key} is {value}; expected 0 to 1")
        self.pack = load_pack(pack)
        self.generator = self.pack.load_as("generator", Generator)
        self.encoder = self.pack.load_as("encoder", LiteEncoder)
        self.encryptors = {role: self.pack.load_as(role, InvolutiveEncryptor) for role in self.pack.encryptors}
        self.roles = ("generator", "encoder", *self.encryptors)
        if unknown := sorted(set(encryptor_shares) - set(self.encryptors)):
            raise ConfigError(f"recipe.encryptor_shares names {unknown[0]}; the pack has {', '.join(self.encryptors)}")
        x = faces.batch(CODES, seed, -1)
        with torch.no_grad():
            w = torch.cat([self.encoder(part) for part in x.split(BATCH)])
        change = Recentring.of(w, width, share)
        change.change_generator(self.generator)
        change.change_encoder(self.encoder)
        for role, encryptor in self.encryptors.items():
            encryptor.mean.lerp_(w.mean(dim=0), encryptor_shares.get(role, 0.0))
            change.change_encryptor(encryptor)

    @torch.no_grad()
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """Random people, psi = 0.8."""
        w = LatentSampler(self.generator, truncation=0.8)(48, torch.Generator().manual_seed(self.seed + 1))
        people: Tensor = self.generator(w)
        return people

    def check_export(self, pack_folder: Path, overwrite: bool = False) -> None:
        """Every one of its networks is written over, in a copy of the pack."""

    def pack_roles(self) -> list[PackRole]:
        networks = {"generator": self.generator, "encoder": self.encoder, **self.encryptors}
        entries = {role: self.pack.entry(role) for role in networks}
        return [PackRole(role, networks[role], e.arch, e.args, "") for role, e in entries.items()]

    def export(self, pack_folder: Path, command: str, overwrite: bool = False) -> list[str]:
        """Writes the pack, over what it changes; model cards keep what they say, and say this too.

        Written to a temporary folder and then moved, manifest last, so that a pack never mixes coordinates.
        """
        pack_folder = require_writable_dir(pack_folder, "pack folder", create=True)
        results = self.pack_roles()
        for result in results:
            require_card(self.pack.folder, result.role)
        with TemporaryDirectory(dir=pack_folder.parent) as temporary:
            # A link stays one: what it leads to, in a pack from a stranger, must not get into a pack to be shared.
            aside = Path(shutil.copytree(self.pack.folder, Path(temporary) / pack_folder.name, symlinks=True))
            for result in results:
                self._write(aside, result, command)
            made = sorted(path.relative_to(aside) for path in aside.rglob("*") if path.is_file())
            for name in sorted(made, key=lambda name: name.name == MANIFEST_NAME):
                (pack_folder / name).parent.mkdir(parents=True, exist_ok=True)
                (aside / name).replace(pack_folder / name)
        return [result.role for result in results]

    def _write(self, folder: Path, result: PackRole, command: str) -> None:
        entry = self.pack.entry(result.role)
        write_pack_entry(
            folder,
            result.role,
            result.network,
            result.arch,
            result.args,
            tokens=entry.tokens,
            license=entry.license,
            origin=f"{entry.origin}; then {command}",
            citation=entry.citation,
            # what is its own inverse is so up to the rounding of its weights
            dtype=torch.float16 if entry.tokens is None else torch.float32,
            overwrite=True,  # to change these networks is what the recipe is for
        )
        put_section(folder, result.role, f"## Coordinates\n\n{NOTE}\n\n- command: `{command}`")


NOTE = """W lies nearer to the codes of real faces, layer by layer, and is wider than they are. Inversions are what they
were, up to the rounding of weights; random people are drawn from other codes."""
