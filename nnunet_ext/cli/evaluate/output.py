"""The folder that `evaluate` leaves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from nnunet_ext.cli.evaluate.inputs import Asked, GatheredPairs
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.evaluation.evaluate_pair import CaseResult, Comparison
from nnunet_ext.evaluation.metrics_dictionary import metrics_dictionary
from nnunet_ext.evaluation.results import (
    ABOUT,
    INPUT_COLUMNS,
    LESION_COLUMNS,
    inputs_tsv,
    lesions_tsv,
    results_table,
)
from nnunet_ext.evaluation.write_scores import METRICS_FILES, write_metrics

_INPUTS: Final = "inputs.tsv"
_LESIONS: Final = "lesions.tsv"


def settings_of(asked: Asked, comparison: Comparison) -> dict[str, Any]:
    """Say what makes this evaluation this one."""
    return {
        "reference": asked.reference,
        "prediction": asked.prediction,
        "preset": comparison.scoring.preset.name,
        "tolerance_mm": comparison.scoring.tolerance_mm,
        "regions": comparison.regions,
        "threshold": comparison.threshold,
        "target": _named(asked.target),
        "cases": asked.cases,
        "missing_predictions": "scored as empty" if comparison.missing_as_empty else "n/a, with a row each",
    }


def _named(target: str | None) -> str | Path | None:
    return Path(target) if target is not None and target.endswith(".toml") else target


def write_results(place: OutputPlace, results: Sequence[CaseResult], gathered: GatheredPairs) -> pd.DataFrame:
    """Write every table, and what describes them; gives the summary.

    Raises
    ------
    ConflictError
        See `OutputPlace.begin`.
    DataRefusedError
        Where a site's name is kept for the rows over several.
    """
    comparison = gathered.comparison
    values, predicted = comparison.reference.values, comparison.prediction.values
    regions = {region: values[region] for region in comparison.regions}
    dictionary = {
        **metrics_dictionary(comparison.scoring.preset, regions, comparison.scoring.tolerance_mm),
        "prediction_regions": {region: list(predicted[region]) for region in comparison.regions},
        "columns": ABOUT,
        "lesions": LESION_COLUMNS,
        "inputs": INPUT_COLUMNS,
        "regions_not_scored": list(gathered.not_scored),
        "remarks": list(gathered.remarks),
        "settings": place.recorded_settings,
    }
    table = results_table(results)
    place.begin((*METRICS_FILES, _INPUTS, _LESIONS))
    write_text(place.folder / _INPUTS, inputs_tsv(results, place.folder))
    write_text(place.folder / _LESIONS, lesions_tsv(results))
    summary = write_metrics(place.folder, table, dictionary)
    place.finish()
    return summary
