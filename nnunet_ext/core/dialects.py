"""How labs name a label file, given the name of its image."""

from enum import StrEnum
from typing import Final, Literal

from nnunet_ext.core.names import derivative_stem

LabelClass = Literal["sc", "lesion"]


class Dialect(StrEnum):
    """A way of naming the label of `sub-01_T2w`."""

    NEUROPOLY = "neuropoly"
    """Today's labs: `derivatives/labels/sub-01/anat/sub-01_T2w_label-SC_seg`."""

    MANUAL = "manual"
    """The older one, still in the field: `.../sub-01_T2w_seg-manual`, `.../sub-01_T2w_lesion-manual`."""

    BIDS = "bids"
    """What the BIDS validator takes: `.../sub-01_label-SC_desc-T2w_mask`."""


LABEL_TAILS: Final[dict[Dialect, dict[LabelClass, str]]] = {
    Dialect.NEUROPOLY: {"sc": "label-SC_seg", "lesion": "label-lesion_seg"},
    Dialect.MANUAL: {"sc": "seg-manual", "lesion": "lesion-manual"},
    Dialect.BIDS: {"sc": "label-SC", "lesion": "label-lesion"},
}


def label_stem(image_stem: str, label_class: LabelClass, dialect: Dialect) -> str:
    """Name the label of an image.

    Parameters
    ----------
    image_stem
        The image's file name without folder and ending, such as `sub-01_ses-02_acq-sag_T2w`.
    label_class
        `sc` (the cord, its lesions included) or `lesion`.
    dialect
        The naming to follow.

    Returns
    -------
    str
        The label's file name without folder and ending.

    Examples
    --------
    >>> label_stem("sub-01_acq-sag_T2w", "sc", Dialect.NEUROPOLY)
    'sub-01_acq-sag_T2w_label-SC_seg'
    >>> label_stem("sub-01_acq-sag_T2w", "lesion", Dialect.BIDS)
    'sub-01_acq-sag_label-lesion_desc-T2w_mask'
    """
    tail = LABEL_TAILS[dialect][label_class]
    if dialect is not Dialect.BIDS:
        return f"{image_stem}_{tail}"
    return derivative_stem(image_stem, tail, "mask")
