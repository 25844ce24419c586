"""Images and features of one training step, computed once, on first use."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.losses.code_space import CodeSpace
from riddle_pl.losses.views import View, unchanged_view

ORIGINAL = "x"
PRODUCED = ("x_enc1", "x_enc2", "x_dec", "x_wrong1", "x_wrong2")
"""x*: two encryptions with different passwords, the recovery of the first, two wrong decryptions of the first."""
SHARED = "shared"
"""Extra codes for validation: every face encrypted with the first face's password."""

Role = Literal["recogniser", "perceptual", "parser"]
FeatureNetwork = Callable[[Tensor], Any]
Draw = Callable[[Float[Tensor, "b n d"]], Float[Tensor, "b 3 h w"]]


@dataclass
class StepFeatures:
    """The six codes and images of a step, keyed ``x``, ``x_enc1``, ``x_enc2``, ``x_dec``, ``x_wrong1``, ``x_wrong2``.

    Args:
        latents: W+ codes by name, optionally with ``shared``; with ``repeats``, one token for each group of equal
            layers.
        x: the target image in about [-1, 1], detached; None: G(w), computed on first use.
        generator: G, code to image.
        networks: feature networks by role; ``None`` where there is none.
        views: augmentations that the recogniser sees of each face.
        code_space: the space in which terms on codes compare them, if any.
        repeats: number of layers that each token of ``latents`` stands for; None: one each.
    """

    latents: Mapping[str, Float[Tensor, "b t d"]]
    x: Float[Tensor, "b 3 h w"] | None
    generator: Draw
    networks: Mapping[Role, FeatureNetwork | None]
    views: Sequence[View] = (unchanged_view,)
    code_space: CodeSpace | None = None
    repeats: Sequence[int] | None = None
    _images: dict[str, Tensor] = field(init=False, repr=False)
    _whitened: dict[str, Tensor] = field(default_factory=dict, init=False, repr=False)
    _cache: dict[Role, dict[str, list[Tensor]]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._images = {} if self.x is None else {ORIGINAL: self.x.detach()}

    def latent(self, name: str) -> Float[Tensor, "b n d"]:
        """w, w_enc, w_dec or w_wrong."""
        return self._all_layers(self.latents[name])

    def whitened(self, name: str) -> Float[Tensor, "b n d"]:
        """A code in the partially whitened space of :class:`CodeSpace`.

        Raises:
            ConfigError: the step has no code space.
        """
        if name not in self._whitened:
            if self.code_space is None:
                raise ConfigError("a loss term compares whitened codes, and this step has no space for them")
            self._whitened[name] = self._all_layers(self.code_space(self.latents[name]))
        return self._whitened[name]

    def image(self, name: str) -> Float[Tensor, "b 3 h w"]:
        """x, x_enc, x_dec or x_wrong."""
        self.draw([name])
        return self._images[name]

    def embedding(self, name: str) -> Float[Tensor, "b d"]:
        """R of an image: unit embeddings of all views, concatenated, so that a cosine is the mean over views."""
        return self._features("recogniser", name)[0]

    def perceptual(self, name: str) -> list[Tensor]:
        """F_p of an image: feature maps (b, c, h, w) of several layers."""
        return self._features("perceptual", name)

    def parse(self, name: str) -> Float[Tensor, "b classes h w"]:
        """F_s of an image: logits per class."""
        return self._features("parser", name)[0]

    def draw(self, names: Iterable[str]) -> None:
        """Synthesises the missing ones of these images in one call of the generator."""
        wanted = set(names) - self._images.keys()
        if ORIGINAL in wanted:
            with torch.no_grad():
                self._images[ORIGINAL] = self.generator(self.latent(ORIGINAL))
        missing = [name for name in PRODUCED if name in wanted]
        if missing:
            together = self.generator(torch.cat([self.latent(name) for name in missing]))
            self._images.update(zip(missing, together.chunk(len(missing)), strict=True))

    def fetch(self, role: Role, names: Iterable[str]) -> None:
        """Computes the features of several images: the generated ones in one call, x without gradients.

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

    def _all_layers(self, tokens: Tensor) -> Tensor:
        if self.repeats is None:
            return tokens
        runs = zip(tokens.split(1, dim=1), self.repeats, strict=True)
        return torch.cat([token.expand(-1, layers, -1) for token, layers in runs], dim=1)

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
