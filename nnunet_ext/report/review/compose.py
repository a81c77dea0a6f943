"""Putting the group page's content together from what was gathered and drawn."""

import re
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Final

import pandas as pd

from nnunet_ext import __version__
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.tables import NOTHING, Row, finite_number, read_table
from nnunet_ext.report.curves import training_figure
from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.rendering import shareable
from nnunet_ext.report.review.case_view import CaseView
from nnunet_ext.report.review.group_content import Figure, GroupContent, Plot
from nnunet_ext.report.review.group_plots import group_plots
from nnunet_ext.report.review.lesion_notes import lesion_notes
from nnunet_ext.report.review.review_columns import ReviewColumn, columns_of
from nnunet_ext.report.rounded import rounded, rounded_p
from nnunet_ext.report.site_table import site_table
from nnunet_ext.report.sources.found import Found
from nnunet_ext.report.table import Table

_SUMMARY: Final = ("site", "region", "metric", "n_cases", "n_used", "mean", "sd")
_P_VALUE: Final = re.compile(r"(?:^|_)p(?:_|$)")
_KINDS: Final = {".svg": "svg+xml", ".png": "png"}
_BIOMARKERS: Final = (
    "lesion", "volume_mm3", "length_mm", "width_mm", "max_equivalent_diameter_mm", "max_axial_damage_ratio",
    "midsagittal_length_mm", "midsagittal_width_mm", "dorsal_bridge_mm", "ventral_bridge_mm", "total_bridge_mm",
    "bridge_is_proxy",
)  # fmt: skip


def compose(title: str, cases: Sequence[CaseView], found: Sequence[Found], viewer: str) -> GroupContent:
    """Put the group page together.

    Parameters
    ----------
    title
        Of the page.
    cases, found
        All of them, refused ones too, and the folders.
    viewer
        Name of the viewer's page; empty where there is none.
    """
    definitions = {column: entry for one in found for column, entry in one.definitions.items()}
    columns = columns_of(cases, definitions)
    leading = _leading(columns)
    failed = [f"{case.name}: {text}" for case in cases for text in case.problems]
    notes = lesion_notes(cases, found)
    failed += [problem for one in found for problem in one.problems]
    sites = _sites(found, failed)
    curves = _curves(found, failed)
    return GroupContent(
        title=title,
        lead=_lead(cases),
        cases=tuple(sorted(cases, key=lambda case: _worst_first(case, leading))),
        order="worst first" if leading is None else f"worst first: {leading.title}",
        columns=columns,
        headlines=_headlines(cases, columns),
        sites=sites,
        plots=(*group_plots(cases, columns), *_plots(found)),
        tables=(*_biomarkers(cases, definitions), *_tables(found)),
        curves=curves,
        definitions=definitions,
        symbols={key: text for one in found for key, text in one.symbols.items()},
        facts=_facts(found),
        problems=tuple(dict.fromkeys(map(shareable, failed))),
        viewer=viewer,
        notes=notes,
    )


def _leading(columns: Sequence[ReviewColumn]) -> ReviewColumn | None:
    """Take the figure that says best where to look: lesion Dice, else uncertainty, else any Dice."""
    keys = {column.key: column for column in columns}
    uncertain = [key for key in keys if "uncertain" in key]
    for key in ("lesion dsc", *sorted(uncertain, key=lambda name: "lesion" not in name), *keys):
        if key in keys and (key.endswith(" dsc") or key in uncertain):
            return keys[key]
    return None


def _worst_first(case: CaseView, leading: ReviewColumn | None) -> tuple[bool, bool, float, str]:
    value = None if leading is None else case.values.get(leading.key)
    if leading is None or value is None:
        return case.status == "refused", True, 0.0, case.name
    return case.status == "refused", False, -value if leading.descending else value, case.name


def _lead(cases: Sequence[CaseView]) -> str:
    refused = sum(case.status == "refused" for case in cases)
    sites = len({case.site for case in cases if case.site})
    said = f"{len(cases)} case{'' if len(cases) == 1 else 's'}"
    said += f" of {sites} sites" if sites > 1 else ""
    return f"{said}, {refused} of them refused or left out." if refused else f"{said}."


