"""The networks of a pack in the parts that ONNX can hold, each with inputs to trace it by and to check it with."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from riddle_pl.errors import PackError
from riddle_pl.networks.code_model import GaussianCodeModel
from riddle_pl.networks.encryptors.context_reader import SIDE
from riddle_pl.networks.encryptors.padded import PaddedEncryptor
from riddle_pl.packs.pack import Pack


@dataclass(frozen=True)
class Part:
    """A network with one output, for any number of faces at a time.

    Args:
        name: of the file, without its ending.
        role: of the network in the pack that it is, or is a part of.
        network: in eval mode.
        inputs: by name, ``(b, ...)``, like those of real use.
        output: its name.
    """

    name: str
    role: str
    network: nn.Module
    inputs: Mapping[str, Tensor]
    output: str


def parts_of(pack: Pack, role: str, batch: int = 2, seed: int = 0) -> list[Part]:
    """The parts of a network, loaded from the pack.

    ============  ====================================  ===============================
    role          parts                                 input -> output
    ============  ====================================  ===============================
    generator     generator                             w (b n 512) -> image (b 3 h h)
    generator     mapping                               z (b 512) -> code (b 512)
    encoder       encoder                               image (b 3 h h) -> w (b n 512)
    code_model    code_model                            v (b k) -> w (b n 512)
    an encryptor  its role                              w, w_pwd (b n 512) -> w_out
    a padded one  its role + -coordinates               w (b n 512) -> v (b k), float64
    a padded one  its role + -codes                     v (b k) -> w (b n 512), float64
    a padded one  its role + -context                   around (b 4 32 32) -> context (b k)
    ============  ====================================  ===============================

    Between coordinates and codes of a padded encryptor stands :func:`riddle_pl.networks.encryptors.padded.pad`,
    arithmetic on 64-bit words that is no network. The third part is that of an encryptor that reads contexts, whose
    other parts take the context as their second input, in float64.

    Args:
        pack: images have its size.
        role: one of :attr:`riddle_pl.packs.Pack.exportable`.
        batch: faces in the inputs.
        seed: of the inputs.

    Raises:
        PackError, CheckpointError: see :meth:`riddle_pl.packs.Pack.load`; or the role is none of these.
    """
    if role not in pack.exportable:
        raise PackError(f"{role} cannot be exported; pack {pack.name} has {', '.join(pack.exportable)}")
    generator = pack.generator()
    w, w_pwd = (generator.broadcast(generator.random_w(batch, seed + number)).contiguous() for number in (0, 1))
    network = pack.load(role)
    if role == "generator":
        z = torch.randn(batch, generator.style_dim, generator=torch.Generator().manual_seed(seed))
        drawn = Part("generator", role, network, {"w": w}, "image")
        return [drawn, Part("mapping", role, generator.style, {"z": z}, "code")]
    if role == "encoder":
        with torch.no_grad():
            image = generator(w).clamp(-1.0, 1.0)
        return [Part(role, role, network, {"image": image}, "w")]
    if isinstance(network, GaussianCodeModel):
        return [Part(role, role, network, {"v": network.encode(w)}, "w")]
    if isinstance(network, PaddedEncryptor):
        return _padded_parts(role, network, w, seed)
    return [Part(role, role, network, {"w": w, "w_pwd": w_pwd}, "w_out")]


def _padded_parts(role: str, network: PaddedEncryptor, w: Float[Tensor, "b n d"], seed: int) -> list[Part]:
    around = torch.rand(len(w), 4, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
    context = network.read(around)
    with torch.no_grad():
        v = network.given(context).coordinates(w)
    given = {} if context is None else {"context": context}
    coordinates, codes = PaddedCoordinates(network).eval(), PaddedCodes(network).eval()
    parts = [
        Part(f"{role}-coordinates", role, coordinates, {"w": w.double()} | given, "v"),
        Part(f"{role}-codes", role, codes, {"v": v} | given, "w"),
    ]
    if network.reader is not None:
        parts.append(Part(f"{role}-context", role, network.reader, {"around": around}, "context"))
    return parts


class PaddedCoordinates(nn.Module):
    """:meth:`PaddedEncryptor.coordinates` in operations that ONNX has; decompositions of matrices are done before."""

    def __init__(self, encryptor: PaddedEncryptor):
        super().__init__()
        codes = encryptor.codes
        basis = codes.basis.double()
        self.groups = list(codes.groups)
        self.register_buffer("mean", codes.mean.double())
        self.register_buffer("projection", torch.linalg.solve(basis @ basis.T, basis).T.contiguous())
        self.flow = _Flow(encryptor, forward=True)
        self.register_buffer("inverse", torch.linalg.inv(_axes(encryptor)))

    mean: Tensor
    projection: Tensor
    inverse: Tensor

    def forward(
        self, w: Float64[Tensor, "b n d"], context: Float64[Tensor, "b k"] | None = None
    ) -> Float64[Tensor, "b k"]:
        grouped = torch.stack([part.mean(dim=1) for part in w.split(self.groups, dim=1)], dim=1)
        v: Tensor = self.flow((grouped - self.mean).flatten(1) @ self.projection)
        return (v if context is None else v - context) @ self.inverse


class PaddedCodes(nn.Module):
    """:meth:`PaddedEncryptor.decode` in operations that ONNX has."""

    def __init__(self, encryptor: PaddedEncryptor):
        super().__init__()
        codes = encryptor.codes
        self.dim = codes.dim
        self.register_buffer("mean", codes.mean.double())
        self.register_buffer("basis", codes.basis.double())
        self.register_buffer("group_of_layer", codes.group_of_layer)
        self.flow = _Flow(encryptor, forward=False)
        self.register_buffer("axes", _axes(encryptor))

    mean: Tensor
    basis: Tensor
    group_of_layer: Tensor
    axes: Tensor

    def forward(
        self, v: Float64[Tensor, "b k"], context: Float64[Tensor, "b k"] | None = None
    ) -> Float64[Tensor, "b n d"]:
        turned = v @ self.axes
        normal = self.flow(turned if context is None else turned + context)
        grouped = (normal @ self.basis).reshape(-1, len(self.mean), self.dim) + self.mean
        w: Tensor = grouped[:, self.group_of_layer]
        return w


def _axes(encryptor: PaddedEncryptor) -> Float64[Tensor, "k k"]:
    """Of the coordinates; given a context, where the encryptor reads one."""
    components = encryptor.codes.components
    reads = encryptor.reader is not None
    context = torch.zeros(1, components, dtype=torch.float64) if reads else None
    return encryptor.given(context).frame().axes.contiguous()


class _Flow(nn.Module):
    """:class:`riddle_pl.networks.encryptors.gaussianisation.Gaussianisation`, one way, without searches and solves."""

    def __init__(self, encryptor: PaddedEncryptor, forward: bool):
        super().__init__()
        flow = encryptor.flow
        self.forwards = forward
        rotations, places = flow.rotations.double(), flow.places.double()
        self.register_buffer("rotations", rotations if forward else torch.linalg.inv(rotations))
        self.register_buffer("places", places)
        self.register_buffer("slopes", flow.slopes.double() if forward else 1.0 / flow.slopes.double())
        self.register_buffer("normal", flow.normal.double())

    rotations: Tensor
    places: Tensor
    slopes: Tensor
    normal: Tensor

    def forward(self, v: Float64[Tensor, "b k"]) -> Float64[Tensor, "b k"]:
        layers = range(len(self.rotations))
        for layer in layers if self.forwards else reversed(layers):
            places, slope = self.places[layer], self.slopes[layer]
            normal = self.normal.expand(len(places), -1)
            if self.forwards:
                v = _piecewise(v @ self.rotations[layer], places, normal, slope)
            else:
                v = _piecewise(v, normal, places, slope) @ self.rotations[layer]
        return v


def _piecewise(
    v: Float64[Tensor, "b k"], start: Float64[Tensor, "k m"], end: Float64[Tensor, "k m"], slope: Float64[Tensor, "k"]
) -> Float64[Tensor, "b k"]:
    """As in ``gaussianisation``, with the piece found by comparison with every knot."""
    columns = v.T
    right = (start[:, None] < columns[:, :, None]).to(torch.int64).sum(dim=2).clamp(1, start.shape[1] - 1)
    left = right - 1
    x0, x1, y0, y1 = start.gather(1, left), start.gather(1, right), end.gather(1, left), end.gather(1, right)
    inside = y0 + (columns - x0) * (y1 - y0) / (x1 - x0)
    below = end[:, :1] + (columns - start[:, :1]) * slope[:, None]
    above = end[:, -1:] + (columns - start[:, -1:]) * slope[:, None]
    first = torch.where(columns < start[:, :1], below, inside)
    return torch.where(columns > start[:, -1:], above, first).T
