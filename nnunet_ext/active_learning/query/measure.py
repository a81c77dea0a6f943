"""Which columns of the scores a strategy goes by, and what they say in words for a rater."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from nnunet_ext.active_learning.query.candidate import Candidate

REGIONS: Final = ("lesion", "cord")
"""What cases are scored for; what people correct first stands first."""

_PASSES: Final = re.compile(r"(folds|mirrored|shifted) (\d+)")
_PASS_WORDS: Final = {"folds": "folds", "mirrored": "mirrored views", "shifted": "shifted views"}


@dataclass(frozen=True)
class Measure:
    """A sum of a kind of score over regions.

    Parameters
    ----------
    kind
        What stands before the region in the names of the columns.
    regions
        Over which.
    """

    kind: Literal["entropy", "bald", "disagreement", "claspe"]
    regions: tuple[str, ...] = REGIONS

    def of(self, candidate: Candidate) -> float | None:
        """Add up what is defined, so that a missing score never lifts a case; None where none is.

        Raises
        ------
        DataRefusedError
            Where a score is a word or not finite.
        """
        found = [value for region in self.regions if (value := candidate.measure(self._column(region))) is not None]
        return sum(found) if found else None

    def scored(self, pool: Sequence[Candidate]) -> "Measure":
        """Leave out the regions that no case of a pool has a score for: its target has them not."""
        found = [
            region
            for region in self.regions
            if any(candidate.measure(self._column(region)) is not None for candidate in pool)
        ]
        return Measure(self.kind, tuple(found))

    def words(self, candidate: Candidate, position: int, among: int) -> str:
        """Say why a case stands where it does.

        Parameters
        ----------
        candidate
            One that has a score.
        position, among
            Its place by this measure, from 1, and of how many.
        """
        present = [region for region in self.regions if candidate.measure(self._column(region)) is not None]
        about = " and about ".join(_object(candidate, region) for region in present)
        doubt = "is unsure" if self.kind in ("entropy", "claspe") else "disagree"
        who = "the model" if doubt == "is unsure" else _passes(candidate)
        missing = "".join(f", no score for the {region}" for region in self.regions if region not in present)
        return f"{who} {doubt} about {about} (score {self.of(candidate):.3g}, number {position} of {among}{missing})"

    def _column(self, region: str) -> str:
        return f"{self.kind}_{region}"


def _object(candidate: Candidate, region: str) -> str:
    volume = candidate.measure(f"{region}_mm3")
    if region == "cord":
        known = "the cord" if volume is None else f"the cord ({_shown(volume)} mm3)"
        return "whether there is a cord (none is predicted)" if volume == 0 else known
    if volume is None:
        return f"the {region}s"
    if volume == 0:
        return f"whether there is a {region} (none is predicted)"
    count = candidate.measure(f"{region}_count") or 1
    size = f"{_shown(volume)} mm3"
    return f"a {region} of {size}" if count == 1 else f"{count:.0f} {region}s of {size} in all"


def _shown(volume: float) -> str:
    return f"{volume:.0f}" if volume >= 10 else f"{volume:.2g}"


def _passes(candidate: Candidate) -> str:
    """Name what was compared, as the column `passes` has it: `folds 5`."""
    several = [(kind, int(n)) for kind, n in _PASSES.findall(candidate.row.get("passes", "")) if int(n) > 1]
    return f"the {several[0][1]} {_PASS_WORDS[several[0][0]]}" if several else "repeated predictions"
