"""Names and tables of the synthetic BIDS dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nnunet_ext
from nnunet_ext.core.names import Dialect, LabelClass, label_stem
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.patient import Patient
from nnunet_ext.phantom.scores import clinical_scores

GENERATOR: Final = {"Name": "nnunet_ext phantom", "Version": nnunet_ext.__version__}
"""BIDS' `GeneratedBy` of everything here."""

LABELS: Final = Path("derivatives") / "labels"
"""Where the masks stand, below the dataset."""

README: Final = """Synthetic spinal-cord MRI
=========================

Every image and mask here was computed from a random number; nobody was scanned. Masks: the spinal cord from the upper
edge of C1 to the conus with its lesions, and the lesions alone. Patients without lesions have an empty lesion mask.
The scores in participants.tsv follow from the lesions, with noise.
"""

PARTICIPANT_COLUMNS: Final[dict[str, dict[str, Any]]] = {
    "age": {"Description": "Age at the first visit", "Units": "years"},
    "sex": {"Description": "Sex", "Levels": {"F": "female", "M": "male"}},
    "site": {"Description": "Synthetic imaging site"},
    "pathology": {
        "Description": "What the patient suffers from",
        "Levels": {
            "healthy": "no disease",
            "sci": "spinal cord injury",
            "ms": "multiple sclerosis",
            "tumor": "intramedullary tumour",
            "compression": "compressed cord without lesion",
        },
    },
    "motor_score": {"Description": "ISNCSCI total motor score at the first visit, 0 (worst) to 100; injuries only"},
    "sensory_score": {"Description": "ISNCSCI light-touch score at the first visit, 0 (worst) to 112; injuries only"},
    "edss": {"Description": "Expanded disability status scale at the first visit, 0 to 10 (worst); sclerosis only"},
    "mjoa": {"Description": "mJOA at the first visit, 0 (worst) to 18; compression and tumour only"},
}
"""participants.json; its keys are the columns of participants.tsv after `participant_id`."""

_ENTITIES: Final = {Contrast.T1W_GADOLINIUM: "ce-gadolinium_T1w"}  # the others are named as they are
# No BIDS suffix fits an image of no contrast.
BIDS_IGNORE: Final = "*_random.nii.gz\n*_random.json\n"


@dataclass(frozen=True)
class ImageFiles:
    """The files of one image, below the dataset, without endings."""

    image: Path
    cord: Path
    lesion: Path


def image_files(patient: Patient, session: int | None, contrast: Contrast, dialect: Dialect) -> ImageFiles:
    """Name an image and its masks.

    Parameters
    ----------
    patient, contrast
        Whose, and of what.
    session
        None where the dataset has no sessions.
    dialect
        How the masks are named.
    """
    subject = patient.participant_id
    visit = [] if session is None else [f"ses-{session:02d}"]
    folder = Path(subject, *visit, "anat")
    stem = "_".join([subject, *visit, f"acq-{patient.site.plane.value}", _ENTITIES.get(contrast, contrast.value)])

    def label(kind: LabelClass) -> Path:
        return LABELS / folder / label_stem(stem, kind, dialect)

    return ImageFiles(folder / stem, label("sc"), label("lesion"))


def image_sidecar(patient: Patient, contrast: Contrast, slice_mm: float) -> dict[str, Any]:
    """Describe an image."""
    return {
        "Modality": "MR",
        "Manufacturer": "none: synthetic",
        "InstitutionName": patient.site.name,
        "SeriesDescription": f"synthetic {contrast.value}, {patient.site.plane.name.lower()}",
        "SliceThickness": round(slice_mm, 4),
        "GeneratedBy": [GENERATOR],
    }


def label_sidecar(image: Path) -> dict[str, Any]:
    """Describe a mask of an image, given as its path below the dataset, without ending."""
    return {
        "SpatialReference": "orig",
        "Sources": [f"bids:raw:{image.as_posix()}.nii.gz"],
        "Type": "ROI",
        "GeneratedBy": [GENERATOR],
    }


def participants_table(patients: Sequence[Patient]) -> str:
    """Write participants.tsv; a score that is not asked of a patient is `n/a`."""
    rows = [["participant_id", *PARTICIPANT_COLUMNS]]
    for patient in patients:
        scores = clinical_scores(patient)
        values = (scores.motor, scores.sensory, scores.edss, scores.mjoa)
        rows.append(
            [
                *(patient.participant_id, str(patient.age), patient.sex, patient.site.name, patient.pathology.value),
                *("n/a" if value is None else str(value) for value in values),
            ]
        )
    return "".join("\t".join(row) + "\n" for row in rows)
