"""What `nnunet_ext evaluate` left: metrics, summary, and where the masks lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.json_numbers import finite
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.tables import NOTHING, Row, TableRow, filled, read_table
from nnunet_ext.core.target import label_values
from nnunet_ext.evaluation.lesions import LesionDefinition
from nnunet_ext.report.sources.found import Found
from nnunet_ext.report.sources.json_file import json_file
from nnunet_ext.report.sources.record import CaseRecord, MaskFile

METRICS: Final = "metrics.tsv"
_INPUTS: Final = "inputs.tsv"
_FINE: Final = frozenset({"", "ok", "done", NOTHING})


def read_evaluation(folder: Path) -> Found:
    """Read the folder.

    Parameters
    ----------
    folder
        With `metrics.tsv`, and `inputs.tsv`, `summary.tsv`, `lesions.tsv` and `metrics.json` where they are. A case
        that was refused keeps its row and its reason.
    """
    about = _about(folder / "metrics.json")
    inputs = {row["case"]: row for row in _rows(folder / _INPUTS)}
    metrics = _by_case(read_table(folder / METRICS, ["case", "region"]))
    lesions = _by_case(_rows(folder / "lesions.tsv"))
    names = list(dict.fromkeys([*inputs, *metrics]))
    cases = tuple(
        replace(
            _record(name, inputs.get(name, {}), metrics.get(name, []), lesions.get(name, [])),
            image=_image(folder, inputs.get(name, {})),
            reference=_masks(folder, filled(inputs.get(name, {}), "reference"), about.reference, about.threshold),
            prediction=_masks(folder, filled(inputs.get(name, {}), "prediction"), about.prediction, about.threshold),
            counting=about.counting,
        )
        for name in names
    )
    summary = folder / "summary.tsv"
    return Found(
        "evaluation",
        cases,
        summary=summary if summary.is_file() else None,
        definitions=about.definitions,
        symbols=about.symbols,
        facts=about.facts,
        counting=about.counting,
    )


def _counting(preset: object) -> LesionDefinition | None:
    try:
        return LesionDefinition(**preset["lesion"]) if isinstance(preset, dict) else None
    except (KeyError, TypeError, UsageError):  # of another version
        return None


@dataclass(frozen=True)
class _About:
    """What `metrics.json` says; `reference` and `prediction` are the label values of each side's regions.

    Either side is drawn by its own numbers: a model may count its classes in another order.
    """

    reference: Mapping[str, tuple[int, ...]]
    prediction: Mapping[str, tuple[int, ...]]
    threshold: float | None
    definitions: Mapping[str, Mapping[str, str]]
    symbols: Mapping[str, str]
    facts: Mapping[str, str]
    counting: LesionDefinition | None


def _about(path: Path) -> _About:
    about = json_file(path)
    with refuse_malformed(path, "what nnunet_ext evaluate leaves was needed", "evaluate again"):
        sides = [about.get(key) or about.get("regions", {}) for key in ("regions", "prediction_regions")]
        reference, prediction = ({name: label_values(numbers) for name, numbers in side.items()} for side in sides)
        threshold, preset = about.get("settings", {}).get("threshold"), about.get("preset", {})
        facts = {"evaluated by": f"{about.get('tool', 'nnunet_ext')} {about.get('version', '')}".strip()}
        if preset:
            facts["preset"] = str(preset.get("name", preset)) if isinstance(preset, dict) else str(preset)
        return _About(
            reference,
            prediction,
            None if threshold is None else finite(threshold),
            {name: {key: str(text) for key, text in one.items()} for name, one in about.get("metrics", {}).items()},
            {key: str(text) for key, text in about.get("symbols", {}).items()},
            facts,
            _counting(preset),
        )


def _rows(path: Path) -> list[TableRow]:
    return read_table(path, ["case"]) if path.is_file() else []


def _by_case(rows: Sequence[TableRow]) -> dict[str, list[TableRow]]:
    grouped: dict[str, list[TableRow]] = {}
    for row in rows:
        grouped.setdefault(row["case"], []).append(row)
    return grouped


def _record(name: str, given: Row, metrics: Sequence[Row], lesions: Sequence[Row]) -> CaseRecord:
    first = metrics[0] if metrics else {}
    scored = [row for row in metrics if row.get("status", "ok") in _FINE]
    refused = given.get("status", "ok") not in _FINE or (bool(metrics) and not scored)
    reasons = [_reason(row) for row in (given, *metrics)]
    notes = [note for row in metrics for note in split_list(filled(row, "notes"))]
    if not refused:  # a region that nobody annotated does not take the others with it
        notes += [f"{row['region']}: {_reason(row)}" for row in metrics if _reason(row)]
        notes += [filled(row, "reason") for row in scored]
    return CaseRecord(
        name,
        site=filled(first, "site"),
        contrast=filled(first, "contrast"),
        subject=filled(first, "subject"),
        session=filled(first, "session"),
        reason="; ".join(dict.fromkeys(filter(None, reasons))) if refused else "",
        metrics=tuple(metrics),
        lesions=tuple(lesions),
        warnings=tuple(dict.fromkeys(filter(None, notes))),
    )


def _image(folder: Path, given: Row) -> Path | None:
    image = filled(given, "image")
    return folder / image if image else None


def _masks(
    folder: Path, cell: str, values: Mapping[str, tuple[int, ...]], threshold: float | None
) -> dict[str, MaskFile]:
    """Read `file` (a label map) or `sc=file;lesion=file` (a mask a region)."""
    if not cell:
        return {}
    parts = [part.partition("=") for part in split_list(cell)]
    if all(equals for _, equals, _ in parts) and any(region in values for region, _, _ in parts):
        return {region: MaskFile(folder / path, None, threshold) for region, _, path in parts if region in values}
    return {region: MaskFile(folder / cell, of) for region, of in values.items()}


def _reason(row: Row) -> str:
    """Say why a row was not scored; empty where it was."""
    status = row.get("status", "ok")
    if status in _FINE:
        return ""
    told = [status if status != "refused" else "", filled(row, "reason")]
    return ": ".join(filter(None, told)) or status
