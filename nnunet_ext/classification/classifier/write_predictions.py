"""The folder of predictions: what `classify predict` writes and `classify evaluate` reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.classification.cases.patient import Patient
from nnunet_ext.classification.cases.patients_table import patients_dictionary, patients_tsv
from nnunet_ext.classification.classifier.classifier import Classifier
from nnunet_ext.classification.classifier.description import FILE
from nnunet_ext.classification.classifier.prediction_tables import (
    CONTRIBUTIONS,
    EVIDENCE,
    PREDICTIONS,
    PredictedPatient,
    contributions_tsv,
    evidence_tsv,
    predictions_tsv,
    table_dictionaries,
)
from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.measures.measure_dictionary import entries, measure_dictionary
from nnunet_ext.classification.measures.patient_measures import measure_cells
from nnunet_ext.classification.study.measured_patient import MeasuredPatient, file_name
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.provenance import generated_by, sha256
from nnunet_ext.core.tables import table_text

RECORD: Final = "classify.json"
MAPS: Final = "maps"
_PATIENTS: Final = "patients.tsv"
_MEASURES: Final = "measures.tsv"


@dataclass(frozen=True)
class Written:
    """What stands in the record besides the classifier's own description.

    Parameters
    ----------
    model
        The classifier's folder, of which the name is told.
    evidence, coverage
        Which counts, and that of the sets.
    masks
        Whose lesion masks.
    trained
        Digests of the people who trained the classifier, where it knows them.
    warnings
        Besides the classifier's own.
    """

    model: Path
    evidence: Evidence
    coverage: float
    masks: str
    trained: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def files_of(maps: bool, persons: Sequence[str]) -> list[str]:
    """Name all files that a run may write."""
    tables = (_PATIENTS, _MEASURES, PREDICTIONS, EVIDENCE, CONTRIBUTIONS)
    described = [Path(table).with_suffix(".json").name for table in tables]
    pictures = [f"{MAPS}/{file_name(person)}.png" for person in persons] if maps else []
    return [*tables, *described, RECORD, *pictures]


def write_predictions(
    out: Path,
    classifier: Classifier,
    patients: Sequence[Patient],
    measured: Sequence[MeasuredPatient],
    predicted: Sequence[PredictedPatient],
    written: Written,
) -> None:
    """Write the tables with their dictionaries, and the record last: a folder without it is not finished."""
    described = classifier.description
    dictionaries = table_dictionaries(described.taxonomy)
    columns = measure_dictionary(described.channels)
    rows = [{"person": one.person, **measure_cells(one.values)} for one in measured]
    tables = {
        _PATIENTS: (patients_tsv(patients), patients_dictionary(patients)),
        _MEASURES: (table_text(rows, ["person", *(column.name for column in columns)]), entries(columns)),
        PREDICTIONS: (
            predictions_tsv(described.taxonomy, written.evidence, written.masks, predicted),
            dictionaries[PREDICTIONS],
        ),
        EVIDENCE: (evidence_tsv(described.taxonomy, predicted), dictionaries[EVIDENCE]),
        CONTRIBUTIONS: (contributions_tsv(described.taxonomy, predicted), dictionaries[CONTRIBUTIONS]),
    }
    for name, (text, dictionary) in tables.items():
        write_text(out / name, text)
        write_json((out / name).with_suffix(".json"), dictionary)
    record = {
        "GeneratedBy": [generated_by()],
        "model": {"name": written.model.resolve().name, "sha256": sha256(written.model / FILE)},
        "evidence": str(written.evidence),
        "reason": described.reason,
        "coverage": written.coverage,
        "taxonomy": described.taxonomy.content(),
        "thresholds": {str(name): dict(of) for name, of in described.thresholds.items()},
        "masks": written.masks,
        "trained": dict(described.trained),
        "trained_people_sha256": list(written.trained),
        "warnings": [*written.warnings, *described.warnings],
    }
    write_json(out / RECORD, record)
