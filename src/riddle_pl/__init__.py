"""RiDDLE-PL: reversible and diversified face de-identification in StyleGAN2's W+ space."""

__version__ = "0.1.0"
