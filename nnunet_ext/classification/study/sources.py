"""Patients from the folders that a lab has: raw datasets or BIDS folders, and folders of lesion masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.classification.cases.find_patients import find_patients
from nnunet_ext.classification.cases.found_case import FoundCase, cases_of_bids, cases_of_raw_dataset
from nnunet_ext.classification.cases.lesion_files import find_lesion_files
from nnunet_ext.classification.cases.participants import CaseParticipants, read_case_participants
from nnunet_ext.classification.cases.patient import Patient
from nnunet_ext.classification.taxonomy import Taxonomy
from nnunet_ext.core.errors import DataRefusedError

_TABLE: Final = "participants.tsv"
_CASES: Final = "cases.tsv"
_LABELS: Final = ("derivatives", "labels")


@dataclass(frozen=True)
class Sources:
    """Where patients are.

    Parameters
    ----------
    datasets
        Raw datasets that `convert` made, and BIDS folders.
    lesions
        Folders of lesion masks; where there is none, people's own: of a raw dataset its labels, of a BIDS folder
        `derivatives/labels`.
    participants
        A table for all datasets in place of their own; None where each has its own.
    others
        Diagnoses outside the taxonomy whose patients are left out knowingly.
    """

    datasets: tuple[Path, ...]
    lesions: tuple[Path, ...] = ()
    participants: Path | None = None
    others: tuple[str, ...] = ()

    @property
    def masks(self) -> tuple[Path, ...]:
        """The folders of lesion masks."""
        return self.lesions or tuple(
            folder if is_raw(folder) else folder.joinpath(*_LABELS) for folder in self.datasets
        )

    def patients(self, taxonomy: Taxonomy) -> list[Patient]:
        """Find everybody, once, sorted by person.

        Raises
        ------
        DataRefusedError
            Where there is no image or mask, a diagnosis is unknown, or a person has two.
        """
        tables: dict[str, CaseParticipants] = {}
        cases: list[FoundCase] = []
        shared = None if self.participants is None else read_case_participants(self.participants)
        if shared is not None:
            tables[""] = shared
        for folder in self.datasets:
            if not folder.is_dir():
                raise DataRefusedError(f"{folder}: a raw dataset or a BIDS folder was needed, found none")
            if is_raw(folder):
                cases += cases_of_raw_dataset(folder)
                continue
            own = shared or read_case_participants(folder / _TABLE)
            cases += cases_of_bids(folder, own)
            if shared is None:
                tables[folder.resolve().name] = own
        _refuse_alike(self.datasets)
        return find_patients(
            cases, tables, taxonomy, find_lesion_files(self.masks, [one.case for one in cases]), self.others
        )


def is_raw(folder: Path) -> bool:
    """Tell a raw dataset from a BIDS folder."""
    return (folder / _CASES).is_file()


def _refuse_alike(datasets: Sequence[Path]) -> None:
    names = [folder.resolve().name for folder in datasets]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataRefusedError(
            f"datasets of different names were needed, found {twice[0]} twice: their patients would be mixed up; "
            f"rename one of the folders"
        )
