"""`cases.tsv`: what became of every image, and `cases.json`, which explains its columns."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.core.tables import NOTHING, Row, TableRow, cell, read_table, table_text
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
    "image": "Paths of the images of its channels, relative to the BIDS dataset, with ; between them",
    "label": "Paths of the label files, relative to the BIDS dataset, with ; between them; of a case that was "
    "corrected in a correction loop, relative to the folder of that loop",
    "voxels_sc": "Voxels of the cord mask",
    "voxels_lesion": "Voxels of the lesion mask",
    "lesion_voxels_outside_sc": "Lesion voxels that are not cord",
    "geometry": "What was done to bring the files onto one grid and their values into one form",
    "image_sha256": "SHA-256 of the image files, in their order, with ; between them",
    "chunk": "BIDS chunk entity",
    "pathology": "Of the participant, from participants.tsv",
    "split_by": "What put the case into its split: a draw, a list, a rule for its site",
    "not_annotated": "Classes in which nobody has looked; where they may be, the label map holds the ignore label",
    "missing_channels": "Numbers of the channels that the case has no image for; they are zero",
    "person": "Whose image it is, the unit of splits, as dataset/subject: of several subjects of one person the first",
}


def case_row(case: ConvertedCase) -> dict[str, str]:
    """Give a case's row of `cases.tsv`; a missing value is ``n/a``."""
    plan, name = case.plan, case.plan.name
    classes = case.quality.classes if case.quality is not None else {}
    outside = case.lesion_voxels_outside_sc
    entities = {"session": "ses", "acquisition": "acq", "run": "run", "chunk": "chunk"}
    row = {
        "case": plan.case,
        "dataset": plan.source.name,
        "subject": name.subject if name else "",
        **{column: name.entity(key) if name else "" for column, key in entities.items()},
        "contrast": name.suffix if name else "",
        "site": plan.site,
        "split": plan.split,
        "status": "skip" if plan.reason else "include",
        "reason": plan.reason,
        "image": ";".join(image for image in plan.images if image),
        "label": ";".join(path for label in plan.labels for _, path in label.files),
        "voxels_sc": str(classes["sc"].voxels) if "sc" in classes else "",
        "voxels_lesion": str(classes["lesion"].voxels) if "lesion" in classes else "",
        "lesion_voxels_outside_sc": "" if outside is None else str(outside),
        "geometry": case.geometry,
        "image_sha256": case.image_sha256,
        "pathology": plan.pathology,
        "split_by": plan.split_by,
        "not_annotated": ";".join(plan.not_annotated),
        "missing_channels": ";".join(str(index) for index, image in enumerate(plan.images) if not image),
        "person": "/".join(plan.patient) if name else "",
    }
    return {column: cell(row[column]) for column in COLUMNS}


def person_of(row: Row) -> tuple[str, str]:
    """Read the unit of splits from a row; of a table without that column it is the subject."""
    person = row.get("person", NOTHING)
    dataset, _, subject = person.partition("/")
    return (row["dataset"], row["subject"]) if person == NOTHING else (dataset, subject)


def cases_tsv(rows: Iterable[Row]) -> str:
    """Write `cases.tsv`, a row for each image that was found, in their given order; older ones name no person."""
    people = ({"person": NOTHING if row["subject"] == NOTHING else "/".join(person_of(row)), **row} for row in rows)
    return table_text(people, list(COLUMNS))


def read_cases(folder: Path, name: str = "cases.tsv", needed: Sequence[str] = ("case",)) -> list[TableRow]:
    """Read the table of a finished dataset, a mapping of column to cell for each image that was found.

    Raises
    ------
    FileRefusedError
        Where it is not there, or is no such table.
    """
    return read_table(folder / name, needed, COLUMNS)


def data_dictionary(columns: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Give the data dictionary of a table, as BIDS wants it, from what its columns mean."""
    return {column: {"Description": text} for column, text in columns.items()}
