"""Predictions of several folders, as one."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from nnunet_ext.classification.evaluated.predictions import ClassifierFacts, Predictions
from nnunet_ext.core.errors import DataRefusedError


def join_predictions(of_folders: Mapping[Path, Predictions]) -> Predictions:
    """Put the patients of several folders together, such as those of several sites.

    Parameters
    ----------
    of_folders
        Folder to what was read there; one or more.

    Raises
    ------
    DataRefusedError
        Where they were predicted by different classifiers, as their taxonomies, evidences, thresholds or coverages
        tell; or a patient is in two of them.
    """
    (first, given), *others = of_folders.items()
    for folder, other in others:
        refuse_other_classifier(first, given.classifier, folder, other.classifier)
    place_of: dict[str, Path] = {}
    for folder, predictions in of_folders.items():
        for person in (*(one.person for one in predictions.patients), *(name for name, _ in predictions.left_out)):
            if person in place_of:
                raise DataRefusedError(
                    f"each patient once was needed, found {person} in {place_of[person]} and in {folder}; name one of "
                    "them"
                )
            place_of[person] = folder
    every = list(of_folders.values())
    return Predictions(
        given.classifier,
        tuple(patient for one in every for patient in one.patients),
        tuple(left_out for one in every for left_out in one.left_out),
        frozenset[str]().union(*(one.trained for one in every)),
    )


def refuse_other_classifier(
    first: Path, given: ClassifierFacts, second: Path, other: ClassifierFacts, *, tree_alone: bool = False
) -> None:
    """Refuse two folders that different classifiers wrote, or with `tree_alone` two of different taxonomies.

    Raises
    ------
    DataRefusedError
        Naming both folders and what differs.
    """
    if given.taxonomy.nodes != other.taxonomy.nodes or given.taxonomy.root != other.taxonomy.root:
        raise DataRefusedError(
            f"predictions by one taxonomy were needed, found {given.taxonomy.name} "
            f"({', '.join(given.taxonomy.diagnoses)}) in {first} and {other.taxonomy.name} "
            f"({', '.join(other.taxonomy.diagnoses)}) in {second}; evaluate each alone"
        )
    names = [field.name for field in fields(ClassifierFacts) if field.name != "taxonomy"]
    for name in () if tree_alone else names:
        if getattr(given, name) != getattr(other, name):
            raise DataRefusedError(
                f"predictions by one classifier were needed, found other {name} in {first} and in {second}: "
                f"{getattr(given, name)} and {getattr(other, name)}; evaluate each alone"
            )
