"""What one training step drew: images and their features are computed once, when a term first asks for them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.losses.views import View, as_aligned

ORIGINAL = "x"
PRODUCED = ("enc1", "enc2", "dec", "wrong1", "wrong2")
"""x*: two encryptions with different passwords, the recovery of the first, two wrong decryptions of the first."""

Role = Literal["recogniser", "perceptual", "parser"]
FeatureNetwork = Callable[[Tensor], Any]
Draw = Callable[[Float[Tensor, "b n d"]], Float[Tensor, "b 3 h w"]]


@dataclass
class StepFeatures:
    """The six codes and six images of a step, keyed ``x``, ``enc1``, ``enc2``, ``dec``, ``wrong1``, ``wrong2``.

    Args:
        latents: W+ codes.
        x: the target image in about [-1, 1]; its graph, if it has one, is cut.
        generator: draws the image of a code.
        networks: feature networks by role; ``None`` where there is none.
        views: ways in which the recogniser sees each face.
    """

    latents: Mapping[str, Float[Tensor, "b n d"]]
    x: Float[Tensor, "b 3 h w"]
    generator: Draw
    networks: Mapping[Role, FeatureNetwork | None]
    views: Sequence[View] = (as_aligned,)
    _images: dict[str, Tensor] = field(init=False, repr=False)
    _cache: dict[Role, dict[str, list[Tensor]]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._images = {ORIGINAL: self.x.detach()}

    def latent(self, name: str) -> Float[Tensor, "b n d"]:
        """w, w_enc, w_dec or w_wrong."""
        return self.latents[name]

    def image(self, name: str) -> Float[Tensor, "b 3 h w"]:
        """x, x_enc, x_dec or x_wrong."""
        self.draw([name])
        return self._images[name]

    def embedding(self, name: str) -> Float[Tensor, "b d"]:
        """R of an image, of unit length in each view; views lie one after the other, so that cosines are their mean."""
        return self._features("recogniser", name)[0]

    def perceptual(self, name: str) -> list[Tensor]:
        """F_p of an image: feature maps (b, c, h, w) of several layers."""
        return self._features("perceptual", name)

    def parse(self, name: str) -> Float[Tensor, "b classes h w"]:
        """F_s of an image: logits per class."""
        return self._features("parser", name)[0]

    def draw(self, names: Iterable[str]) -> None:
        """Draws those of several images that are not there yet, in one call of the generator."""
        wanted = set(names) - self._images.keys()
        missing = [name for name in PRODUCED if name in wanted]
        if missing:
            together = self.generator(torch.cat([self.latents[name] for name in missing]))
            self._images.update(zip(missing, together.chunk(len(missing)), strict=True))

    def fetch(self, role: Role, names: Iterable[str]) -> None:
        """Computes the features of several images: the produced ones in one call, x in a call without a graph.

        Raises:
            ConfigError: there is no network for ``role``.
        """
        known = self._cache.setdefault(role, {})
        wanted = set(names) - known.keys()
        if ORIGINAL in wanted:
            with torch.no_grad():
                known[ORIGINAL] = self._run(role, self.image(ORIGINAL))
        produced = [name for name in PRODUCED if name in wanted]
        if produced:
            self.draw(produced)
            together = self._run(role, torch.cat([self.image(name) for name in produced]))
            per_image = zip(*(maps.chunk(len(produced)) for maps in together), strict=True)
            known.update(zip(produced, map(list, per_image), strict=True))

    def _features(self, role: Role, name: str) -> list[Tensor]:
        if name not in self._cache.get(role, {}):
            self.fetch(role, [name])
        return self._cache[role][name]

    def _run(self, role: Role, images: Tensor) -> list[Tensor]:
        network = self.networks.get(role)
        if network is None:
            raise ConfigError(
                f"a loss term needs a {role} and there is none; choose a pack that has one or switch the term off "
                "(loss.TERM.weight=0)"
            )
        if role == "recogniser":
            views = torch.cat([view(images) for view in self.views])
            return [torch.cat(network(views).chunk(len(self.views)), dim=1)]
        features = network(images)
        return [features] if isinstance(features, Tensor) else list(features)
