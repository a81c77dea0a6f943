"""Cases of patients: from a raw dataset's cases.tsv, or from the images of a BIDS folder."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nnunet_ext.classification.cases.participants import CaseParticipants
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.names import image_stem, parse_image_name
from nnunet_ext.core.people_by_name import people_by_name
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import filled, read_table
from nnunet_ext.core.target import ANY_CONTRAST

_NEEDED: Final = ("case", "dataset", "subject")
_KNOWN: Final = ("session", "contrast", "site", "split", "status", "reason", "pathology", "person")


@dataclass(frozen=True)
class FoundCase:
    """One image, or the images of one case on one grid.

    Parameters
    ----------
    case
        Its name: `{dataset}_{BIDS stem}` in a raw dataset, the BIDS stem in a BIDS folder.
    dataset, subject
        Where it comes from, and whose it is there (`sub-01`).
    person
        `dataset/subject` of the person, whatever subject name this visit has.
    site, split, pathology
        As the table says; empty where it does not.
    images
        Path of each channel, such as `T2w`.
    reason
        Why it was left out; empty where it was not.
    """

    case: str
    dataset: str
    subject: str
    person: str
    site: str = ""
    split: str = ""
    pathology: str = ""
    images: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    reason: str = ""


def cases_of_raw_dataset(folder: Path) -> list[FoundCase]:
    """List the cases of a raw dataset that `convert` made, those that it left out with their reason.

    Raises
    ------
    FileRefusedError
        Where there is no cases.tsv, or it lacks what is needed.
    """
    dataset = RawDataset(folder)
    description = folder / "dataset.json"
    channels = {0: ANY_CONTRAST}
    if description.is_file():
        labelling = Labelling.of_dataset_json(read_json_object(description, "nnU-Net's dataset.json was needed"))
        channels = {index: labelling.channels[index] for index in labelling.image_channels} or channels
    found = []
    for row in read_table(folder / "cases.tsv", _NEEDED, _KNOWN):
        if not filled(row, "case"):
            continue  # an image of no name is no case
        split, contrast = filled(row, "split"), filled(row, "contrast")
        names = {index: contrast or name if name == ANY_CONTRAST else name for index, name in channels.items()}
        images = {name: dataset.image(row["case"], split, index) for index, name in names.items()}
        left_out = filled(row, "reason") or "left out" if filled(row, "status") == "skip" else ""
        found.append(
            FoundCase(
                case=row["case"],
                dataset=row["dataset"],
                subject=row["subject"],
                person=filled(row, "person") or f"{row['dataset']}/{row['subject']}",
                site=filled(row, "site"),
                split=split,
                pathology=filled(row, "pathology"),
                images={} if left_out else images,
                reason=left_out,
            )
        )
    return found


def cases_of_bids(folder: Path, participants: CaseParticipants, name: str = "") -> list[FoundCase]:
    """List the images of a BIDS folder, each a case of its own; a T1w with gadolinium (`ce-`) is `T1w-gad`.

    Subjects are one person where participants.tsv has a column `person` that says so, else where their names say so
    (see `people_by_name`) and their sex does not differ.

    Parameters
    ----------
    folder
        With `sub-*` in it.
    participants
        Of that folder.
    name
        Of the dataset; that of the folder where it is empty.

    Raises
    ------
    DataRefusedError
        Where there is no image.
    """
    dataset = name or folder.resolve().name
    files = sorted(file for file in folder.glob("sub-*/**/anat/*.nii*") if image_stem(file.name) is not None)
    parsed = [(file, found) for file in files if (found := parse_image_name(file.name)) is not None]
    if not parsed:
        raise DataRefusedError(
            f"{folder}: images in sub-*/anat or sub-*/ses-*/anat were needed, found none; check the path"
        )
    subjects = {found.subject for _, found in parsed} | set(participants.of_subject)
    person_of = _people(subjects, participants)
    cases = []
    for file, found in parsed:
        said = participants.of_subject.get(found.subject)
        contrast = f"{found.suffix}-gad" if found.entity("ce") else found.suffix
        cases.append(
            FoundCase(
                case=found.stem,
                dataset=dataset,
                subject=found.subject,
                person=f"{dataset}/{person_of[found.subject]}",
                site=said.site if said is not None and said.site else dataset,
                images={contrast: file},
            )
        )
    return cases


def _people(subjects: Iterable[str], participants: CaseParticipants) -> dict[str, str]:
    stated = {subject: said.person for subject, said in participants.of_subject.items() if said.person}
    first: dict[str, str] = {}
    for subject in sorted(stated):
        first.setdefault(stated[subject], subject)
    person_of = {subject: first[stated[subject]] if subject in stated else subject for subject in subjects}
    if stated:
        return person_of
    for group in people_by_name(subjects).groups:
        sexes = {participants.of_subject[one].sex for one in group if one in participants.of_subject} - {""}
        if len(sexes) < 2:
            person_of |= dict.fromkeys(group, group[0])
    return person_of
