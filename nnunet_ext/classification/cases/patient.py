"""A patient: one decision, whatever images, visits, subject names and lesions there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from nnunet_ext.classification.cases.lesion_files import LesionFile


class PatientStatus(StrEnum):
    """What a patient can be used for."""

    INCLUDE = "include"
    """Has a diagnosis and a lesion mask: can be trained on and tested on."""

    PREDICT = "predict"
    """Has no diagnosis: can be predicted only."""

    SKIP = "skip"
    """Cannot be used, for the reason that is given."""


@dataclass(frozen=True)
class PatientCase:
    """One case of a patient.

    Parameters
    ----------
    case, subject
        Its name, and the subject name of that visit.
    images
        Path of each channel on its grid.
    lesion
        File of its lesion mask; None where there is none.
    problem
        Why it is not used; empty where it is.
    """

    case: str
    subject: str
    images: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    lesion: LesionFile | None = None
    problem: str = ""


@dataclass(frozen=True)
class Patient:
    """A person.

    Parameters
    ----------
    person
        `dataset/subject`; of several subject names the first. Unit of every split.
    status, reason
        What they can be used for, and why not for more.
    diagnosis
        Leaf of the taxonomy; empty where it is not known, or is none of the taxonomy's.
    said
        The diagnosis as people wrote it.
    site, split
        Of the segmentation's dataset; empty where it is not known.
    age, sex
        Years, `F` or `M`; None and empty where they are not known.
    readers
        Diagnosis, or decision such as `tumour`, that each reader named; `other` where it is none of the taxonomy's.
    cases
        All of them, used or not, sorted.
    notes
        What had to be chosen.
    """

    person: str
    status: PatientStatus
    reason: str = ""
    diagnosis: str = ""
    said: str = ""
    site: str = ""
    split: str = ""
    age: float | None = None
    sex: str = ""
    readers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    cases: tuple[PatientCase, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def usable(self) -> tuple[PatientCase, ...]:
        """The cases that can be measured and shown to a network."""
        return tuple(case for case in self.cases if not case.problem)
