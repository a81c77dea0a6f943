"""The trainer for multiple sclerosis on several contrasts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from nnunet_ext.trainers.sci import nnUNetTrainerSCI


class nnUNetTrainerMSLesion(nnUNetTrainerSCI):
    """`nnUNetTrainerSCI` for one model of multiple sclerosis lesions on T1w, T2w and T2*w.

    After Gros et al. 2019 (NeuroImage 184:901): lesion borders, on which raters agree least, are eroded or dilated in
    every second patch. Theirs was a model for each contrast; here one learns all, drawn equally often however many
    images there are of each.
    """

    augmentation: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {"border_probability": 0.5, "inject_lesion_kinds": ("ms",)}
    )
    balance_contrasts: ClassVar[bool] = True
