"""Parts of a round's page: which cases were chosen and why, and which labels deserve a second look."""

from collections import Counter
from collections.abc import Mapping

from nnunet_ext.active_learning.query.stratum import SUSPECT
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.tables import NOTHING, TableRow, filled, finite_number
from nnunet_ext.report.round.round_tables import RoundTables
from nnunet_ext.report.rounded import rounded
from nnunet_ext.report.section import Section

_VOLUMES = ("missing_cord_mm3", "extra_cord_mm3", "missing_lesion_mm3", "extra_lesion_mm3")


def chosen_section(tables: RoundTables) -> Section:
    """List the cases with the reason, the stratum, the score and the rater of each."""
    scores = {row["case"]: row for row in tables.scores or ()}
    of_case: dict[str, list[TableRow]] = {}
    for row in tables.query:
        of_case.setdefault(row["case"], []).append(row)
    named = any(filled(row, "rater") for row in tables.query)
    columns = ("Case", "Site", "Stratum", "Score", "Why", "To be checked", *(("Raters",) if named else ()))
    rows = []
    for case, asked in of_case.items():
        alarms = ", ".join(split_list(filled(scores.get(case, {}), "alarms")))
        raters = ", ".join(filled(row, "rater") for row in asked)
        first = asked[0]
        why = first["reason"].removesuffix(f"; to be checked: {alarms}")
        cells = (case, first["site"], first["stratum"], short(first["score"]), why, alarms or "–")
        rows.append((*cells, raters) if named else cells)
    return Section("chosen", "Chosen cases", _lead(tables, of_case), columns, rows, " ".join(_notes(tables)))


def suspects_section(tables: RoundTables) -> Section:
    """List the labelled cases that deserve a second look, the most volume first."""
    title = "Labels to look at again"
    if tables.suspects is None:
        return Section("suspects", title, "No labelled case was looked at out of fold in this round.")
    found = [row for row in tables.suspects if filled(row, "reason")]
    lead = (
        f"{len(tables.suspects)} labelled cases were predicted by a fold that never saw them; in {len(found)} the "
        f"model is sure and the label says otherwise. {_asked_again(tables)}"
    )
    if not found:
        return Section("suspects", title, lead)
    rows = [
        (row["case"], row["site"], row["fold"], *(short(row[name]) for name in _VOLUMES), row["reason"])
        for row in sorted(found, key=lambda row: (-_volume(row), row["case"]))
    ]
    columns = (
        "Case",
        "Site",
        "Fold",
        *(f"{name.removesuffix('_mm3').replace('_', ' ').capitalize()}, mm³" for name in _VOLUMES),
    )
    return Section("suspects", title, lead, (*columns, "Why"), rows)


def _asked_again(tables: RoundTables) -> str:
    taken = len({row["case"] for row in tables.query if row["stratum"] == SUSPECT})
    if not taken:
        return "They are no part of the round: nobody was asked to correct them."
    return f"{taken} of them {'is' if taken == 1 else 'are'} in the round, with the label to edit."


def short(cell: str) -> str:
    """Round a number of a table as people read it; a dash where there is none."""
    value = finite_number(cell)
    return "–" if value is None else rounded(value)


def _volume(row: TableRow) -> float:
    return sum(finite_number(row[name]) or 0.0 for name in _VOLUMES)


def _lead(tables: RoundTables, of_case: Mapping[str, list[TableRow]]) -> str:
    first = [rows[0] for rows in of_case.values()]
    scored = len(tables.scores) if tables.scores is not None else len(first)
    strata = Counter(row["stratum"] for row in first)
    sites = Counter(row["site"] for row in first if row["site"] != NOTHING)
    strategy = first[0]["strategy"] if first else NOTHING
    said = f"{len(first)} of {scored} images that could be asked for, by strategy {strategy}: {_counts(strata)}"
    return f"{said}; by site: {_counts(sites)}." if sites else f"{said}."


def _notes(tables: RoundTables) -> list[str]:
    said = [str(note) for note in tables.said.get("notes", ())]
    said += [f"Not scored: {case}: {reason}" for case, reason in dict(tables.said.get("unscored", {})).items()]
    return [f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in said]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
