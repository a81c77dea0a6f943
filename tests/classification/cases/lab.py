"""Folders as labs leave them, with files of no content: names are all that is read."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from nnunet_ext.classification.cases.find_patients import find_patients
from nnunet_ext.classification.cases.found_case import cases_of_bids
from nnunet_ext.classification.cases.lesion_files import LesionFile, LesionFiles
from nnunet_ext.classification.cases.participants import CaseParticipants, read_case_participants
from nnunet_ext.classification.cases.patient import Patient
from nnunet_ext.classification.taxonomy import load_taxonomy


def write(file: Path, text: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def table(folder: Path, *rows: str, name: str = "participants.tsv") -> Path:
    """Write a table; blanks around | stand between cells."""
    return write(folder / name, "".join("\t".join(cell.strip() for cell in row.split("|")) + "\n" for row in rows))


def participants(folder: Path, *rows: str) -> CaseParticipants:
    return read_case_participants(table(folder, *rows))


def images(folder: Path, *stems: str) -> None:
    for stem in stems:
        parts = stem.split("_")
        session = [part for part in parts if part.startswith("ses-")]
        write(folder.joinpath(parts[0], *session, "anat", f"{stem}.nii.gz"))


def all_masked(cases: Iterable[str]) -> LesionFiles:
    return LesionFiles({case: LesionFile(Path(f"{case}_lesion.nii.gz")) for case in cases}, {})


def patients_of(
    folder: Path, rows: Iterable[str], stems: Iterable[str], others: Iterable[str] = ()
) -> Mapping[str, Patient]:
    """Find the patients of a BIDS folder `lab`, all of whose images have a mask."""
    lab = folder / "lab"
    said = participants(lab, *rows)
    images(lab, *stems)
    cases = cases_of_bids(lab, said)
    found = find_patients(cases, {"lab": said}, load_taxonomy(), all_masked(case.case for case in cases), tuple(others))
    assert [patient.person for patient in found] == sorted({patient.person for patient in found})
    return {patient.person.removeprefix("lab/sub-"): patient for patient in found}
