"""The tables of an evaluation of many cases: every case has its rows, scored or not."""

import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

import pandas as pd

from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.cell_lists import PATHS, join_list
from nnunet_ext.core.tables import NOTHING, cell, table_text
from nnunet_ext.evaluation.evaluate_pair import CaseResult, RegionResult
from nnunet_ext.evaluation.mask_files import CaseMaskFiles
from nnunet_ext.evaluation.rows import RegionMetrics
from nnunet_ext.evaluation.write_scores import typed

ABOUT: Final = {
    "subject": "BIDS subject",
    "session": "BIDS session",
    "contrast": "BIDS suffix of the image",
    "status": "ok; refused; missing reference; missing prediction; not annotated: only rows that are ok have metrics",
    "reason": "why a row has no metrics, or what they leave out",
    "notes": "what reading had to repair or choose for the case, with ; between sentences and \\; within one",
}
"""The columns of `metrics.tsv` that are no metrics."""

LESION_COLUMNS: Final = {
    "case": "case",
    "region": "region of the masks",
    "side": "reference or prediction",
    "lesion": "number within the case, region and side, from 1; lesions below the preset's smallest size have none",
    "volume_mm3": "voxels of the lesion × voxel volume, in mm3",
    "matched": "1: of the reference found, of the prediction no false positive, by the preset's rule; 0: missed, or "
    "false. By a rule that counts reference lesions only, a predicted lesion with 1 may lie in one that was missed",
    "overlap": "share of the lesion's voxels that lie in lesions of the other side, 0 to 1",
    "iou": "largest intersection over union with one lesion of the other side, 0 to 1; 0 where it meets none",
}
"""The columns of `lesions.tsv`: a row for each lesion of either mask, in the words of `metrics.json`."""

INPUT_COLUMNS: Final = {
    "case": "case",
    "status": "as in metrics.tsv, of the case as a whole",
    "reason": "why the case, or a region of it, has no metrics",
    "reference": "path from this table to the label map, or for each region to its mask: sc=path;lesion=path",
    "prediction": "likewise",
    "image": "path from this table to the image; n/a where none was found",
}
"""The columns of `inputs.tsv`."""

_PUBLISHED: Final = 16  # the columns up to pred_volume_mm3, whose order others rely on


def results_table(results: Sequence[CaseResult]) -> pd.DataFrame:
    """Put the metrics of all cases into one table, a row per case and region, missing values as NA."""
    metrics = [field.name for field in fields(RegionMetrics)]
    about = list(ABOUT)
    columns = [*metrics[:_PUBLISHED], *about[:3], *metrics[_PUBLISHED:], *about[3:]]
    rows = [_row(result, region) for result in results for region in result.regions]
    return typed(pd.DataFrame(rows, columns=columns))


def lesions_tsv(results: Sequence[CaseResult]) -> str:
    """Write a row for each lesion of either side."""
    rows = [as_row(asdict(lesion)) for result in results for lesion in result.lesions]
    return table_text(rows, list(LESION_COLUMNS))


def inputs_tsv(results: Sequence[CaseResult], out: Path) -> str:
    """Write where the files of each case lie, relative to `out`; masks of regions as ``sc=path;lesion=path``."""

    def relative(path: Path) -> str:
        return Path(os.path.relpath(path.resolve(), out.resolve())).as_posix()

    def side(masks: CaseMaskFiles | None) -> str:
        if masks is None:
            return NOTHING
        if masks.label_map is not None:
            return relative(masks.label_map)
        return join_list((f"{region}={relative(file)}" for region, file in masks.regions), PATHS)

    rows = [
        {
            "case": result.pair.case,
            "status": result.status,
            "reason": cell(result.reason),
            "reference": side(result.pair.reference),
            "prediction": side(result.pair.prediction),
            "image": NOTHING if result.pair.image is None else relative(result.pair.image),
        }
        for result in results
    ]
    return table_text(rows, list(INPUT_COLUMNS))


def _row(result: CaseResult, region: RegionResult) -> dict[str, Any]:
    about = result.pair.about
    names = {"case": result.pair.case, "site": about.site, "region": region.region}
    return {
        **(asdict(region.metrics) if region.metrics is not None else names),
        "subject": about.subject or None,
        "session": about.session or None,
        "contrast": about.contrast or None,
        "status": region.status,
        "reason": " ".join(region.reason.split()) or None,
        "notes": " ".join(join_list(result.notes).split()) or None,
    }
