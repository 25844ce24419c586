"""Packs of public checkpoints, which users fetch or import themselves; nothing of them ships with this package.

An address is given only where it is known to be stable; several of these files live on drives that ask for a browser.
"""

from riddle_pl.packs.evaluators import EVALUATORS
from riddle_pl.packs.manifest import Manifest, WeightEntry

_IRSE50_CROP = {"top": 35 / 256, "bottom": 223 / 256, "left": 32 / 256, "right": 220 / 256}
_STYLEGAN2_PAPER = "Karras et al., Analyzing and Improving the Image Quality of StyleGAN, CVPR 2020"
_E4E_PAPER = "Tov et al., Designing an Encoder for StyleGAN Image Manipulation, SIGGRAPH 2021"

_RECOGNISER = WeightEntry(
    role="recogniser",
    arch="irse50",
    file="model_ir_se50.pth",
    format="irse50",
    license="MIT (code); trained on MS1M, research use",
    origin="https://github.com/TreB1eN/InsightFace_Pytorch (IR-SE50 @ Onedrive)",
    citation="Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR 2019",
    args={"crop": _IRSE50_CROP, "input_size": [112, 112]},
)
_PERCEPTUAL = WeightEntry(
    role="perceptual",
    arch="lpips_vgg",
    file="vgg16-397923af.pth",
    format="vgg16",
    sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    license="BSD-3-Clause (torchvision); trained on ImageNet",
    origin="torchvision, VGG16_Weights.IMAGENET1K_V1",
    url="https://download.pytorch.org/models/vgg16-397923af.pth",
    citation="Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018",
)
_PARSER = WeightEntry(
    role="parser",
    arch="parser_unet",
    file="parsenet.pth",
    format="parsenet",
    license="unstated; trained on CelebAMask-HQ, non-commercial research",
    origin="https://github.com/ldz666666/RiDDLE (data and pretrained models)",
    citation="Lee et al., MaskGAN: Towards Diverse and Interactive Facial Image Manipulation, CVPR 2020",
)
_FACE_MASK = WeightEntry(
    role="face_mask",
    arch="bisenet",
    file="79999_iter.pth",
    format="bisenet",
    license="MIT (code); trained on CelebAMask-HQ, non-commercial research",
    origin="https://github.com/zllrunning/face-parsing.PyTorch (pretrained model, Google Drive)",
    citation="Yu et al., BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation, ECCV 2018",
)


def _by_role(*entries: WeightEntry) -> dict[str, WeightEntry]:
    return {entry.role: entry for entry in entries}


FFHQ256 = Manifest(
    name="ffhq256",
    size=256,
    networks=_by_role(
        WeightEntry(
            role="generator",
            arch="stylegan2",
            file="stylegan2-ffhq-256.pt",
            format="stylegan2",
            license="NVIDIA Source Code License-NC (architecture); trained on FFHQ, CC BY-NC-SA 4.0",
            origin="https://github.com/ldz666666/RiDDLE (data and pretrained models)",
            citation=_STYLEGAN2_PAPER,
            args={"size": 256},
        ),
        WeightEntry(
            role="encoder",
            arch="e4e",
            file="e4e_ffhq_encode_256.pt",
            format="e4e",
            license="MIT (code); trained on FFHQ, CC BY-NC-SA 4.0",
            origin="https://github.com/ldz666666/RiDDLE (data and pretrained models)",
            citation=_E4E_PAPER,
            args={"num_layers": 14},
        ),
        _RECOGNISER,
        _PERCEPTUAL,
        _PARSER,
        _FACE_MASK,
        WeightEntry(
            role="encryptor",
            arch="transformer_paper",
            file="iteration_90000.pt",
            format="riddle",
            license="unstated; research use",
            origin="https://github.com/ldz666666/RiDDLE (data and pretrained models)",
            citation="Li et al., RiDDLE: Reversible and Diversified De-identification with Latent Encryptor, CVPR 2023",
            tokens="single",
        ),
    ),
)
"""The paper's pack: 256 px, 14 layers."""

FFHQ1024 = Manifest(
    name="ffhq1024",
    size=1024,
    networks=_by_role(
        WeightEntry(
            role="generator",
            arch="stylegan2",
            file="stylegan2-ffhq-config-f.pt",
            format="stylegan2",
            license="NVIDIA Source Code License-NC; trained on FFHQ, CC BY-NC-SA 4.0",
            origin="https://github.com/omertov/encoder4editing (auxiliary models)",
            citation=_STYLEGAN2_PAPER,
            args={"size": 1024},
        ),
        WeightEntry(
            role="encoder",
            arch="e4e",
            file="e4e_ffhq_encode.pt",
            format="e4e",
            license="MIT (code); trained on FFHQ, CC BY-NC-SA 4.0",
            origin="https://github.com/omertov/encoder4editing (pretrained models, FFHQ inversion)",
            citation=_E4E_PAPER,
            args={"num_layers": 18},
        ),
        _RECOGNISER,
        _PERCEPTUAL,
        _PARSER,
        _FACE_MASK,
    ),
)
"""1024 px, 18 layers: the size for which StyleGAN2 and e4e are publicly released; it has no public encryptor."""

PUBLIC_PACKS = {pack.name: pack for pack in (FFHQ256, FFHQ1024, EVALUATORS)}
