"""`cases.tsv`: what became of every image, and `cases.json`, which explains its columns."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.dataset_conversion.convert_case import ConvertedCase

COLUMNS: Final = {
    "case": "Name of the case in the nnU-Net dataset: {dataset}_{BIDS stem}",
    "dataset": "The BIDS dataset that the image comes from",
    "subject": "BIDS subject",
    "session": "BIDS session",
    "acquisition": "BIDS acq entity",
    "run": "BIDS run entity",
    "contrast": "BIDS suffix",
    "site": "Where the image was made, from participants.tsv, else the dataset's name",
    "split": "train, test or pool",
    "status": "include or skip",
    "reason": "Why the image was skipped",
    "image": "Path of the image, relative to the BIDS dataset",
    "label": "Paths of the label files, relative to the BIDS dataset",
    "voxels_sc": "Voxels of the cord mask",
    "voxels_lesion": "Voxels of the lesion mask",
    "lesion_voxels_outside_sc": "Lesion voxels that are not cord",
    "geometry": "What was done to bring the labels onto the image's grid",
    "image_sha256": "SHA-256 of the image file",
}


def cases_tsv(cases: Sequence[ConvertedCase]) -> str:
    """Write the table, a row for each image that was found, in their given order; a missing value is ``n/a``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for case in cases:
        row = _row(case)
        writer.writerow([_cell(row[column]) for column in COLUMNS])
    return buffer.getvalue()


def read_cases(folder: Path) -> list[dict[str, str]]:
    """Read the table of a finished dataset, a mapping of column to cell for each image that was found.

    Raises
    ------
    OSError
        Where it is not there.
    """
    with (folder / "cases.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def cases_json() -> dict[str, dict[str, str]]:
    """Give the data dictionary of the table, as BIDS wants it."""
    return {column: {"Description": text} for column, text in COLUMNS.items()}


def _row(case: ConvertedCase) -> dict[str, str]:
    plan, name, voxels = case.plan, case.plan.name, dict(case.voxels)
    outside = case.lesion_voxels_outside_sc
    return {
        "case": plan.case,
        "dataset": plan.source.name,
        "subject": name.subject if name else "",
        "session": name.entity("ses") if name else "",
        "acquisition": name.entity("acq") if name else "",
        "run": name.entity("run") if name else "",
        "contrast": name.suffix if name else "",
        "site": plan.site,
        "split": plan.split,
        "status": "skip" if plan.reason else "include",
        "reason": plan.reason,
        "image": plan.image,
        "label": ";".join(label for _, label in plan.labels if label),
        "voxels_sc": str(voxels.get("sc", "")),
        "voxels_lesion": str(voxels.get("lesion", "")),
        "lesion_voxels_outside_sc": "" if outside is None else str(outside),
        "geometry": case.geometry,
        "image_sha256": case.image_sha256,
    }


def _cell(text: str) -> str:
    """Keep a name that holds a tab or a line break from breaking the table."""
    return " ".join(text.split()) if text.strip() else "n/a"
