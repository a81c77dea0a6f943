"""What became of one mask, by what the rater said and what the mask shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.active_learning.ingest.words import KEPT, Action, Weight, Word

_SAID_ABSENT: Final = r"\b(?:no|without)\s+(?:{names})\b"
_NAMES: Final = {"sc": r"(?:sc|(?:spinal )?cord)(?!\s+lesion)", "lesion": r"(?:\w+\s+)?lesions?"}


@dataclass(frozen=True)
class Decision:
    """What became of a mask, and why."""

    action: Action
    reasons: tuple[str, ...] = ()


def decide(words: Sequence[Word], *, changed: bool) -> Decision:
    """Settle what became of a mask.

    A mask that was changed is edited, and one that was not is accepted only where somebody said so plainly: a list of
    files that are done says nothing, for those that were skipped are listed as well.

    Parameters
    ----------
    words
        All that are about this mask.
    changed
        Whether any voxel is another than was given out.
    """
    plainest = max((word.weight for word in words if word.action is not None), default=None)
    spoken = [word for word in words if word.action is not None and word.weight == plainest]
    actions = {word.action for word in spoken}
    sources = ", ".join(sorted({word.source for word in spoken}))
    if actions & KEPT and actions - KEPT:
        return Decision(Action.DEFER, (f"{sources}: says {' and '.join(sorted(map(str, actions - {None})))}",))
    told = tuple(sorted({f"{word.source}: {word.comment}" for word in spoken if word.comment}))
    for final in (Action.REJECT, Action.DEFER):
        if final in actions:
            more = ("changed all the same",) if changed else ()
            return Decision(final, (*(told or (f"{sources}: {final}",)), *more))
    if changed:
        return Decision(Action.EDIT, told)
    if actions == {Action.ACCEPT}:
        return Decision(Action.ACCEPT, told)
    if Action.EDIT in actions:
        return Decision(Action.DEFER, (f"{sources}: to be corrected, and as it was given out", *told))
    listed = sorted({word.comment for word in words if word.weight is Weight.LIST})
    why = "as it was given out, and nobody said that it is right (marks.tsv, action accept)"
    return Decision(Action.DEFER, (why, *listed))


def said_absent(words: Sequence[Word], region: str) -> bool:
    """Tell whether somebody said that an image has nothing of a region, in a comment.

    Examples
    --------
    >>> word = Word("marks.tsv", Weight.MARKS, comment="No cord lesions seen")
    >>> said_absent([word], "lesion"), said_absent([word], "sc")
    (True, False)
    """
    names = _NAMES.get(region, re.escape(region))
    return any(re.search(_SAID_ABSENT.format(names=names), word.comment, re.IGNORECASE) for word in words)


def minutes_of(words: Sequence[Word]) -> float | None:
    """Add up the minutes that the plainest file tells of a case; None where none does."""
    timed = {word for word in words if word.minutes is not None}
    plainest = max((word.weight for word in timed), default=None)
    found = [word.minutes for word in timed if word.weight == plainest and word.minutes is not None]
    return sum(sorted(found)) if found else None
