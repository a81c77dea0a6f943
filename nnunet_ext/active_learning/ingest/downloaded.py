"""Masks that a page without a server saved by download: their names say which image they were drawn on."""

import re
from dataclasses import dataclass
from typing import Final

from nnunet_ext.core.names import image_stem

DIGEST_LENGTH: Final = 12
"""Of the image's SHA-256, so many characters stand in the name."""

_AGAIN: Final = re.compile(r"(?: ?\(\d+\)|-\d+)(?=(?:\.nii)?(?:\.gz)?$)", re.ASCII)
"""What browsers put in where a file of that name was saved before."""

_NAME: Final = re.compile(rf"(?P<mask>.+)__(?P<digest>[0-9a-f]{{{DIGEST_LENGTH}}})", re.ASCII)


@dataclass(frozen=True)
class Downloaded:
    """What the name of such a file says.

    Parameters
    ----------
    mask
        The mask's name, without ending.
    digest
        The beginning of the SHA-256 of the image that it was drawn on.
    """

    mask: str
    digest: str


def downloaded(file_name: str) -> Downloaded | None:
    """Take the name of a saved mask apart; None where it is no such name.

    Examples
    --------
    >>> downloaded("sub-01_T2w_label-lesion_seg__0123456789ab (1).nii.gz")
    Downloaded(mask='sub-01_T2w_label-lesion_seg', digest='0123456789ab')
    >>> downloaded("sub-01_T2w_label-lesion_seg__0123456789ab.nii (2).gz").digest
    '0123456789ab'
    >>> downloaded("sub-01_T2w_label-lesion_seg.nii.gz") is None
    True
    """
    found = _NAME.fullmatch(image_stem(_AGAIN.sub("", file_name)) or "")
    return None if found is None else Downloaded(found["mask"], found["digest"])


def mask_stem_of(file_name: str) -> str | None:
    """Give a mask's name without ending, and without what such a file has behind it; None where it is no image."""
    found = downloaded(file_name)
    return image_stem(file_name) if found is None else found.mask
