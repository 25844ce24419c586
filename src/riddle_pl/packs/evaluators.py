"""Networks that judge results and train nothing, as a pack of public checkpoints that users import themselves."""

from riddle_pl.networks.recogniser import IRSE50_CROP, MOBILEFACENET_CROP, CropBox
from riddle_pl.packs.manifest import Manifest, WeightEntry

FACENET_CROP = CropBox(43 / 256, 241 / 256, 52 / 256, 198 / 256)
"""Where MTCNN's box, with the margin of 14 px in 160 that FaceNet was trained with, falls in an FFHQ-aligned image.

The median of 200 photos of LFW (its sides vary by 8 to 14 px); both axes go to 160 px, as in facenet-pytorch.
"""

_SQUARE_CROP = CropBox(8 / 64, 57 / 64, 7.5 / 64, 56.5 / 64)
"""As :data:`MOBILEFACENET_CROP`, with the template widened from 96 to 112 px on both sides."""

_FACENET = {"crop": vars(FACENET_CROP), "input_size": [160, 160]}
_FIVE_POINTS = {"crop": vars(MOBILEFACENET_CROP), "input_size": [112, 96]}
_FACENET_PAPER = "Schroff et al., FaceNet: A Unified Embedding for Face Recognition and Clustering, CVPR 2015"
_FACENET_ORIGIN = "https://github.com/timesler/facenet-pytorch (release v2.2.9)"

_ENTRIES = (
    WeightEntry(
        role="facenet-casia",
        arch="facenet",
        file="20180408-102900-casia-webface.pt",
        format="facenet",
        license="MIT (code); trained on CASIA-WebFace, research use",
        origin=_FACENET_ORIGIN,
        citation=_FACENET_PAPER,
        args=_FACENET,
    ),
    WeightEntry(
        role="facenet-vggface2",
        arch="facenet",
        file="20180402-114759-vggface2.pt",
        format="facenet",
        license="MIT (code); trained on VGGFace2, research use",
        origin=_FACENET_ORIGIN,
        citation=_FACENET_PAPER,
        args=_FACENET,
    ),
    WeightEntry(
        role="sphereface",
        arch="sphereface",
        file="sphere20a_20171020.pth",
        format="sphereface",
        license="MIT (paper's code), unstated (port); trained on CASIA-WebFace, research use",
        origin="https://github.com/clcarwin/sphereface_pytorch (model/sphere20a_20171020.7z)",
        citation="Liu et al., SphereFace: Deep Hypersphere Embedding for Face Recognition, CVPR 2017",
        args=_FIVE_POINTS,
    ),
    WeightEntry(
        role="irse50",
        arch="irse50",
        file="model_ir_se50.pth",
        format="irse50",
        license="MIT (code); trained on MS1M, research use",
        origin="https://github.com/TreB1eN/InsightFace_Pytorch (IR-SE50 @ Onedrive)",
        citation="Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR 2019",
        args={"crop": vars(IRSE50_CROP), "input_size": [112, 112]},
    ),
    WeightEntry(
        role="mobilefacenet",
        arch="mobilefacenet",
        file="068.ckpt",
        format="mobilefacenet",
        license="unstated; trained on CASIA-WebFace, research use",
        origin="https://github.com/Xiaoccer/MobileFaceNet_Pytorch (model/best/068.ckpt)",
        citation="Chen et al., MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification, CCBR 2018",
        args=_FIVE_POINTS,
    ),
    WeightEntry(
        role="mobilefacenet-ncnn",
        arch="mobilefacenet",
        file="mobilefacenet1.bin",
        format="ncnn_mobilefacenet",
        license="unstated; training data unstated",
        origin="https://github.com/CrD1997/mobilefacenet_ncnn (mobilefacenet1)",
        citation="Chen et al., MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification, CCBR 2018",
        args={"crop": vars(_SQUARE_CROP), "input_size": [112, 112]},
    ),
    WeightEntry(
        role="inception",
        arch="fid_inception",
        file="pt_inception-2015-12-05-6726825d.pth",
        format="fid_inception",
        license="Apache-2.0; trained on ImageNet",
        origin="https://github.com/mseitzer/pytorch-fid (release fid_weights)",
        citation="Heusel et al., GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium, "
        "NeurIPS 2017",
    ),
)

EVALUATORS = Manifest(name="evaluators", size=256, networks={entry.role: entry for entry in _ENTRIES})
"""Recognisers of the paper's tables and others, and FID's network. Its size is the paper's; they take any."""
