"""Parts of a round's page: gain and forgetting on the test set, site by site, and the minutes that they cost."""

from collections.abc import Mapping, Sequence
from typing import Final

from nnunet_ext.core.tables import Row, finite_number
from nnunet_ext.report.plots.budget_curves import budget_curves_plot
from nnunet_ext.report.round.round_tables import Minutes, RoundTables
from nnunet_ext.report.rounded import rounded
from nnunet_ext.report.section import Picture, Section

ALL_SITES: Final = "all"
MEASURES: Final[Mapping[str, tuple[str, int]]] = {
    "lesion_dice": ("Lesion Dice", 3), "cord_dice": ("Cord Dice", 3), "lesion_f1": ("Lesion F1", 3),
    "cord_area_mm2": ("Cord area, mm²", 1),
}  # fmt: skip
"""Columns of `matrix.tsv`, what they are called, and their digits."""

_FORGETTING: Final = {
    "first": ("Start", 3), "last": ("This round", 3), "best": ("Best", 3), "gain": ("Gain", 3),
    "backward_transfer": ("Backward transfer", 3), "cord_area_drift_percent": ("Cord area drift, %", 1),
    "lesions_newly_found": ("Lesions newly found", 0), "lesions_newly_lost": ("Lesions newly lost", 0),
}  # fmt: skip
_SIGNED: Final = frozenset({"gain", "backward_transfer", "cord_area_drift_percent"})
_MADE_HERE: Final = (
    "No labelled dataset stood at the beginning: the masks of the test set were made by correcting predictions of this "
    "loop, and favour the model that predicted them."
)


def main_measure(rows: Sequence[Row]) -> str:
    """Name the Dice that the loop is about: of lesions where there are any, else of the cord."""
    return "lesion_dice" if any(finite_number(row["lesion_dice"]) is not None for row in rows) else "cord_dice"


def gain_sections(tables: RoundTables) -> list[Section]:
    """Tell what the rounds brought: a matrix of sites and rounds a measure, forgetting, and the effort beside it."""
    if not tables.matrix:
        return [
            Section(
                "gain", "Gain", "The round is not trained yet: gain and forgetting come with nnunet_ext active train."
            )
        ]
    known = [column for column in MEASURES if _known(tables.matrix, column)]
    if not known:
        return [Section("gain", "Gain", "Nobody is tested on, so that no gain can be told.")]
    return [_matrix(tables, known), _forgetting(tables), _effort(tables)]


def _known(rows: Sequence[Row], column: str) -> bool:
    return any(finite_number(row[column]) is not None for row in rows)


def _matrix(tables: RoundTables, measures: Sequence[str]) -> Section:
    rows = tables.matrix or ()
    numbers = list(dict.fromkeys(row["round"] for row in rows))
    of = {(row["site"], row["round"]): row for row in rows}
    cases = {row["site"]: row["cases"] for row in rows}
    shown = []
    for measure in measures:
        title, digits = MEASURES[measure]
        for site in sorted(cases, key=lambda site: (site != ALL_SITES, site)):
            there = (of.get((site, number)) for number in numbers)
            values = (None if row is None else finite_number(row[measure]) for row in there)
            first = title if site == ALL_SITES else ""
            shown.append((first, _site(site), cases[site], *(_figure(value, digits) for value in values)))
    heads = ("At the start" if number == "0" else f"Round {number}" for number in numbers)
    waits = "" if tables.trained else "This round is not trained yet: these are the rounds before it. "
    lead = f"{waits}Means over the cases that are tested on, which are the same in each round."
    note = "" if tables.settings.dataset else _MADE_HERE
    columns = ("", "Site", "Cases", *heads)
    return Section("gain", "Gain, by site and round", lead, columns, shown, note, (_curve(tables),))


