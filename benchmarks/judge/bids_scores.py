"""Predictions for the images of a BIDS tree against the masks in its derivatives."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from judge.bench import read_prediction
from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.pair_names import pair_names
from nnunet_ext.core.tables import read_table
from nnunet_ext.evaluation.mask_files import find_masks
from nnunet_ext.evaluation.region import Scoring, grid_of, score_region
from nnunet_ext.evaluation.rows import LesionRow, RegionMetrics
from nnunet_ext.evaluation.write_scores import metrics_table

REGIONS = ("sc", "lesion")


def bids_images(bids: Path, suffixes: Iterable[str] = ("",)) -> list[Path]:
    """List the raw images that end in one of these contrasts."""
    endings = tuple(f"{suffix}.nii.gz" for suffix in suffixes)
    return [file for file in sorted(bids.glob("sub-*/**/anat/*.nii.gz")) if file.name.endswith(endings)]


def score_bids(bids: Path, out: Path, images: Iterable[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give a row for each image and region, and one for each lesion of either side.

    A region that the model or the tree has not is not scored.
    """
    found = find_masks(bids / "derivatives" / "labels", REGIONS, label_maps=False)
    masks = {case.case: dict(case.regions) for case in found.cases}
    stems = [strip_ending(image.name) for image in images]
    partners, sites = pair_names(stems, masks).partners, _sites(bids)
    rows: list[RegionMetrics] = []
    lesions: list[LesionRow] = []
    for stem in stems:
        predicted, site = read_prediction(out, stem).regions, sites.get(stem.split("_")[0], "real")
        for region, file in masks[partners[stem]].items():
            if region in predicted:
                truth = read_mask(file)
                row, its = score_region(
                    truth.data > 0, predicted[region], grid_of(truth), Scoring(), names=(stem, site, region)
                )
                rows.append(row)
                lesions += its
    columns = list(LesionRow.__dataclass_fields__)
    return metrics_table(rows), pd.DataFrame([asdict(row) for row in lesions], columns=columns)


def _sites(bids: Path) -> dict[str, str]:
    table = bids / "participants.tsv"
    return {row["participant_id"]: row["site"] for row in read_table(table)} if table.is_file() else {}
