"""What `nnunet_ext evaluate` left: metrics, summary, and where the masks lie."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.tables import NOTHING, Row, filled, read_table
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
    about = json_file(folder / "metrics.json")
    inputs = {row["case"]: row for row in _rows(folder / _INPUTS)}
    metrics = _by_case(read_table(folder / METRICS))
    lesions = _by_case(_rows(folder / "lesions.tsv"))
    names = list(dict.fromkeys([*inputs, *metrics]))
    # Either side is drawn by its own numbers: a model may count its classes in another order.
    sides = [about.get(key) or about.get("regions", {}) for key in ("regions", "prediction_regions")]
    reference, prediction = ({name: tuple(numbers) for name, numbers in side.items()} for side in sides)
    threshold = about.get("settings", {}).get("threshold")
    preset = about.get("preset", {})
    counting = _counting(preset)
    cases = tuple(
        replace(
            _record(name, inputs.get(name, {}), metrics.get(name, []), lesions.get(name, [])),
            image=_image(folder, inputs.get(name, {})),
            reference=_masks(folder, filled(inputs.get(name, {}), "reference"), reference, threshold),
            prediction=_masks(folder, filled(inputs.get(name, {}), "prediction"), prediction, threshold),
            counting=counting,
        )
        for name in names
    )
    facts = {"evaluated by": f"{about.get('tool', 'nnunet_ext')} {about.get('version', '')}".strip()}
    if preset:
        facts["preset"] = str(preset.get("name", preset)) if isinstance(preset, dict) else str(preset)
    summary = folder / "summary.tsv"
    return Found(
        "evaluation",
        cases,
        summary=summary if summary.is_file() else None,
        definitions=_definitions(about),
        symbols={str(key): str(text) for key, text in about.get("symbols", {}).items()},
        facts=facts,
        counting=counting,
    )


def _counting(preset: object) -> LesionDefinition | None:
    try:
        return LesionDefinition(**preset["lesion"]) if isinstance(preset, dict) else None
    except (KeyError, TypeError, UsageError):  # of another version
        return None


def _definitions(about: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    metrics = about.get("metrics", {})
    return {column: {key: str(text) for key, text in entry.items()} for column, entry in metrics.items()}


def _rows(path: Path) -> list[dict[str, str]]:
    return read_table(path) if path.is_file() else []


def _by_case(rows: Sequence[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    grouped: dict[str, list[dict[str, str]]] = {}
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
