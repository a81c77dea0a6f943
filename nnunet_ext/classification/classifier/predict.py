"""What a classifier says of patients, calibrated, with how sure it is and what spoke for it."""

from collections.abc import Mapping, Sequence

from nnunet_ext.classification.classifier.classifier import Classifier
from nnunet_ext.classification.classifier.prediction_tables import (
    ALIKE,
    UNLIKE_TRAINING,
    PredictedPatient,
    kept_diagnoses,
)
from nnunet_ext.classification.classifier.tempered import tempered
from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.judge.arrays import Values
from nnunet_ext.classification.measured.contributions import Contributions
from nnunet_ext.classification.measured.normal import NormalModel
from nnunet_ext.classification.study.measured_patient import MeasuredPatient
from nnunet_ext.classification.tree_probabilities import diagnosis_probabilities
from nnunet_ext.core.first_few import first_few


def predict_patients(
    classifier: Classifier, patients: Sequence[MeasuredPatient], evidence: Evidence, coverage: float
) -> list[PredictedPatient]:
    """Predict.

    A patient without a lesion is predicted, too: what counts is what the flags say.

    Parameters
    ----------
    classifier
        From `read_classifier`.
    patients
        Measured with the classifier's channels, and with crops where it has a network.
    evidence
        Which one counts.
    coverage
        Of the sets.

    Raises
    ------
    UsageError
        Where the coverage is not between 0 and 1.
    DataRefusedError
        Where measures or crops do not fit the classifier.
    """
    if not patients:
        return []
    described = classifier.description
    rows = [one.values for one in patients]
    untempered = classifier.untempered(rows, [one.crop for one in patients])
    sure = {name: tempered(of, described.temperatures.get(name, {})) for name, of in untempered.items()}
    said = diagnosis_probabilities(described.taxonomy, sure[evidence])
    inside = classifier.calibration(evidence).sets(said, coverage)
    likeness = NormalModel.from_json(described.usual).judge(rows)
    spoke = classifier.contributions(rows)
    predicted = []
    for at, one in enumerate(patients):
        alike = (ALIKE,) if int(inside[at].sum()) != 1 else ()
        unlike = (UNLIKE_TRAINING,) if likeness[at].is_unlike else ()
        outside = likeness[at].outside
        told = (f"beyond all training patients: {first_few(outside)}",) if outside else ()
        predicted.append(
            PredictedPatient(
                person=one.person,
                channels=one.channels,
                flags=(*one.flags, *alike, *unlike),
                notes=(*one.notes, *told),
                conditional=_of_patient(sure, at),
                untempered=_of_patient(untempered, at),
                kept=kept_diagnoses(described.taxonomy, inside[at]),
                contributions={node: _spoken(each, one, at) for node, each in spoke.items()},
            )
        )
    return predicted


def _spoken(spoke: Contributions, patient: MeasuredPatient, at: int) -> dict[str, tuple[float | None, float]]:
    """Give each measure's value and what it adds to the log-odds of the first branch."""
    terms = spoke.terms[at, 0]
    return {name: (patient.values.get(name), float(terms[place])) for place, name in enumerate(spoke.measures)}


def _of_patient(said: Mapping[Evidence, Mapping[str, Values]], at: int) -> dict[Evidence, dict[str, Values]]:
    return {evidence: {node: values[at] for node, values in of.items()} for evidence, of in said.items()}
