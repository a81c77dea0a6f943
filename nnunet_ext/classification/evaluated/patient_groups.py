"""Groups of patients in which a classifier may be better or worse."""

from typing import Final

from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.reader_answers import disagreement
from nnunet_ext.classification.judge.age_groups import age_groups
from nnunet_ext.core.tables import NOTHING

_DISAGREE: Final = {True: "readers disagree", False: "readers agree", None: NOTHING}


def patient_groups(predictions: Predictions) -> dict[str, dict[str, str]]:
    """Put the patients into groups by site, age (children apart), sex, and whether readers disagree.

    Returns
    -------
    dict
        `site`, `age`, `sex` and `cases`, each to the group of each person, `n/a` where it is not known. What puts all
        patients into one group is left out.
    """
    patients = predictions.patients
    ages = age_groups([patient.age for patient in patients])
    torn = disagreement(predictions)
    found = {
        "site": {patient.person: patient.site or NOTHING for patient in patients},
        "age": {patient.person: age for patient, age in zip(patients, ages, strict=True)},
        "sex": {patient.person: patient.sex or NOTHING for patient in patients},
        "cases": {patient.person: _DISAGREE[torn[patient.person]] for patient in patients},
    }
    return {grouping: names for grouping, names in found.items() if len(set(names.values())) > 1}
