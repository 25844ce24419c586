"""What is measured, and as which number: the names that scores, reports and tables share."""

from enum import StrEnum


class Measure(StrEnum):
    """What a row of a report says."""

    DEIDENTIFICATION = "de-identification"
    RECOVERY = "recovery"
    WRONG_PASSWORD = "wrong password"
    NEAR_MISS = "one character off"
    TWO_PASSWORDS = "two passwords, one face"
    INVERSION = "inversion"
    STRANGERS = "two different people"
    DIVERSITY = "diversity"
    MSE = "MSE"
    LPIPS = "LPIPS (VGG)"
    PACK_FEATURES = "pack_features"
    """The distance of a pack's own features. Not LPIPS, and not to be compared with it."""
    SSIM = "SSIM"
    PSNR = "PSNR"
    FACE_DETECTION = "face detection"
    BOX_DISTANCE = "box distance"
    LANDMARK_DISTANCE = "landmark distance"
    FID = "FID"
    """The Fréchet distance on Inception's features of 2015."""
    FD = "FD"
    """The Fréchet distance on the features of another network, which reports name behind it: ``FD-facenet``."""

    @classmethod
    def read(cls, name: str) -> "Measure":
        """The measure that a report calls ``name``.

        Raises:
            ValueError: there is none.
        """
        return cls.FD if name.startswith(f"{cls.FD}-") else cls(name)


class Statistic(StrEnum):
    """As which number."""

    RATE = "rate"
    PASSED_RATE = "rate of faces passed"
    """Over the faces that the quality gate lets pass."""
    RANK_1 = "rank-1"
    MEAN_COSINE = "mean cosine"
    MEAN = "mean"
    DB = "dB"
    PX = "px"
    DISTANCE = "distance"
    MEAN_DISTANCE = "mean distance"
    DIFFERENT_PEOPLE = "different people"


PERCEPTUAL = {"lpips_vgg": Measure.LPIPS, "pack_features": Measure.PACK_FEATURES}
"""The distance in the feature maps of a network, by its architecture."""
