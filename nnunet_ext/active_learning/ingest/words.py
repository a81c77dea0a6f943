"""What a rater says about a case, beside what the masks show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

CONSENSUS_RATER: Final = "consensus"
"""Stands for the rater where all raters' opinions were made one; a folder of that name decides where they differ."""


class Action(StrEnum):
    """What became of a case, or of one of its masks."""

    ACCEPT = "accept"
    """Right as it was given out."""

    EDIT = "edit"
    """Changed; as a word before the change, that it has to be changed."""

    REJECT = "reject"
    """Not to be used: the image is no good, or not what it should be."""

    DEFER = "defer"
    """Nothing is settled: not looked at, put off, or refused on coming back."""


KEPT = frozenset({Action.ACCEPT, Action.EDIT})
"""What training sees."""


class Weight(IntEnum):
    """How plainly a file speaks: where several say something of a mask, the plainest counts."""

    LIST = 0
    """`FILES_*` and `CORR_*`: who skipped a mask, looked at it or changed it is listed alike. It settles nothing."""

    QC_LIST = 1
    """`qc_fail.yml`, `qc_artifact.yml`: of an image, and not surely of which mask."""

    SCT_REPORT = 2
    """`qc_report.json` of SCT: of an image and a command."""

    REVIEW_PAGE = 3
    """`qc.json` of our review page: of an image and its regions."""

    MARKS = 4
    """`marks.tsv`, which a rater writes for this purpose."""


@dataclass(frozen=True)
class Word:
    """What one place of one file says of a case.

    Parameters
    ----------
    source
        The file, and the line where there is one, for people.
    weight
        How plainly the file speaks.
    action
        None where none is said.
    regions
        Of which masks; empty for all.
    slices
        Those that were looked at, as they stand there; empty for all.
    minutes
        That it took; None where it is not said.
    comment
        Whatever else is said.
    """

    source: str
    weight: Weight
    action: Action | None = None
    regions: tuple[str, ...] = ()
    slices: str = ""
    minutes: float | None = None
    comment: str = ""

    def of(self, region: str) -> bool:
        """Tell whether it is about a region."""
        return not self.regions or region in self.regions


@dataclass(frozen=True)
class Said:
    """What was found in the folders that a rater gave back.

    Parameters
    ----------
    words
        For each case, in no order that matters.
    problems
        What could not be read, or names no case.
    """

    words: Mapping[str, tuple[Word, ...]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def join_said(several: Sequence[Said]) -> Said:
    """Put together what was found in several places."""
    words: dict[str, tuple[Word, ...]] = {}
    for said in several:
        for case, found in said.words.items():
            words[case] = (*words.get(case, ()), *found)
    return Said(words, tuple(problem for said in several for problem in said.problems))
