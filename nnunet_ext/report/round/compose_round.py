"""Putting the page of a round together, and the page that a rater gets."""

from collections.abc import Mapping, Sequence
from typing import Final

from nnunet_ext import __version__
from nnunet_ext.active_learning.ingest.effort_summary import effort_summary
from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER, Action
from nnunet_ext.core.tables import filled, finite_number
from nnunet_ext.report.rendering import shareable
from nnunet_ext.report.review.case_view import CaseView
from nnunet_ext.report.review.group_content import Figure, GroupContent
from nnunet_ext.report.review.marks import ROUND_MARKS
from nnunet_ext.report.review.review_columns import ReviewColumn
from nnunet_ext.report.round.at_desk import desk_sections
from nnunet_ext.report.round.came_back import came_back_sections
from nnunet_ext.report.round.chosen import chosen_section, suspects_section
from nnunet_ext.report.round.gain import ALL_SITES, MEASURES, gain_sections, main_measure
from nnunet_ext.report.round.round_tables import RoundTables
from nnunet_ext.report.rounded import rounded
from nnunet_ext.report.section import Section

_COLUMNS: Final = (
    ReviewColumn("rank", "Rank", "By which the query chose it, 1 first", 0, descending=False, major=True),
    ReviewColumn("score", "Score", "By which it was ranked in its stratum", 3, descending=True, major=True),
    ReviewColumn("lesion_mm3", "Predicted lesions, mm³", "", 0, descending=True, major=True),
    ReviewColumn("cord_mm3", "Predicted cord, mm³", "", 0, descending=False, major=True),
    ReviewColumn("domain_distance", "Distance to the training images", "Of intensities and spacing", 2, True, True),
    ReviewColumn("voxels_changed", "Voxels changed", "By all raters together", 0, descending=True, major=True),
    ReviewColumn("minutes", "Minutes", "Of all raters together", 1, descending=True, major=True),
)
_HOW: Final = (
    "Look at each case and mark it: accept what is right, edit what you will correct or have corrected in your viewer, "
    "reject an image that is no good, defer what you cannot settle. Then save qc.json from the menu Save marks, and "
    "put it into this folder, beside the masks: it comes back with them. PROTOCOL.md says how to draw."
)


def compose_round(tables: RoundTables, target: str, cases: Sequence[CaseView]) -> GroupContent:
    """Put the page of a round together.

    Parameters
    ----------
    tables
        What there is so far: of a table that is missing the page says so in a sentence.
    target
        Its name.
    cases
        See `round_cases`.
    """
    planned = f" of {tables.settings.rounds}" if tables.settings.rounds else ""
    title = f"Round {tables.one.number}{planned}: {target}"
    sections = (
        chosen_section(tables),
        *came_back_sections(tables),
        *desk_sections(tables),
        *gain_sections(tables),
        suspects_section(tables),
    )
    facts = {
        "model": " ".join(sorted({row["model_sha256"][:12] for row in tables.scores or ()})) or "–",
        "strategy": tables.query[0]["strategy"] if tables.query else tables.settings.strategy,
        "seed": str(tables.settings.seed),
    }
    return _content(title, _lead(tables), cases, "in the order of the query", sections, facts, _headlines(tables))


def compose_rater(tables: RoundTables, target: str, rater: str, cases: Sequence[CaseView]) -> GroupContent:
    """Put the page of a rater together: their cases, and of other people nothing."""
    title = f"Round {tables.one.number}: {target}, for {rater}" if rater else f"Round {tables.one.number}: {target}"
    lead = f"{len(cases)} cases to look at. {_HOW}"
    return _content(title, lead, cases, "in the order in which you read", (), {}, ())


def _content(
    title: str, lead: str, cases: Sequence[CaseView], order: str, sections: Sequence[Section],
    facts: Mapping[str, str], headlines: Sequence[Figure],
) -> GroupContent:  # fmt: skip
    there = {key for case in cases for key, value in case.values.items() if value is not None}
    problems = [f"{case.name}: {text}" for case in cases for text in case.problems]
    return GroupContent(
        title=title,
        lead=lead,
        cases=tuple(cases),
        order=order,
        columns=tuple(column for column in _COLUMNS if column.key in there),
        headlines=tuple(headlines),
        sites=None,
        plots=(),
        tables=(),
        curves=(),
        definitions={},
        symbols={},
        facts={"report by": f"nnunet_ext {__version__}", **facts},
        problems=tuple(dict.fromkeys(map(shareable, problems))),
        sections=tuple(sections),
        marks=ROUND_MARKS,
        case_pages=False,
    )


def _lead(tables: RoundTables) -> str:
    if tables.trained:
        return "The cases are chosen, corrected and trained on."
    if tables.back is None:
        return "The cases are chosen and with people; nothing was taken in yet."
    left = sum(row["action"] == Action.DEFER and row["rater"] != CONSENSUS_RATER for row in tables.back)
    if not left and tables.adjudicate:
        waiting = len({row["case"] for row in tables.adjudicate})
        return f"All raters are done, and in {waiting} cases they differ where somebody must decide."
    return (
        f"{left} answers are not back, or wait for a decision."
        if left
        else "Everything is back, and not trained on yet."
    )


def _headlines(tables: RoundTables) -> list[Figure]:
    cases = {row["case"] for row in tables.query}
    raters = {filled(row, "rater") for row in tables.query} - {""}
    found = [Figure("Cases", str(len(cases)), f"{len(raters)} raters" if raters else "one rater")]
    if tables.back is not None:
        total = effort_summary(tables.back)[-1]
        back = int(total["cases"]) - int(total[Action.DEFER])
        found.append(Figure("Answers back", f"{back} of {total['cases']}", f"{total[Action.REJECT]} of them rejected"))
        share = finite_number(total["share_accepted"])
        if share is not None:
            used = int(total[Action.ACCEPT]) + int(total[Action.EDIT])
            found.append(
                Figure("Accepted unmodified", f"{share:.0%}", f"{total[Action.ACCEPT]} of {used} used answers")
            )
        minutes = finite_number(total["minutes"])
        if minutes is not None:
            found.append(Figure("Minutes of people", rounded(minutes), f"for {total['timed_cases']} timed answers"))
    return [*found, *_reached(tables)]


def _reached(tables: RoundTables) -> list[Figure]:
    rows = [row for row in tables.matrix or () if row["site"] == ALL_SITES]
    measure = main_measure(rows)
    values = {int(row["round"]): value for row in rows if (value := finite_number(row[measure])) is not None}
    now, before = values.get(tables.one.number), values.get(tables.one.number - 1)
    if now is None:
        return []
    gain = "no round before it" if before is None else f"{now - before:+.3f} in this round"
    return [Figure(MEASURES[measure][0], f"{now:.3f}", f"{gain}, on the test set")]
