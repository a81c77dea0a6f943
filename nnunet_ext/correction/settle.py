"""What becomes of a case that a rater leaves: the checks of `active ingest`, on what is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from nnunet_ext.active_learning.ingest.opinion import Opinion, form_opinion
from nnunet_ext.active_learning.ingest.read_case import CaseMask
from nnunet_ext.active_learning.ingest.record import taken_in
from nnunet_ext.active_learning.ingest.words import KEPT, Action, Word
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.labels import CORD
from nnunet_ext.core.tables import Row
from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.draft import Draft
from nnunet_ext.correction.effort_table import effort_row
from nnunet_ext.correction.marks_table import row_of, word_of
from nnunet_ext.correction.open_case import OpenCase
from nnunet_ext.correction.runs import Runs, mask_of, runs_of

_SCT_DATE: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, eq=False)
class Settled:
    """All that is to be written of a case, so that it can be written again after a kill.

    Parameters
    ----------
    action
        What became of it.
    notes
        What the checks have to say, for people.
    masks
        Of the regions that are kept.
    made_by
        For each of these the entries for its sidecar, the last of them this correction.
    marks, effort
        Rows of the tables.
    draft
        What was drawn and said.
    """

    action: Action
    notes: tuple[str, ...]
    masks: Mapping[str, Runs]
    made_by: Mapping[str, tuple[Mapping[str, Any], ...]]
    marks: tuple[Row, ...]
    effort: Row
    draft: Draft


def settle(desk: Desk, opened: OpenCase, draft: Draft, asked: Action, now: datetime) -> Settled:
    """Settle what becomes of a case.

    Each mask that was changed is edited, and each that was not is accepted as it stands. A region that was not given,
    in which nothing was drawn and of which nobody said that there is nothing, stays open.

    Parameters
    ----------
    desk, opened
        The case.
    draft
        What is drawn and said.
    asked
        What the rater says.
    now
        For the record.

    Raises
    ------
    DataRefusedError
        Where what is drawn cannot be used; see `form_opinion`.
    """
    drawn = {region: mask_of(runs, opened.shape) for region, runs in draft.masks.items()}
    given = {region: layer.mask(opened.shape) for region, layer in opened.given.items()}
    kept = asked in KEPT
    regions = [one for one in drawn if given[one].path or drawn[one].any() or one in draft.absent or not kept]
    changed = {region: not np.array_equal(drawn[region], given[region].data) for region in regions}
    if not regions:
        raise DataRefusedError("nothing was given and nothing is drawn: draw it, or say that there is nothing")
    if kept:
        _refuse_contradictions(draft, drawn, asked, any_changed=any(changed.values()) or bool(draft.absent))
    words: list[Word] = []
    for region in regions:
        own = Action.EDIT if changed[region] else Action.ACCEPT
        comment = "; ".join(filter(None, (_absent(region, draft), draft.comment if not words else "")))
        words.append(word_of(region, own if kept else asked, None if words else draft.spent.minutes, comment))
    masks = {region: CaseMask(drawn[region], opened.case.output[region]) for region in regions if kept}
    files = {region: (mask,) for region, mask in masks.items()}
    opinion = form_opinion(desk.rater, words, files, given, opened.image, desk.policy)
    if kept and opinion.action not in KEPT:
        raise DataRefusedError("; ".join(opinion.reasons))
    return Settled(
        opinion.action,
        opinion.reasons,
        {region: runs_of(mask) for region, mask in opinion.masks.items()} if kept else {},
        {region: _entries(desk, opened, region, words, opinion, draft, now) for region in opinion.masks if kept},
        tuple(row_of(word, opened.case) for word in words),
        effort_row(desk, opened.case, opinion, draft.spent),
        draft,
    )


def _refuse_contradictions(draft: Draft, drawn: Mapping[str, Any], asked: Action, *, any_changed: bool) -> None:
    for region in draft.absent:
        if drawn[region].any():
            count = int(np.count_nonzero(drawn[region]))
            raise DataRefusedError(f"{region}: said to be absent, and {count} voxels are drawn; remove them")
    if asked is Action.EDIT and not any_changed:
        raise DataRefusedError("nothing was changed: accept it, if all is right as it is")


def _absent(region: str, draft: Draft) -> str:
    """Say that there is nothing of a region, in words that `said_absent` knows."""
    return f"no {'cord' if region == CORD else region}" if region in draft.absent else ""


def _entries(
    desk: Desk,
    opened: OpenCase,
    region: str,
    words: list[Word],
    opinion: Opinion,
    draft: Draft,
    now: datetime,
) -> tuple[Mapping[str, Any], ...]:
    effort = opinion.efforts[region]
    action = next((str(word.action) for word in words if word.of(region)), "")
    given = opened.given[region]
    facts = {
        "Author": desk.rater,
        "Date": now.strftime(_SCT_DATE),
        "Region": region,
        "GivenSHA256": given.sha256,
        "Minutes": draft.spent.minutes,
        "VoxelsChanged": effort.voxels_changed,
        "ObjectsAdded": effort.objects_added,
        "ObjectsRemoved": effort.objects_removed,
    }
    return (*given.made_by, taken_in(action, desk.rater, facts))
