"""Comparing the held-out patients' predictions with their references."""

from dataclasses import dataclass

import pandas as pd

from nnunet_ext.cli.demo.workspace import Workspace
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.core.target import Target
from nnunet_ext.dataset_conversion.tables import read_cases
from nnunet_ext.evaluation.case import RegionMetrics, evaluate_case
from nnunet_ext.evaluation.grid import grid_of
from nnunet_ext.evaluation.preset import SCISEG2
from nnunet_ext.evaluation.tables import write_tables


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What the comparison gave.

    Parameters
    ----------
    rows
        One for each case and region.
    summary
        Means per site and over all, see `nnunet_ext.evaluation.summary`.
    """

    rows: list[RegionMetrics]
    summary: pd.DataFrame


def evaluate(work: Workspace, target: Target) -> Evaluation:
    """Score every test case and write the tables; a case without a prediction is an error, not a shorter list."""
    cases = [case for case in read_cases(work.dataset.folder) if case["split"] == "test"]
    rows: list[RegionMetrics] = []
    for case in cases:
        reference = read_mask(work.dataset.label(case["case"], "test"))
        prediction = read_mask(work.predictions / f"{case['case']}{FILE_ENDING}")
        rows += evaluate_case(
            reference.data,
            prediction.data,
            reference.voxel_volume_mm3,
            dict(target.regions),
            case=case["case"],
            site=case["site"],
            grid=grid_of(reference),
        )
    return Evaluation(rows, write_tables(work.evaluation, rows, dict(target.regions), SCISEG2))
