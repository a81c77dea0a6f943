"""Parts of a round's page: what came back from whom, how far raters agree, and what they differ in."""

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from nnunet_ext.active_learning.ingest.effort_summary import ALL_RATERS, effort_summary
from nnunet_ext.core.tables import NOTHING, Row, TableRow, finite_number
from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.round.round_tables import RoundTables
from nnunet_ext.report.rounded import rounded
from nnunet_ext.report.section import Section

_OTHERS: Final = "majority_of_others"
_ROUNDED: Final = frozenset({"minutes", "each"})
_TITLES: Final = {
    "cases": "Cases", "accept": "Accepted", "edit": "Edited", "reject": "Rejected", "defer": "Not back, or put off",
    "share_accepted": "Accepted unmodified", "voxels_changed": "Voxels changed", "slices_changed": "Slices changed",
    "objects_added": "Objects added", "objects_removed": "Objects removed", "minutes": "Minutes",
    "timed_cases": "Timed cases", "each": "Minutes a case",
}  # fmt: skip


def came_back_sections(tables: RoundTables) -> list[Section]:
    """Tell what each rater did and what it took, and where several raters had a case how far they agree."""
    title = "What came back"
    if tables.back is None:
        return [
            Section("back", title, "Nothing was taken in yet: nnunet_ext active ingest reads what people send back.")
        ]
    summary = effort_summary(tables.back)
    shown = summary if len(summary) > 2 else summary[-1:]
    shown = [{**row, "each": _each(row)} for row in shown]
    rows = [(_name(row["rater"]), *(_cell(name, row[name]) for name in _TITLES)) for row in shown]
    note = "Accepted unmodified: of the cases that were accepted or edited. Minutes: of the timed cases alone."
    found = [Section("back", title, "", ("Rater", *_TITLES.values()), rows, note)]
    if tables.agreement:
        found.append(_agreement(tables.agreement))
    if len(summary) > 2:
        found.append(_adjudicate(tables))
    return found


def _agreement(rows: Sequence[TableRow]) -> Section:
    raters = {row["rater"] for row in rows}
    fair = raters | ({_OTHERS} if len(raters) > 2 else set())
    dice: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        value = finite_number(row["dice"])
        if value is not None and row["against"] in fair:
            dice.setdefault((row["region"], row["rater"], row["against"]), []).append(value)
    shown = [
        (
            region_name(region).capitalize(), rater, against.replace("_", " "), str(len(values)),
            f"{fmean(values):.3f}", f"{min(values):.3f}",
        )
        for (region, rater, against), values in sorted(dice.items())
    ]  # fmt: skip
    note = "Over the cases and regions that both looked at. agreement.tsv has all figures, those of the consensus, too."
    columns = ("Region", "Rater", "Against", "Cases", "Mean Dice", "Lowest Dice")
    return Section("agreement", "Agreement of raters", "", columns, shown, note)


def _adjudicate(tables: RoundTables) -> Section:
    title = "Cases to adjudicate"
    if not tables.adjudicate:
        return Section("adjudicate", title, "None: wherever all raters are done, their masks have become one.")
    rows = [
        (
            row["case"],
            region_name(row["region"]),
            row["raters"],
            _cell("lowest_dice", row["lowest_dice"]),
            row["reason"],
        )
        for row in tables.adjudicate
    ]
    lead = (
        "Somebody must decide, and the round is not trained until then: nnunet_ext active correct with --rater "
        "consensus, or save the masks that are to count in to_correct/consensus; then ingest again."
    )
    return Section("adjudicate", title, lead, ("Case", "Region", "Raters", "Lowest Dice", "Why"), rows)


def _each(row: Row) -> str:
    minutes, timed = finite_number(row["minutes"]), finite_number(row["timed_cases"])
    return f"{minutes / timed:g}" if minutes is not None and timed else NOTHING


def _name(rater: str) -> str:
    return "Everybody" if rater in (NOTHING, ALL_RATERS) else rater


def _cell(column: str, text: str) -> str:
    value = finite_number(text)
    if value is None:
        return "–"
    return f"{value:.0%}" if column == "share_accepted" else rounded(value) if column in _ROUNDED else text
