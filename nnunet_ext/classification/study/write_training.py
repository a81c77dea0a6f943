"""`training/` of a classifier's folder: who trained it, by which measures and folds. It names patients."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nnunet_ext.classification.cases.patient import Patient
from nnunet_ext.classification.cases.patient_sets import PatientSets
from nnunet_ext.classification.cases.patients_table import patients_dictionary, patients_tsv
from nnunet_ext.classification.classifier.description import TRAINING
from nnunet_ext.classification.evaluated.person_digest import person_digest
from nnunet_ext.classification.measures.patient_measures import measure_cells
from nnunet_ext.classification.study.measured_patient import MeasuredPatient
from nnunet_ext.classification.study.training_set import TrainingSet
from nnunet_ext.classification.taxonomy import Taxonomy
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.read_json import read_json
from nnunet_ext.core.tables import table_text

if TYPE_CHECKING:
    from nnunet_ext.classification.study.train import TrainingSettings

PEOPLE: Final = "people.json"
_STUDY: Final = "study.json"


def begin_training(
    folder: Path,
    taxonomy: Taxonomy,
    patients: Sequence[Patient],
    sets: PatientSets,
    measured: Sequence[MeasuredPatient],
    how: "tuple[tuple[str, ...], TrainingSettings]",
) -> TrainingSet:
    """Write who trains a classifier, and take away models of another training that stand in its folder.

    Parameters
    ----------
    folder
        The classifier's.
    taxonomy, patients, sets
        The tree, everybody who was found, and the folds.
    measured
        Those who train.
    how
        Measures that may be fed, and settings.

    Returns
    -------
    TrainingSet
        Those who train, sorted by person.
    """
    of_person = {one.person: one for one in patients}
    ordered = tuple(sorted(measured, key=lambda one: one.person))
    training = TrainingSet(
        taxonomy=taxonomy,
        patients=ordered,
        diagnoses=tuple(of_person[one.person].diagnosis for one in ordered),
        sites=tuple(of_person[one.person].site for one in ordered),
        folds=sets.folds,
    )
    place = folder / TRAINING
    place.mkdir(parents=True, exist_ok=True)
    digest = _digest(training, *how)
    if _standing(place / _STUDY) != digest:
        for old in [*folder.glob("fold_*"), *place.glob("network-fold_*")]:
            shutil.rmtree(old)
        write_json(place / _STUDY, {"digest": digest})
    write_text(place / "patients.tsv", patients_tsv(patients))
    write_json(place / "patients.json", patients_dictionary(patients))
    columns = list(ordered[0].values) if ordered else []
    rows = [{"person": one.person, **measure_cells(one.values)} for one in ordered]
    write_text(place / "measures.tsv", table_text(rows, ["person", *columns]))
    write_json(place / "folds.json", {"folds": sets.folds, "test": sets.test, "external": sets.external})
    write_json(place / PEOPLE, sorted(person_digest(one.person) for one in ordered))
    return training


def trained_people(folder: Path) -> frozenset[str]:
    """Give the digests of the people who trained a classifier; empty of one that came from elsewhere."""
    file = folder / TRAINING / PEOPLE
    return frozenset(map(str, read_json(file))) if file.is_file() else frozenset()


def _standing(file: Path) -> str:
    content: Any = read_json(file) if file.is_file() else {}
    return str(content.get("digest", ""))


def _digest(training: TrainingSet, columns: Sequence[str], settings: "TrainingSettings") -> str:
    """Hash what models depend on."""
    people = [
        [one.person, dict(one.values), one.channels, None if one.crop is None else sha256(one.crop)]
        for one in training.patients
    ]
    asked = [training.taxonomy.content(), training.folds, columns, settings.seed, asdict(settings.network)]
    told = [people, training.diagnoses, training.sites, asked]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode("utf-8")).hexdigest()
