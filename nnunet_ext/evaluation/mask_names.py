"""Which case and which region a mask's file name speaks of."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ENDINGS: Final = (".nii.gz", ".nii")

_LABELLED: Final = re.compile(
    r"(?P<case>.+?)_label-(?P<label>[0-9A-Za-z]+)(?:_desc-(?P<contrast>[0-9A-Za-z]+))?_(?:mask|seg|dseg)"
)
_WRITTEN: Final = {"sc": ("sc", "cord"), "whole": ("whole", "tumor")}  # as BIDS names and the labs write a region
_CORD: Final = "sc"
_BIDS_PART: Final = re.compile(r"(?:^|_)(sub-[0-9A-Za-z+]+(?:_.+)?)$")


@dataclass(frozen=True)
class MaskName:
    """What a mask's name says: the stem of its image, or nnU-Net's identifier, and the region."""

    case: str
    region: str


def parse_mask_name(stem: str, regions: Iterable[str]) -> MaskName | None:
    """Take the name of a region's mask apart; None where it is no such name.

    Parameters
    ----------
    stem
        File name without ending.
    regions
        Names of the regions to look for.

    Examples
    --------
    >>> parse_mask_name("sub-01_T2w_label-SC_seg", ["sc"])
    MaskName(case='sub-01_T2w', region='sc')
    >>> parse_mask_name("sub-01_acq-sag_label-lesion_desc-T2w_mask", ["lesion"])
    MaskName(case='sub-01_acq-sag_T2w', region='lesion')
    >>> parse_mask_name("sub-01_T2w_lesion-manual", ["sc", "lesion"])
    MaskName(case='sub-01_T2w', region='lesion')
    """
    written = {word.lower(): region for region in regions for word in _words(region)}
    match = _LABELLED.fullmatch(stem)
    if match is not None:
        found = written.get(match["label"].lower())
        contrast = f"_{match['contrast']}" if match["contrast"] else ""
        return None if found is None else MaskName(match["case"] + contrast, found)
    tails = {f"_{word}{end}": region for word, region in written.items() for end in ("_seg", "-manual", "")}
    if _CORD in written.values():
        tails |= {"_seg-manual": _CORD, "_seg": _CORD}
    for tail in sorted(tails, key=len, reverse=True):  # `_lesion_seg` before `_seg`
        if stem.lower().endswith(tail) and len(stem) > len(tail):
            return MaskName(stem[: -len(tail)], tails[tail])
    return None


def strip_ending(file_name: str) -> str | None:
    """Drop `.nii.gz` or `.nii`; None where the name has neither, or is hidden."""
    if file_name.startswith("."):
        return None
    return next((file_name[: -len(ending)] for ending in ENDINGS if file_name.lower().endswith(ending)), None)


def bids_stem(case: str) -> str:
    """Give the BIDS stem in nnU-Net's identifier ``{dataset}_{BIDS stem}``; the identifier where it holds none.

    Examples
    --------
    >>> bids_stem("zurich_sub-01_T2w")
    'sub-01_T2w'
    """
    match = _BIDS_PART.search(case)
    return case if match is None else match[1]


def _words(region: str) -> tuple[str, ...]:
    plain = re.sub(r"[^0-9A-Za-z]", "", region)
    return _WRITTEN.get(region, (region, plain))
