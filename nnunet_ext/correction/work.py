"""What a page can ask of a desk, whatever carries its words."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Any, Final

import nnunet_ext
from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.core.errors import FileRefusedError, NnunetExtError
from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.draft import Draft
from nnunet_ext.correction.drafts import DraftFile
from nnunet_ext.correction.holds import Holds
from nnunet_ext.correction.image_file import ImageFile
from nnunet_ext.correction.marks_table import decided
from nnunet_ext.correction.open_case import OpenCase, about_image
from nnunet_ext.correction.open_cases import OpenCases
from nnunet_ext.correction.probability_file import probability_bytes
from nnunet_ext.correction.runs import Runs
from nnunet_ext.correction.save_case import finish_saving, save_case, was_saving
from nnunet_ext.correction.settle import settle
from nnunet_ext.correction.sittings import Sittings

_LOG: Final = logging.getLogger(__name__)
_NOT_USED: Final = frozenset({str(Action.REJECT), str(Action.DEFER)})
_OPEN: Final = "open"
_DRAFT: Final = "draft"
_SAVED: Final = "saved"


@dataclass(frozen=True, eq=False)
class Work:
    """A desk that is being worked at.

    Parameters
    ----------
    desk
        Which.
    holds
        Of its cases.
    allow
        Raises before a save where masks may not be written now.
    """

    desk: Desk
    holds: Holds
    allow: Callable[[], object]
    _cases: OpenCases
    _sittings: Sittings = field(default_factory=Sittings)
    _saving: Any = field(default_factory=Lock)

    @classmethod
    def at(cls, desk: Desk, holds: Holds, allow: Callable[[], object] = bool) -> "Work":
        """Begin."""
        return cls(desk, holds, allow, OpenCases(desk))

    def resume(self) -> None:
        """Finish what killed processes were saving."""
        for case in self.desk.cases:
            try:
                self._finish(case)
            except NnunetExtError as error:  # opening the case says so to the rater
                _LOG.warning("%s: its saving was interrupted and is not finished: %s", case.name, error)

    def queue(self, tab: str) -> dict[str, Any]:
        """List the cases with their states, as a tab sees them."""
        desk, actions = self.desk, self._decided()
        return {
            "title": desk.title,
            "rater": desk.rater,
            "blind": desk.blind,
            "policy": desk.policy,
            "version": nnunet_ext.__version__,
            "regions": [{"name": one.name, "label": one.label, "inside": one.inside or None} for one in desk.regions],
            "cases": [
                {
                    "id": case.number,
                    "name": case.name,
                    "reason": case.reason,
                    "score": case.score,
                    "state": self._state(case, actions),
                    "action": actions.get(case.name, ""),
                    "held_by": self.holds.held_by(case, tab),
                }
                for case in desk.cases
            ],
        }

    def open(self, case: DeskCase, tab: str) -> dict[str, Any]:
        """Give a case with its masks to a tab that holds it: its draft, else what was saved, else as given.

        Raises
        ------
        FileRefusedError
            Where the case cannot be read.
        NnunetExtError
            As `allow`, where its saving was interrupted.
        """
        opened = self._cases.renew(case)
        self._finish(case)
        unsaved, last, told = DraftFile(self.desk, case).read(opened)
        if unsaved is None:
            draft, more = self._settled(opened, last)
            told = (*told, *more)
        else:
            draft = unsaved
        self._sittings.begin(case.number, tab, draft)
        notes = [f"{region}: {note}" for region, layer in opened.given.items() for note in layer.notes]
        return {
            "id": case.number,
            "name": case.name,
            **about_image(opened),
            "regions": list(opened.regions),
            "probabilities": [region for region in opened.regions if region in case.probabilities],
            "given": _as_json({region: layer.runs for region, layer in opened.given.items()}),
            "draft": unsaved is not None,
            **draft.content(),
            "image_bytes": ImageFile.of(opened.image).size,
            "notes": [*opened.image.notes, *notes, *told],
        }

    def opened(self, case: DeskCase) -> OpenCase:
        """Give a case that a tab holds."""
        return self._cases.get(case)

    def probability(self, case: DeskCase, region: str) -> bytearray:
        """Give the probability of a region of which there is one; see `probability_bytes`."""
        return probability_bytes(case.probabilities[region], self.opened(case).image)

    def keep_draft(self, case: DeskCase, tab: str, draft: Draft) -> dict[str, Any]:
        """Keep what is not saved yet; where a case is saved and nothing was changed since, there is no draft."""
        opened, file = self.opened(case), DraftFile(self.desk, case)
        if not file.exists() and case.name in self._decided() and not self._sittings.changed(case.number, tab, draft):
            return {"state": _SAVED}
        file.write(self._sittings.bounded(case.number, tab, draft), opened)
        return {"state": _DRAFT}

    def save(self, case: DeskCase, tab: str, draft: Draft, action: Action) -> dict[str, Any]:
        """Save a case.

        Raises
        ------
        DataRefusedError
            Where what is drawn cannot be used; it stays as a draft.
        NnunetExtError
            As `allow`; it stays as a draft, too.
        """
        opened = self.opened(case)
        bounded = self._sittings.bounded(case.number, tab, draft)
        with self._saving:
            DraftFile(self.desk, case).write(bounded, opened)
            self.allow()
            settled = settle(self.desk, opened, bounded, action, datetime.now().astimezone())
            files = save_case(self.desk, opened, settled)
        self._sittings.begin(case.number, tab, bounded)
        return {
            "state": _SAVED,
            "action": str(settled.action),
            "files": list(files),
            "notes": list(settled.notes),
            "next": self._next(case, tab),
        }

    def finish(self) -> None:
        """Return when nothing is being saved."""
        with self._saving:
            pass

    def _finish(self, case: DeskCase) -> None:
        if was_saving(self.desk, case):
            self.allow()
            finish_saving(self.desk, self.opened(case))

    def _next(self, case: DeskCase, tab: str) -> int | None:
        """Give the next case in the queue that is not saved and that nobody else holds, from the start again."""
        actions, cases = self._decided(), self.desk.cases
        at = cases.index(case) + 1
        left = (
            one.number
            for one in (*cases[at:], *cases[: at - 1])
            if self._state(one, actions) != _SAVED and not self.holds.held_by(one, tab)
        )
        return next(left, None)

    def _state(self, case: DeskCase, actions: Mapping[str, str]) -> str:
        if DraftFile(self.desk, case).exists():
            return _DRAFT
        return _SAVED if case.name in actions else _OPEN

    def _decided(self) -> dict[str, str]:
        try:
            return decided(self.desk)
        except FileRefusedError:  # saving says so, by name
            return {}

    def _settled(self, opened: OpenCase, last: Draft | None) -> tuple[Draft, tuple[str, ...]]:
        """Give what was settled last: its masks as they stand, unless they were not to be used."""
        action = self._decided().get(opened.case.name, "")
        if last is not None and action in _NOT_USED:
            return last, ()
        masks, told = opened.standing()
        if last is None:
            return Draft(masks), told
        return replace(last, masks=masks, absent=tuple(name for name in last.absent if not len(masks[name]))), told


def _as_json(masks: Mapping[str, Runs]) -> dict[str, Any]:
    return {region: {"runs": runs.ravel().tolist()} for region, runs in masks.items()}
