"""The cases of a round as the pages show them: predicted masks, why they were chosen, and what came back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from nnunet_ext.active_learning.exchange.page_cases import PageCase
from nnunet_ext.active_learning.ingest.for_training import for_training
from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER, Action
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.tables import NOTHING, Row, TableRow, filled, finite_number
from nnunet_ext.core.workers import Progress, run_all
from nnunet_ext.report.review.case_view import CaseView
from nnunet_ext.report.review.view_case import view_case
from nnunet_ext.report.round.round_tables import RoundTables
from nnunet_ext.report.sources.record import CaseRecord, MaskFile

ACTION_WORDS: Final[Mapping[str, str]] = {
    Action.ACCEPT: "accepted", Action.EDIT: "edited", Action.REJECT: "rejected", Action.DEFER: "put off",
}  # fmt: skip
_OF_SCORES: Final = ("lesion_mm3", "cord_mm3", "domain_distance")


def round_cases(tables: RoundTables, rater: str | None, n_procs: int, progress: Progress | None) -> list[CaseView]:
    """Draw the cases, in the order of the query.

    Where a mask was edited, the one that counts is drawn beside the prediction, as the reference.

    Parameters
    ----------
    rater
        Whose: in the order in which they read, with nothing that came back and no score, as they are to be blind to
        both; None for all.
    n_procs, progress
        As for `run_all`.
    """
    given = {one.case: one for one in tables.given if rater is None or one.rater == rater}
    of_case: dict[str, list[TableRow]] = {}
    for row in tables.query:
        if rater is None or filled(row, "rater") == rater:
            of_case.setdefault(row["case"], []).append(row)
    order = list(of_case) if rater is None else list(given)
    scores: dict[str, Row] = {row["case"]: row for row in tables.scores or ()}
    edited = _edited(tables) if rater is None else {}
    records = [
        _record(given[case], of_case[case][0], scores.get(case, {}), edited.get(case, {}), blind=rater is not None)
        for case in order
    ]
    views = run_all(view_case, records, (), n_procs, progress)
    return [
        replace(
            view,
            values=_values(of_case[view.name][0], scores.get(view.name, {}), tables, blind=rater is not None),
            about=_about(
                of_case[view.name], scores.get(view.name, {}), [] if rater is not None else _back(tables, view.name)
            ),
        )
        for view in views
    ]


def _record(given: PageCase, row: Row, scores: Row, edited: Mapping[str, MaskFile], *, blind: bool) -> CaseRecord:
    return CaseRecord(
        name=given.case,
        site=filled(row, "site"),
        contrast=filled(row, "contrast"),
        subject=filled(row, "subject"),
        session=filled(row, "session"),
        image=given.images[0],
        reference={} if blind else edited,
        prediction={region: MaskFile(path) for region, path in given.masks.items()},
        warnings=tuple(f"to be checked: {alarm}" for alarm in split_list(filled(scores, "alarms"))),
    )


def _edited(tables: RoundTables) -> dict[str, dict[str, MaskFile]]:
    """Give the masks that count of the cases that somebody edited."""
    rows = tables.back or ()
    cases = {row["case"] for row in rows if row["action"] == Action.EDIT}
    return {
        one.case: {region: MaskFile(path) for region, (path, _) in one.masks.items() if path.is_file()}
        for one in for_training(rows, tables.one.corrected)
        if one.case in cases
    }


def _values(row: TableRow, scores: Row, tables: RoundTables, *, blind: bool) -> dict[str, float | None]:
    found = {column: finite_number(scores.get(column, NOTHING)) for column in _OF_SCORES}
    if blind:
        return {column: found[column] for column in _OF_SCORES[:2]}
    back = _back(tables, row["case"])
    sums: dict[str, float | None] = {}
    for column in ("voxels_changed", "minutes"):
        there = [value for one in back if (value := finite_number(one[column])) is not None]
        sums[column] = sum(there) if there and _is_back(back) else None
    return {"rank": row.number("rank"), "score": row.number("score"), **found, **sums}


def _is_back(rows: Sequence[Row]) -> bool:
    return any(row["action"] != Action.DEFER for row in rows)


def _back(tables: RoundTables, case: str) -> list[TableRow]:
    """Give what raters said of a case; nothing of the consensus."""
    return [row for row in tables.back or () if row["case"] == case and row["rater"] != CONSENSUS_RATER]


def _about(asked: Sequence[Row], scores: Row, back: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    raters = [filled(row, "rater") for row in asked]
    told = [("Why", _reason(asked[0], scores)), ("Stratum", asked[0]["stratum"])]
    if back or len(raters) > 1:
        told.append(("Rater", ", ".join(filter(None, raters))))
    told += [("Came back", "; ".join(map(_in_words, back)))] if back else []
    return tuple((label, text) for label, text in told if text)


def _reason(row: Row, scores: Row) -> str:
    """Give the reason without the alarms, which stand apart."""
    alarms = ", ".join(split_list(filled(scores, "alarms")))
    return row["reason"].removesuffix(f"; to be checked: {alarms}") if alarms else row["reason"]


def _in_words(row: Row) -> str:
    name = f"{row['rater']} " if filled(row, "rater") else ""
    said = f"{name}{ACTION_WORDS.get(row['action'], row['action'])}"
    if row["action"] == Action.EDIT:
        said += f", {_many(row['voxels_changed'], 'voxel')} in {_many(row['slices_changed'], 'slice')}"
    if filled(row, "minutes"):
        said += f", {row['minutes']} minutes"
    if filled(row, "reason"):
        said += f" ({row['reason']})"
    return said


def _many(number: str, noun: str) -> str:
    return f"{number} {noun}{'' if number == '1' else 's'}"
