"""One row of measures a patient, whatever cases there are of them."""

from collections.abc import Iterable, Mapping, Sequence

from nnunet_ext.classification.measures.lesion_sizes import Values
from nnunet_ext.classification.measures.measure_case import CaseMeasures
from nnunet_ext.core.tables import NOTHING


def patient_measures(
    cases: Sequence[CaseMeasures], columns: Iterable[str], age: float | None = None, sex: str = ""
) -> Values:
    """Make a patient's row.

    Several images of a patient show the same lesions: nothing is added up. The case with the largest volume of lesions
    (of equal ones the first by name) speaks for the patient, and what it has no value of, as of an image that it has
    not, the next one says. Where images show different parts of the cord, that is too little.

    Parameters
    ----------
    cases
        Of one patient, in any order.
    columns
        Names of the measures, from `measure_dictionary`.
    age, sex
        Years, and `F` or `M`; None and empty where they are not known.

    Returns
    -------
    dict
        A value for each column; None where no case has one.
    """
    ranked = sorted(cases, key=lambda case: (-(case.values.get("total_volume_mm3") or 0.0), case.case))
    person: Mapping[str, float | None] = {"age_years": age, "female": {"F": 1.0, "M": 0.0}.get(sex)}
    rows = [person, *(case.values for case in ranked)]
    return {column: next((value for row in rows if (value := row.get(column)) is not None), None) for column in columns}


def measure_cells(values: Mapping[str, float | None]) -> dict[str, str]:
    """Write a row's values for a table, in full precision; a missing one is `n/a`."""
    return {name: NOTHING if value is None else repr(float(value)) for name, value in values.items()}