def _curve(tables: RoundTables) -> Picture:
    """Draw the main Dice of each site against the cases that were trained on by then."""
    rows = tables.matrix or ()
    measure = main_measure(rows)
    budgets = {0: 0}
    for past in tables.past:
        budgets[past.number] = budgets[past.number - 1] + past.used
    runs: dict[str, list[list[tuple[float, float | None]]]] = {}
    for row in rows:
        run = runs.setdefault(_site(row["site"]), [[]])[0]
        run.append((budgets[int(row["round"])], finite_number(row[measure])))
    title = MEASURES[measure][0]
    picture = budget_curves_plot(runs, title=f"{title} on the test set", axis=title, baseline=_site(ALL_SITES))
    return Picture(f"{title} by corrected cases", f"{title} of each site after each round, by corrected cases", picture)


def _forgetting(tables: RoundTables) -> Section:
    title = "Gain and forgetting"
    if not tables.forgetting or not tables.trained:
        return Section("forgetting", title, "The table of gain and forgetting is not there yet.")
    if tables.last_trained != tables.one.number:
        return Section("forgetting", title, f"It is told on the page of the last round, {tables.last_trained}.")
    rows = [
        (
            _site(row["site"]),
            *(
                _figure(finite_number(row[name]), digits, signed=name in _SIGNED)
                for name, (_, digits) in _FORGETTING.items()
            ),
        )
        for row in sorted(tables.forgetting, key=lambda row: (row["site"] != ALL_SITES, row["site"]))
    ]
    note = (
        "Gain: this round less the start. Backward transfer: this round less the round in which cases of the site came "
        "in last; below 0 the model has forgotten. Cord area drift: of the mean area, against the start."
    )
    return Section("forgetting", title, "", ("Site", *(head for head, _ in _FORGETTING.values())), rows, note)


def _effort(tables: RoundTables) -> Section:
    measures = list(dict.fromkeys((main_measure(tables.matrix or ()), "lesion_f1")))
    measures = [measure for measure in measures if _known(tables.matrix or (), measure)]
    rows: list[tuple[str, ...]] = []
    for past in tables.past:
        brought = [_brought(tables, past.number, measure) for measure in measures]
        gain, minutes = brought[0][1] if brought else None, past.people.minutes
        per_hour = None if gain is None or not minutes else gain / minutes * 60
        cells = [text for now, more in brought for text in (_figure(now, 3), _figure(more, 3, signed=True))]
        took = (*_took(past.people), _short(past.training_minutes))
        rows.append((f"Round {past.number}", str(past.used), *took, *cells, _figure(per_hour, 3, signed=True)))
        rows += [(one.rater, "", *_took(one), *[""] * (len(cells) + 2)) for one in past.raters]
    gains = [head for measure in measures for head in (MEASURES[measure][0], "Gain")]
    people = ("Minutes of people", "Timed answers", "Minutes an answer", "Minutes of training")
    columns = ("", "Cases used", *people, *gains, "Gain an hour of people")
    note = (
        "Minutes of people: of the timed answers alone, which the desk and marks.tsv tell. Gain: against the round "
        f"before; an hour of people brought so much {MEASURES[measures[0]][0] if measures else 'Dice'}. One round's "
        "gain may be chance."
    )
    return Section("effort", "Minutes beside gain", "", columns, rows, note)


def _brought(tables: RoundTables, number: int, measure: str) -> tuple[float | None, float | None]:
    """Give what a round reached over all sites, and what it gained on the round before."""
    reached = {row["round"]: finite_number(row[measure]) for row in tables.matrix or () if row["site"] == ALL_SITES}
    now, before = reached.get(str(number)), reached.get(str(number - 1))
    return now, None if now is None or before is None else now - before


def _took(people: Minutes) -> tuple[str, ...]:
    return _short(people.minutes if people.timed else None), str(people.timed), _short(people.each)


def _site(site: str) -> str:
    return "All sites" if site == ALL_SITES else site


def _short(value: float | None) -> str:
    return "–" if value is None else rounded(value)


def _figure(value: float | None, digits: int, *, signed: bool = False) -> str:
    if value is None:
        return "–"
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
