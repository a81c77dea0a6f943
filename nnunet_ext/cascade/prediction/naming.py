"""How the files of a prediction are named."""

import re
from enum import StrEnum
from typing import Final

_LABELS: Final = {"sc": "SC", "whole": "tumor"}  # as `core.dialects` and the profiles of the conversion have them


class Naming(StrEnum):
    """A way of naming masks."""

    BIDS = "bids"
    """`sub-01/anat/sub-01_label-SC_desc-T2w_mask`, as the BIDS validator takes them."""

    NEUROPOLY = "neuropoly"
    """`derivatives/labels/sub-01/anat/sub-01_T2w_label-SC_seg`, as the labs keep their labels."""

    NNUNET = "nnunet"
    """One label map a case, `CASE.nii.gz`, as nnU-Net's own evaluation reads it."""


def output_stem(case: str, region: str, naming: Naming, kind: str, *, bids: bool) -> str:
    """Name one output of a case, without folder and ending; cord and lesion as `core.dialects` names them.

    Parameters
    ----------
    case
        The image's stem, or nnU-Net's identifier.
    region
        Of the model, or `centerline`.
    naming
        The way.
    kind
        The last part: `mask`, `probseg`, `disagreement`, `centerline`.
    bids
        Whether the case's name ends with a contrast.

    Examples
    --------
    >>> output_stem("sub-01_T2w", "sc", Naming.BIDS, "mask", bids=True)
    'sub-01_label-SC_desc-T2w_mask'
    >>> output_stem("sub-01_T2w", "whole", Naming.NEUROPOLY, "mask", bids=True)
    'sub-01_T2w_label-tumor_seg'
    """
    label = f"label-{label_name(region)}"
    if naming is Naming.BIDS and bids:
        # A BIDS mask may not keep its image's suffix: the contrast goes into `desc-`.
        entities, suffix = case.rsplit("_", 1)
        return f"{entities}_{label}_desc-{suffix}_{kind}"
    return f"{case}_{label}_{'seg' if naming is Naming.NEUROPOLY and kind == 'mask' else kind}"


def label_name(region: str) -> str:
    """Name a region as BIDS's entity `label`: letters and digits only."""
    return re.sub(r"[^0-9A-Za-z]", "", _LABELS.get(region, region)) or "region"
