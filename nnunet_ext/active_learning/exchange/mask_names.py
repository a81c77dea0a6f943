"""How the masks of any region are named in the labs' dialects, and in BIDS."""

from typing import Final

from nnunet_ext.cascade.prediction.case_files import Naming, output_stem
from nnunet_ext.core.names import LABEL_TAILS, Dialect, label_name

_NAMINGS: Final = {Dialect.NEUROPOLY: Naming.NEUROPOLY, Dialect.BIDS: Naming.BIDS}


def mask_stem(image_stem: str, region: str, dialect: Dialect) -> str:
    """Name the mask of a region, without ending; `parse_mask_name` reads every one of these names.

    Examples
    --------
    >>> mask_stem("sub-01_T2w", "lesion", Dialect.NEUROPOLY)
    'sub-01_T2w_label-lesion_seg'
    >>> mask_stem("sub-01_T2w", "edema", Dialect.MANUAL)
    'sub-01_T2w_edema-manual'
    """
    if dialect is not Dialect.MANUAL:
        return output_stem(image_stem, region, _NAMINGS[dialect], "mask", bids=True)
    tails = {str(label): tail for label, tail in LABEL_TAILS[dialect].items()}
    return f"{image_stem}_{tails.get(region, f'{label_name(region)}-manual')}"


def mask_suffix(region: str, dialect: Dialect) -> str:
    """Give what a mask's name has behind its image's, `_label-SC_seg`; empty where the dialect puts it elsewhere."""
    return "" if dialect is Dialect.BIDS else mask_stem("", region, dialect)
