"""Stands in for torchvision.transforms.functional."""

from enum import Enum


class InterpolationMode(Enum):
    """The modes that timm makes a table of at import."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"
