"""The folder that `evaluate` leaves."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from nnunet_ext.cli.evaluate.inputs import Asked, Gathered
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.provenance import generated_by
from nnunet_ext.evaluation.dictionary import data_dictionary
from nnunet_ext.evaluation.evaluate_pair import CaseResult, Comparison
from nnunet_ext.evaluation.results import ABOUT, inputs_tsv, lesions_tsv, results_table
from nnunet_ext.evaluation.tables import write_metrics

DICTIONARY: Final = "metrics.json"
"""Describes the tables; a folder that holds it is one of ours."""

_BIDS_VERSION: Final = "1.10.0"
_SETTINGS: Final = "settings"


def settings_of(asked: Asked, comparison: Comparison, out: Path) -> dict[str, Any]:
    """Say what makes this evaluation this one, with paths relative to its folder."""
    return {
        "reference": Path(os.path.relpath(asked.reference.resolve(), out.resolve())).as_posix(),
        "prediction": Path(os.path.relpath(asked.prediction.resolve(), out.resolve())).as_posix(),
        "preset": comparison.scoring.preset.name,
        "tolerance_mm": comparison.scoring.tolerance_mm,
        "regions": list(comparison.regions),
        "threshold": comparison.threshold,
        "missing_predictions": "scored as empty" if comparison.missing_as_empty else "n/a, with a row each",
    }


def claim(out: Path, settings: Mapping[str, Any], *, force: bool) -> None:
    """Refuse a folder that holds something else; that of the same evaluation is written again.

    Raises
    ------
    UsageError
        Where `out` is a file.
    ConflictError
        Where other files, or the results of another evaluation, stand there.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"-o {out}: a folder was needed")
    if force or not out.is_dir():
        return
    others = sorted(entry.name for entry in out.iterdir() if not entry.name.startswith("."))
    if not others:
        return
    if DICTIONARY not in others:
        raise ConflictError(
            f"-o {out}: holds {', '.join(others[:3])}, which this command did not write; "
            "choose another folder, or --force"
        )
    before = _settings(out / DICTIONARY)
    changed = [name for name in settings if before.get(name) != settings[name]]
    if changed:
        raise ConflictError(
            f"-o {out}: holds another evaluation, with other {', '.join(changed)}; choose another folder, or --force"
        )


def write_results(
    out: Path, results: Sequence[CaseResult], gathered: Gathered, settings: Mapping[str, Any]
) -> pd.DataFrame:
    """Write every table, and what describes them; gives the summary.

    Raises
    ------
    DataRefusedError
        Where a site's name is kept for the rows over several.
    """
    comparison = gathered.comparison
    values, predicted = comparison.reference.values, comparison.prediction.values
    regions = {region: values[region] for region in comparison.regions}
    dictionary = {
        **data_dictionary(comparison.scoring.preset, regions, comparison.scoring.tolerance_mm),
        "prediction_regions": {region: list(predicted[region]) for region in comparison.regions},
        "columns": ABOUT,
        "regions_not_scored": list(gathered.not_scored),
        "remarks": list(gathered.remarks),
        _SETTINGS: dict(settings),
    }
    table = results_table(results)
    write_text(out / "inputs.tsv", inputs_tsv(results, out))
    write_text(out / "lesions.tsv", lesions_tsv(results))
    write_json(
        out / "dataset_description.json",
        {
            "Name": "Evaluation by nnunet_ext",
            "BIDSVersion": _BIDS_VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [generated_by()],
        },
    )
    return write_metrics(out, table, dictionary)


def _settings(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return dict(content[_SETTINGS])
    except (OSError, ValueError, KeyError, TypeError):  # not ours, or of an older version: then all of it differs
        return {}
