"""`compared.tsv`: the same patients with manual masks, or without gadolinium."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from nnunet_ext.classification.evaluated.join_predictions import refuse_other_classifier
from nnunet_ext.classification.evaluated.paired import Paired, Side, paired_row, resampled_row
from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.question import questions
from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import Row

WITH_MANUAL: Final = "manual masks"
"""The comparison with masks that people drew: b is with them."""

WITHOUT_GADOLINIUM: Final = "without gadolinium"
"""The comparison with what is left without it: b is without."""


def compare_tables(
    first: tuple[Path, Predictions], others: Mapping[str, tuple[Path, Predictions]], resampling: Resampling
) -> tuple[list[Row], tuple[str, ...]]:
    """Compare predictions of the same patients under other conditions; b, the other, less a.

    Each side is decided by its own thresholds. Patients who are on one side only are left out.

    Parameters
    ----------
    first
        The folder that is evaluated, for messages, and what is in it.
    others
        `WITH_MANUAL` or `WITHOUT_GADOLINIUM` to a folder and what is in it.
    resampling
        Of the percentile intervals.

    Returns
    -------
    tuple
        Rows of `comparison`, `node`, `evidence`, and the columns of `paired_row` and `resampled_row`; and sentences on
        what is amiss.

    Raises
    ------
    DataRefusedError
        Where the taxonomies differ, the diagnosis of a patient does, or no patient and evidence is on both sides.
    """
    place, given = first
    rows: list[Row] = []
    said: list[str] = []
    for name, (folder, other) in others.items():
        refuse_other_classifier(place, given.classifier, folder, other.classifier, tree_alone=True)
        a, b = _on_both(given, other, folder)
        said += _amiss(name, folder, a, b, len(given.patients))
        evidences = [one for one in a.classifier.evidences if one in b.classifier.evidences]
        if not evidences:
            raise DataRefusedError(
                f"{folder}: one evidence of {', '.join(a.classifier.evidences)} was needed, found none"
            )
        for of_a, of_b in zip(questions(a), questions(b), strict=True):
            for evidence in evidences:
                keys = {"comparison": name, "node": of_a.name, "evidence": evidence}
                pair = Paired(of_a.truth, Side.of(of_a, evidence, a.classifier), Side.of(of_b, evidence, b.classifier))
                rows.append({**keys, **paired_row(pair, resampling), **resampled_row(pair, resampling)})
    return rows, tuple(said)


def _on_both(given: Predictions, other: Predictions, folder: Path) -> tuple[Predictions, Predictions]:
    there = {patient.person: patient for patient in other.patients}
    chosen = tuple(patient for patient in given.patients if patient.person in there)
    if not chosen:
        raise DataRefusedError(f"{folder}: the same patients were needed, found none of them; predict them there, too")
    for patient in chosen:
        if there[patient.person].diagnosis != patient.diagnosis:
            found = f"{patient.diagnosis} and {there[patient.person].diagnosis}"
            raise DataRefusedError(f"{folder}: one diagnosis of {patient.person} was needed, found {found}; mend one")
    return replace(given, patients=chosen), replace(other, patients=tuple(there[one.person] for one in chosen))


def _amiss(name: str, folder: Path, a: Predictions, b: Predictions, everyone: int) -> list[str]:
    said = []
    if len(a.patients) < everyone:
        said.append(
            f"{name}: {len(a.patients)} of {everyone} patients are in {folder.name}, the others are not compared"
        )
    pairs = list(zip(a.patients, b.patients, strict=True))
    if name == WITH_MANUAL and any(one.masks != "manual" for one in b.patients):
        count = sum(one.masks != "manual" for one in b.patients)
        said.append(f"{name}: the masks of {count} patients in {folder.name} are not said to be manual")
    if name == WITHOUT_GADOLINIUM and (alike := sum(one.channels == other.channels for one, other in pairs)):
        said.append(f"{name}: {alike} patients in {folder.name} have the very images that they have with it")
    return said
