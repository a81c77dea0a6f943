"""What manual-correction must be told, so that it finds the masks of a report and does not start from empty ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.core.names import LABEL_TAILS, Dialect
from nnunet_ext.report.review.case_view import CaseView

_CORD: Final = "sc"
_OURS: Final = {region: f"_{tail}" for region, tail in LABEL_TAILS[Dialect.NEUROPOLY].items()}


@dataclass(frozen=True)
class CorrectionFlags:
    """Flags of manual_correction.py (spinalcordtoolbox/manual-correction, 02ffb36).

    Parameters
    ----------
    flags
        `-path-label`, `-suffix-files-seg` and `-suffix-files-lesion`, with their values.
    found
        Whether the masks of this report are named so; without, those of `predict --naming neuropoly` are.
    """

    flags: str
    found: bool


def correction_flags(cases: Sequence[CaseView]) -> CorrectionFlags:
    """Work out the flags: it looks for a mask under its image's name and one suffix for cord, and one for lesions."""
    cord = {suffix for case in cases for region, suffix in case.suffixes.items() if region == _CORD}
    lesion = {suffix for case in cases for region, suffix in case.suffixes.items() if region != _CORD}
    known = [next(iter(found)) if len(found) == 1 else "" for found in (cord, lesion)]
    named = bool(any(known)) and all(one or not there for one, there in zip(known, (cord, lesion), strict=True))
    first, second = known if named else ("", "")
    flags = (
        f"-path-label OUT/derivatives/labels -suffix-files-seg {first or _OURS['sc']} "
        f"-suffix-files-lesion {second or _OURS['lesion']}"
    )
    return CorrectionFlags(flags, named)
