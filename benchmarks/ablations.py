"""`nnUNetTrainerSCI` with a part taken away, for `trainer_gain.py --trainer-variant`: what is the part worth?"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from nnunet_ext.trainers.sci import nnUNetTrainerSCI


class nnUNetTrainerSCISharpBorders(nnUNetTrainerSCI):  # noqa: N801 - nnU-Net's naming
    """Lesion borders only as they were drawn."""

    augmentation: ClassVar[Mapping[str, Any]] = MappingProxyType({"border_probability": 0.0})


class nnUNetTrainerSCIAlwaysSpoiled(nnUNetTrainerSCI):  # noqa: N801 - as above
    """The whole augmentation, however short the training."""

    augmentation: ClassVar[Mapping[str, Any]] = MappingProxyType({"full_after_steps": 0})


class nnUNetTrainerSCIUnspoiled(nnUNetTrainerSCI):  # noqa: N801 - as above
    """nnU-Net's own augmentation alone: no thick slices, bias, metal, ghosts, noise nor other borders."""

    augmentation: ClassVar[Mapping[str, Any]] = MappingProxyType(
        dict.fromkeys(
            (
                "thick_slices_probability",
                "bias_probability",
                "metal_probability",
                "ghosting_probability",
                "noise_probability",
                "border_probability",
            ),
            0.0,
        )
    )


class nnUNetTrainerSCIInjected(nnUNetTrainerSCI):  # noqa: N801 - as above
    """Lesions in half of the patches of cords that have none."""

    augmentation: ClassVar[Mapping[str, Any]] = MappingProxyType({"inject_lesion_probability": 0.5})


class nnUNetTrainerSCINotInjected(nnUNetTrainerSCI):  # noqa: N801 - as above
    """No injected lesion, whatever the spine plan derived."""

    augmentation: ClassVar[Mapping[str, Any]] = MappingProxyType({"inject_lesion_probability": 0.0})