def _headlines(cases: Sequence[CaseView], columns: Sequence[ReviewColumn]) -> tuple[Figure, ...]:
    refused = sum(case.status == "refused" for case in cases)
    figures = [Figure("Cases", str(len(cases)), f"{refused} refused" if refused else "none refused")]
    for column in columns:
        if column.key.rpartition(" ")[2] in ("dsc", "lesion_f1") or column.key.endswith("n_lesions"):
            values = [value for case in cases if (value := case.counted(column.key)) is not None]
            if column.key == "lesion dsc":
                values = [
                    value for case in cases
                    if case.values.get("lesion ref_count") != 0 and (value := case.values.get(column.key)) is not None
                ]  # fmt: skip
            if not values:
                continue
            digits = 1 if column.digits == 0 else 3
            spread = f", sd {stdev(values):.{digits}f}" if len(values) > 1 else ""
            over = "cases with a lesion" if column.key == "lesion dsc" else f"of {len(cases)} cases"
            figures.append(Figure(column.title, f"{fmean(values):.{digits}f}", f"mean of {len(values)} {over}{spread}"))
    return tuple(figures)


def _sites(found: Sequence[Found], problems: list[str]) -> Table | None:
    for one in found:
        if one.summary is None:
            continue
        try:
            rows = read_table(one.summary, _SUMMARY)
            with refuse_malformed(one.summary, "the table that evaluate writes was needed", "evaluate again"):
                numbers = [{name: row.number(name) for name in _SUMMARY[3:]} for row in rows]
                names = [{name: row[name] for name in _SUMMARY[:3]} for row in rows]
                return site_table(pd.DataFrame(names).join(pd.DataFrame(numbers)))
        except FileRefusedError as error:
            problems.append(f"{one.summary.name}: {error.reason}")
    return None


def _plots(found: Sequence[Found]) -> tuple[Plot, ...]:
    pictures = [picture for one in found for picture in one.pictures]
    return tuple(Plot(title, path.read_bytes(), _KINDS[path.suffix]) for title, path in pictures)


def _biomarkers(
    cases: Sequence[CaseView], definitions: Mapping[str, Mapping[str, str]]
) -> tuple[tuple[str, Table], ...]:
    rows = [(case.name, row) for case in sorted(cases, key=lambda one: one.name) for row in case.biomarkers]
    if not rows:
        return ()
    table = biomarker_table([row for _, row in rows], definitions)
    return (
        (
            "Biomarkers",
            Table(
                ("Case", *table.columns),
                tuple((name, *cells) for (name, _), cells in zip(rows, table.rows, strict=True)),
            ),
        ),
    )


def biomarker_table(rows: Sequence[Row], definitions: Mapping[str, Mapping[str, str]]) -> Table:
    """Lay out rows of `biomarkers.tsv`: the columns that people read, in words and with their units."""
    there = [column for column in _BIOMARKERS if any(column in row for row in rows)]
    titles = [_title(column, definitions) for column in there]
    return Table(
        tuple(titles), tuple(tuple(_short(column, row.get(column, NOTHING)) for column in there) for row in rows)
    )


def _title(column: str, definitions: Mapping[str, Mapping[str, str]]) -> str:
    words = {"lesion": "Lesion", "bridge_is_proxy": "Proxy"}.get(column)
    unit = definitions.get(column, {}).get("unit", "").replace("mm^3", "mm³").replace("mm3", "mm³")
    name = words or column.removesuffix("_mm3").removesuffix("_mm").replace("_", " ").capitalize()
    return f"{name}, {unit}" if unit not in ("", "1") else name


def _short(column: str, cell: str) -> str:
    value = finite_number(cell)
    if value is None:
        return {NOTHING: "–", "true": "yes", "false": "no"}.get(cell, cell)
    if _P_VALUE.search(column):
        return rounded_p(value)
    return cell if cell.isdigit() else rounded(value)


def _tables(found: Sequence[Found]) -> tuple[tuple[str, Table], ...]:
    return tuple(
        (
            table.title,
            Table(
                tuple(column.replace("_", " ") for column in table.rows[0]),  # so that it can be broken
                tuple(tuple(_short(column, cell) for column, cell in row.items()) for row in table.rows),
            ),
        )
        for one in found
        for table in one.tables
    )


def _curves(found: Sequence[Found], problems: list[str]) -> tuple[tuple[str, bytes], ...]:
    drawn = []
    for curve in (curve for one in found for curve in one.curves):
        dice = {region_name(name): values for name, values in curve.pseudo_dice.items()}
        try:
            drawn.append((curve.name, training_figure(curve.train_loss, curve.validation_loss, dice)))
        except DataRefusedError as error:
            problems.append(f"{curve.name}: {error}")
    return tuple(drawn)


def _facts(found: Sequence[Found]) -> dict[str, str]:
    told = {label: value for one in found for label, value in one.facts.items()}
    return {"report by": f"nnunet_ext {__version__}", "made from": ", ".join(one.kind for one in found), **told}
