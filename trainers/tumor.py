"""The trainer for tumours of the spinal cord."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from nnunet_ext.trainers.sci import nnUNetTrainerSCI


class nnUNetTrainerTumor(nnUNetTrainerSCI):
    """`nnUNetTrainerSCI` for tumour core, cavity, oedema and the whole, on T2w and T1w with gadolinium.

    For the target `tumor` (Lemay et al. 2021, NeuroImage: Clinical 31:102766). The whole is the union of its parts; a
    voxel that was drawn as tumour and as none of its parts has label 4, counts as whole, and is neither lost nor
    given to a part. A contrast is left out of a quarter of the patches each, never both, so that the model works with
    either one alone: a missing one is given as zeros, as ``nnunet_ext convert --missing-channel zero`` does.
    """

    augmentation: ClassVar[Mapping[str, Any]] = MappingProxyType({"channel_dropout_probability": 0.5})
