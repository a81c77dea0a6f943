"""How the files of a prediction are named."""

from enum import StrEnum

from nnunet_ext.core.names import derivative_stem, label_name


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
        return derivative_stem(case, label, kind)
    return f"{case}_{label}_{'seg' if naming is Naming.NEUROPOLY and kind == 'mask' else kind}"
