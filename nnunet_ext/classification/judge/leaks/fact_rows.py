"""Every single fact against every diagnosis, as a table."""

from collections.abc import Mapping, Sequence

import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_classes, checked_probabilities
from nnunet_ext.classification.judge.auc_difference import AucDifference
from nnunet_ext.classification.judge.leaks.covariate_alone import covariate_alone
from nnunet_ext.core.as_row import as_row


def fact_rows(
    truth: npt.ArrayLike,
    facts: Mapping[str, Sequence[float | None] | Sequence[str]],
    diagnoses: Sequence[str],
    probabilities: npt.ArrayLike | None = None,
    margin: float = 0.1,
) -> list[dict[str, str]]:
    """Tell what each fact says of each diagnosis against all others; see `covariate_alone`.

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    facts
        Name, such as `age`, `sex` or `site`, to the value of each patient.
    diagnoses
        Names of the classes. Of two, the second alone has rows, as the first would say the same.
    probabilities
        Shape (n, classes), the model's.
    margin
        How far above 0.5 the lower end of a fact's area must be to be found.

    Returns
    -------
    list of dict
        `fact`, `diagnosis`, `auc`, `low`, `high`; `model_auc`, and how much larger it is with its interval,
        `difference`, `difference_low`, `difference_high`; `findings`, separated by commas.

    Raises
    ------
    DataRefusedError
        See `covariate_alone` and `checked_probabilities`.
    """
    true = checked_classes(truth, len(diagnoses))
    given = None if probabilities is None else checked_probabilities(true, probabilities)[1]
    rows = []
    for name, values in facts.items():
        for number in range(1 if len(diagnoses) == 2 else 0, len(diagnoses)):
            found = covariate_alone(true == number, values, None if given is None else given[:, number], margin=margin)
            model = found.model or AucDifference()
            row = {
                "fact": name,
                "diagnosis": diagnoses[number],
                "auc": found.auc.value,
                "low": found.auc.low,
                "high": found.auc.high,
                "model_auc": model.b,
                "difference": model.difference,
                "difference_low": model.low,
                "difference_high": model.high,
                "findings": ", ".join(found.findings) or None,
            }
            rows.append(as_row(row))
    return rows
