"""What `nnunet_ext biomarkers` left: a row a lesion, and a row a case."""

from functools import partial
from pathlib import Path
from typing import Final

from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.tables import NOTHING, Row, filled, finite_number, read_table
from nnunet_ext.report.sources.found import Found
from nnunet_ext.report.sources.json_file import json_file
from nnunet_ext.report.sources.record import CaseRecord

BIOMARKERS: Final = "biomarkers.tsv"
_CASES: Final = "cases_biomarkers.tsv"
_REASON: Final = ("reason", "problem")
_NAMES: Final = frozenset({"case", "subject", "session", "site", "contrast", "status", "notes", "instances", *_REASON})
_MEASURED: Final = frozenset({"", "ok", "done", "measured", "no_lesion", "volume_only", NOTHING})


def read_biomarkers(folder: Path) -> Found:
    """Read the folder.

    Parameters
    ----------
    folder
        With `biomarkers.tsv`, and `cases_biomarkers.tsv` and `biomarkers.json` where they are. A case without a lesion
        has no row in the first.
    """
    lesions = read_table(folder / BIOMARKERS, ["case"])
    per_case = folder / _CASES
    cases = {row["case"]: row for row in (read_table(per_case, ["case"]) if per_case.is_file() else [])}
    names = list(dict.fromkeys([*cases, *(row["case"] for row in lesions)]))
    records = tuple(
        _record(folder, name, cases.get(name, {}), tuple(row for row in lesions if row["case"] == name))
        for name in names
    )
    return Found("biomarkers", records, definitions=_definitions(folder / "biomarkers.json"))


def _definitions(path: Path) -> dict[str, dict[str, str]]:
    about = json_file(path)
    with refuse_malformed(path, "what nnunet_ext biomarkers leaves was needed", "measure again"):
        return {
            str(column): {
                "name": str(column),
                "formula": str(entry.get("Description", "")),
                "unit": str(entry.get("Units", "")),
                "empty_masks": str(entry.get("Missing", "")),
            }
            for column, entry in about.get("columns", about).items()
            if isinstance(entry, dict) and "Description" in entry
        }


def _record(folder: Path, name: str, row: Row, lesions: tuple[Row, ...]) -> CaseRecord:
    text = partial(filled, row)
    reason = "; ".join(filter(None, map(text, _REASON)))
    refused = row.get("status", "") not in _MEASURED
    return CaseRecord(
        name,
        site=text("site"),
        contrast=text("contrast"),
        subject=text("subject"),
        session=text("session"),
        reason=(reason or text("status")) if refused else "",
        warnings=tuple(filter(None, ("" if refused else reason, *split_list(text("notes"))))),
        biomarkers=lesions,
        instances=folder / text("instances") if text("instances") else None,
        values={
            column: value
            for column in row
            if column not in _NAMES and (value := finite_number(row[column])) is not None
        },
    )
