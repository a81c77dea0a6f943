"""The tables that `agreement` compares, found in the folders that `evaluate` and `biomarkers` left."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.other_folder import did_you_mean
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import cell, whole_table
from nnunet_ext.evaluation.agreement.measurements import Kind, Measurements, read_measurements

TABLES: Final = {Kind.METRICS: "metrics.tsv", Kind.BIOMARKERS: "cases_biomarkers.tsv"}
_RULES: Final = "metrics.json"


def read_methods(inputs: Sequence[Path], names: Sequence[str]) -> dict[Kind, list[Measurements]]:
    """Read every method's tables.

    Parameters
    ----------
    inputs
        Folders, or the tables themselves.
    names
        Of the methods; none takes the names of the folders.

    Returns
    -------
    dict
        Kind of table to a table for each method; only kinds that all methods have.

    Raises
    ------
    UsageError
        Where names are too few or not distinct.
    DataRefusedError
        Where a table is damaged, the methods have no kind in common, or they were scored by different rules.
    """
    methods = method_names(inputs, names)
    found = {path: _find(path) for path in inputs}
    kinds = [kind for kind in Kind if all(kind in tables for tables in found.values())]
    if not kinds:
        what = "; ".join(f"{path}: {', '.join(tables[kind].name for kind in tables)}" for path, tables in found.items())
        raise DataRefusedError(f"tables of one kind were needed, metrics or biomarkers, found {what}")
    if Kind.METRICS in kinds:
        _refuse_other_rules({path: tables[Kind.METRICS].parent for path, tables in found.items()})
    return {
        kind: [
            read_measurements(tables[kind], kind, name) for tables, name in zip(found.values(), methods, strict=True)
        ]
        for kind in kinds
    }


def method_names(inputs: Sequence[Path], names: Sequence[str]) -> list[str]:
    """Name the methods as asked, or by their folders.

    Raises
    ------
    UsageError
        Where an input is given twice, or names are too few, not distinct or no names of folders.
    """
    if len({path.resolve() for path in inputs}) < len(inputs):
        raise UsageError("an input stands twice on the command line; a method cannot be compared with itself")
    if names and len(names) != len(inputs):
        raise UsageError(f"--names: a name for each of {len(inputs)} inputs was needed, found {len(names)}")
    if odd := [name for name in names if not name.strip(". ") or "/" in name or "\\" in name]:
        raise UsageError(f"--names: names that may be those of folders were needed, found {', '.join(odd)}")
    folders = [path.resolve() if path.is_dir() else path.resolve().parent for path in inputs]
    methods = [cell(name) for name in names] or [folder.name for folder in folders]
    if len(set(methods)) < len(methods):
        raise UsageError(
            f"methods of different names were needed, found {', '.join(methods)}; add --names, such as: "
            "--names manual automatic"
        )
    return methods


def _find(path: Path) -> dict[Kind, Path]:
    if path.is_dir():
        tables = {kind: path / name for kind, name in TABLES.items() if (path / name).is_file()}
        if not tables:
            raise DataRefusedError(
                f"{path}: {' or '.join(TABLES.values())} was needed and is not there; make it with: nnunet_ext "
                "evaluate or nnunet_ext biomarkers. Masks are compared with: nnunet_ext agreement A B --reference REF"
                f"{did_you_mean(path, lambda folder: any((folder / name).is_file() for name in TABLES.values()))}"
            )
        return tables
    if not path.is_file():
        raise DataRefusedError(f"{path}: a folder or a table was needed, found nothing")
    return {Kind.METRICS if "region" in whole_table(path, ["case"], ["region"]).written else Kind.BIOMARKERS: path}


def _refuse_other_rules(folders: Mapping[Path, Path]) -> None:
    """Refuse metrics that were counted by different rules: they differ without any method being better."""
    told = {path: _told(folder / _RULES) for path, folder in folders.items()}
    counted = {path: _counting(content.get("preset")) for path, content in told.items()}
    within = {path: content.get("tolerance_mm") for path, content in told.items()}
    for rules, what, option in ((counted, "preset", "--preset NAME"), (within, "tolerance in mm", "--tolerance-mm MM")):
        known = {json.dumps(rule, sort_keys=True) for rule in rules.values() if rule is not None}
        if len(known) > 1:
            shown = "; ".join(f"{path}: {_name(rule)}" for path, rule in rules.items())
            raise DataRefusedError(
                f"metrics of one {what} were needed, found {shown}; score them alike: nnunet_ext evaluate {option}"
            )


def _told(file: Path) -> dict[str, Any]:
    return read_json_object(file) if file.is_file() else {}


def _counting(preset: Any) -> Any:  # noqa: ANN401 - whatever the file holds
    """Take what decides a count from a preset, without the words about it, which change with the version."""
    if not isinstance(preset, dict):
        return preset
    return {key: preset[key] for key in ("name", "lesion", "rule") if key in preset}


def _name(rule: Any) -> str:  # noqa: ANN401 - whatever the file holds
    return str(rule.get("name", rule)) if isinstance(rule, dict) else str(rule)
