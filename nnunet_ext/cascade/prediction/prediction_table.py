"""`predictions.tsv`: a row for each case of a run, and what its columns mean."""

from collections.abc import Sequence
from typing import Any

from nnunet_ext.cascade.prediction.predict_all import CaseOutcome, Status
from nnunet_ext.core.cell_lists import join_list
from nnunet_ext.core.tables import NOTHING, cell, table_text


def prediction_table(outcomes: Sequence[CaseOutcome], regions: Sequence[str]) -> str:
    """Write the table, a column for the volume of each region."""
    return table_text([_row(outcome, regions) for outcome in outcomes], list(prediction_columns(regions)))


def prediction_columns(regions: Sequence[str]) -> dict[str, Any]:
    """Describe the columns, as BIDS describes those of a table."""
    levels = {
        Status.DONE: "predicted by this run",
        Status.KEPT: "predicted by an earlier run and kept, verified or, as a warning says, corrected by hand",
        Status.FAILED: "not predicted; see reason",
        Status.SKIPPED: "left out knowingly; see reason",
    }
    return {
        "case": {"Description": "Name of the case; of a BIDS image its file name without ending"},
        "status": {"Description": "What became of it", "Levels": {str(key): text for key, text in levels.items()}},
        "reason": {"Description": "Why it failed or was left out"},
        "warnings": {"Description": "What a reader must know, with ; between sentences and \\; within one"},
        "model": {"Description": "Name of the model, or of two with + between them, that segmented it"},
        **{_column(name): {"Description": f"Volume of region {name}", "Units": "mm^3"} for name in regions},
        "seconds": {"Description": "Time from reading the images to writing the masks", "Units": "s"},
    }


def _row(outcome: CaseOutcome, regions: Sequence[str]) -> dict[str, str]:
    volumes = outcome.volumes_mm3
    return {
        "case": cell(outcome.case),
        "status": str(outcome.status),
        "reason": cell(outcome.reason),
        "warnings": cell(join_list(outcome.warnings)),
        "model": cell(outcome.model),
        **{_column(name): f"{volumes[name]:.3f}" if name in volumes else NOTHING for name in regions},
        "seconds": NOTHING if outcome.seconds is None else f"{outcome.seconds:.2f}",
    }


def _column(region: str) -> str:
    return f"volume_{region}_mm3"
