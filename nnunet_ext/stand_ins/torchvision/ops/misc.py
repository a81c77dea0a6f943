"""Stands in for torchvision.ops.misc."""

from ..placeholder import Placeholder


class FrozenBatchNorm2d(Placeholder):
    """timm asks whether a layer is one; none ever is."""
