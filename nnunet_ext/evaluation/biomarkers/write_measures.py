"""The tables and what describes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.cell_lists import join_list
from nnunet_ext.core.names import parse_case
from nnunet_ext.core.tables import Row, filled, table_text
from nnunet_ext.evaluation.biomarkers.biomarkers_dictionary import (
    BRIDGE_DICTIONARY,
    CASE_DICTIONARY,
    LESION_DICTIONARY,
    Measure,
    entries,
)
from nnunet_ext.evaluation.biomarkers.instance_file import instance_file
from nnunet_ext.evaluation.biomarkers.measured_case import CaseStatus, MeasuredCase, MeasuredLesion
from nnunet_ext.evaluation.biomarkers.sct_table import sct_file

LESIONS: Final = "biomarkers"
BRIDGES: Final = "bridges"
CASES: Final = "cases_biomarkers"

_TABLES: Final = {LESIONS: LESION_DICTIONARY, BRIDGES: BRIDGE_DICTIONARY, CASES: CASE_DICTIONARY}
_KNOWN: Final = ("subject", "session", "site", "contrast")


def write_measures(folder: Path, cases: Sequence[MeasuredCase], known: Mapping[str, Row]) -> None:
    """Write `bridges.tsv`, `cases_biomarkers.tsv` and, last, `biomarkers.tsv`.

    Parameters
    ----------
    folder
        Where they go; `describe` has written their dictionaries.
    cases
        From `measure_one`; each has one row in the table of cases, whatever became of it.
    known
        For a case what is known of it from elsewhere: `subject`, `session`, `site`, `contrast`.
    """
    lesions = [lesion_row(case, row) for case in cases for row in case.lesions]
    write_text(folder / f"{BRIDGES}.tsv", _text(_bridge_rows(cases), BRIDGE_DICTIONARY))
    write_text(
        folder / f"{CASES}.tsv", _text([patient_row(case, known.get(case.case, {})) for case in cases], CASE_DICTIONARY)
    )
    write_text(folder / f"{LESIONS}.tsv", _text(lesions, LESION_DICTIONARY))


def files_of(cases: Iterable[str]) -> list[str]:
    """Name all that `describe`, `measure_one` and `write_measures` may write for these cases, below the folder."""
    tables = [f"{name}.{ending}" for name in _TABLES for ending in ("json", "tsv")]
    return [*tables, *(file for case in cases for file in (instance_file(case), sct_file(case)))]


def describe(folder: Path) -> None:
    """Write what describes the folder, and is the same whatever is measured."""
    for name, columns in _TABLES.items():
        write_json(folder / f"{name}.json", entries(columns))


def lesion_row(case: MeasuredCase, row: MeasuredLesion) -> dict[str, str]:
    """Give a row of `biomarkers.tsv`."""
    values: dict[str, object] = {"case": case.case, **asdict(row.biomarkers), "volume_soft_mm3": row.volume_soft_mm3}
    if row.intensity is not None:
        values |= {f"image_{name}": value for name, value in vars(row.intensity).items()}
    if row.interval is not None:
        values |= {**asdict(row.interval), "interval_source": case.interval_source}
    return _cells(values, LESION_DICTIONARY)


def patient_row(case: MeasuredCase, known: Row) -> dict[str, str]:
    """Give a row of `cases_biomarkers.tsv`; what is known from elsewhere wins over the case's name."""
    name = parse_case(case.case)
    values: dict[str, object] = {"case": case.case, "contrast": name.suffix}
    values |= {"subject": name.subject, "session": name.session}
    values |= {name: known[name] for name in _KNOWN if filled(known, name)}
    if case.totals is not None:
        values |= asdict(case.totals)
    told = {"status": case.status, "reason": case.reason, "notes": join_list(case.notes), "instances": case.instances}
    values |= {**told, "interval_source": case.interval_source}
    return _cells(values, CASE_DICTIONARY)


def counts(cases: Sequence[MeasuredCase]) -> dict[str, int]:
    """Count the cases by what became of them, and their lesions."""
    found = {str(status): sum(case.status is status for case in cases) for status in CaseStatus}
    totals = [case.totals for case in cases if case.totals is not None]
    return {"cases": len(cases), **found, "lesions": sum(total.n_lesions for total in totals)}


def _bridge_rows(cases: Sequence[MeasuredCase]) -> list[dict[str, str]]:
    return [
        _cells({"case": case.case, **asdict(bridge), "total_bridge_mm": bridge.total_bridge_mm}, BRIDGE_DICTIONARY)
        for case in cases
        for bridge in case.bridges
    ]


def _cells(values: Mapping[str, object], columns: tuple[Measure, ...]) -> dict[str, str]:
    return as_row({column.name: values.get(column.name) for column in columns})


def _text(rows: Sequence[Row], columns: tuple[Measure, ...]) -> str:
    return table_text(rows, [column.name for column in columns])
