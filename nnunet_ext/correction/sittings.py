"""How long a tab has had a case: no page can claim more time than passed."""

import time
from dataclasses import dataclass, replace
from threading import Lock

from nnunet_ext.correction.draft import Draft


@dataclass(frozen=True, eq=False)
class _Sitting:
    began: float
    shown: Draft


class Sittings:
    """The tabs that opened cases on this server."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: dict[tuple[int, str], _Sitting] = {}

    def begin(self, number: int, tab: str, shown: Draft) -> None:
        """Note what a tab was shown of a case, or what it saved."""
        with self._lock:
            self._of[number, tab] = _Sitting(time.monotonic(), shown)

    def changed(self, number: int, tab: str, draft: Draft) -> bool:
        """Tell whether something else is drawn or said than was shown."""
        sitting = self._of.get((number, tab))
        return sitting is None or not draft.same(sitting.shown)

    def bounded(self, number: int, tab: str, draft: Draft) -> Draft:
        """Take from what a draft says of its time whatever cannot have passed."""
        sitting = self._of.get((number, tab))
        most = 0.0 if sitting is None else sitting.shown.spent.seconds + time.monotonic() - sitting.began
        return replace(draft, spent=replace(draft.spent, seconds=min(draft.spent.seconds, most)))
