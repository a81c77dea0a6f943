"""The rules that fit a model's regions."""

from typing import Final

from nnunet_ext.cascade.prediction.post_processing import PostProcessing
from nnunet_ext.core.labels import Labelling

_TUMOUR_MM3: Final = {"core": 200.0, "edema": 500.0, "cavity": 500.0}
_WHOLE: Final = "whole"


def default_post_processing(regions: Labelling) -> PostProcessing:
    """Choose rules by the names of the regions.

    For a tumour with its core, oedema and cavity they are those of Lemay et al. 2021 (NeuroImage: Clinical 31:102766):
    probabilities above one half, holes filled, and no core below 200 mm³, no oedema and no cavity below 500 mm³. All
    other models' segmentations are left as they are: a small lesion may be a real one.
    """
    if not set(_TUMOUR_MM3) <= set(regions.names):
        return PostProcessing()
    filled = tuple(name for name in regions.names if name in {_WHOLE, *_TUMOUR_MM3})
    return PostProcessing(fill_holes=filled, smallest_mm3=tuple(_TUMOUR_MM3.items()))
