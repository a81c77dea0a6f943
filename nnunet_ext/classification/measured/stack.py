"""Several evidences at a node in one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from nnunet_ext.classification.judge.arrays import Classes, checked_probabilities
from nnunet_ext.classification.measured.design import Values
from nnunet_ext.classification.measured.node_patients import Indices, check_folds
from nnunet_ext.classification.measured.plain_numbers import number_list
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.toml_fields import refuse_unknown, texts

_LEAST: Final = 1e-3  # a probability below counts as that: no evidence can outvote all others by being very sure
_HOLD: Final = 4.0


@dataclass(frozen=True)
class StackModel:
    """Logarithmic pool of evidences: ``P(branch) = softmax(intercept + sum of weight x ln P_evidence(branch))``.

    Genest and Zidek 1986 (Statistical Science 1:114), section 3.

    Parameters
    ----------
    branches
        Of the node.
    evidences
        Names.
    weights
        Of each evidence, 0 to 1: none counts for more than it says itself.
    intercepts
        Of each branch.
    """

    branches: tuple[str, ...]
    evidences: tuple[str, ...]
    weights: tuple[float, ...]
    intercepts: tuple[float, ...]

    def predict(self, probabilities: Mapping[str, Values]) -> Values:
        """Give probabilities of shape (patients, branches).

        Parameters
        ----------
        probabilities
            Of each evidence, shape (patients, branches); further ones are not looked at.

        Raises
        ------
        DataRefusedError
            Where an evidence is missing, or of other branches or patients.
        """
        logs = _logs(probabilities, self.evidences, len(self.branches))
        pooled = np.tensordot(np.array(self.weights), logs, axes=1) + np.array(self.intercepts)
        return np.asarray(softmax(pooled, axis=1))

    def to_json(self) -> dict[str, Any]:
        """Give plain numbers that `from_json` reads back."""
        return {name: list(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "StackModel":
        """Read what `to_json` gave.

        Raises
        ------
        ValueError, KeyError, TypeError
            Where something is missing, unknown or no such model; `read_models` names the file.
        """
        refuse_unknown(content, ("branches", "evidences", "weights", "intercepts"), "stack")
        branches, evidences = (texts(content, key, "stack") for key in ("branches", "evidences"))
        if len(branches) < 2 or not evidences or len(set(evidences)) < len(evidences):
            raise ValueError(f"two branches, and evidences, were needed, found {branches} and {evidences}")
        weights = number_list(content["weights"], len(evidences), "weights")
        if not all(0 <= weight <= 1 for weight in weights):
            raise ValueError(f"weights of 0 to 1 were needed, found {weights}")
        return cls(branches, evidences, weights, number_list(content["intercepts"], len(branches), "intercepts"))


def fit_stack(probabilities: Mapping[str, Values], truth: npt.ArrayLike, branches: Sequence[str]) -> StackModel:
    """Weigh evidences by what they said of patients that they were not trained on.

    Least of ``sum of -ln P(truth) + 2 (sum of (weight - 1 / evidences)^2 + sum of intercept^2)``, which is convex:
    few patients leave the plain mean of the logarithms, many take each evidence for what it is worth.

    Parameters
    ----------
    probabilities
        Of each evidence, out of fold, shape (patients, branches).
    truth
        Shape (patients,), numbers of branches. A branch may have no patient.
    branches
        Of the node.

    Raises
    ------
    DataRefusedError
        Where the evidences are not of the same patients, or no probabilities.
    """
    from scipy import optimize  # noqa: PLC0415 - slow to import, and fitting alone needs it

    evidences = tuple(probabilities)
    if not evidences:
        raise DataRefusedError("one evidence at the least was needed, found none")
    logs = _logs(probabilities, evidences, len(branches))
    true, _ = checked_probabilities(truth, probabilities[evidences[0]])
    count, equal = len(evidences), 1 / len(evidences)
    said = np.eye(len(branches))[true]

    def cost(numbers: Values) -> tuple[float, Values]:
        weights, intercepts = numbers[:count], numbers[count:]
        pooled = np.tensordot(weights, logs, axes=1) + intercepts
        held = np.concatenate([weights - equal, intercepts])
        wrong = softmax(pooled, axis=1) - said
        slope = np.concatenate([(logs * wrong).sum(axis=(1, 2)), wrong.sum(axis=0)])
        loss = -(log_softmax(pooled, axis=1) * said).sum() + _HOLD / 2 * (held**2).sum()
        return float(loss), np.asarray(slope + _HOLD * held)

    start = np.concatenate([np.full(count, equal), np.zeros(len(branches))])
    bounds: list[tuple[float | None, float | None]] = [(0.0, 1.0)] * count + [(None, None)] * len(branches)
    found = optimize.minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return StackModel(tuple(branches), evidences, tuple(found[:count].tolist()), tuple(found[count:].tolist()))


def cross_fit_stack(
    probabilities: Mapping[str, Values], truth: npt.ArrayLike, branches: Sequence[str], folds: Sequence[Indices]
) -> Values:
    """Give the stack's own out-of-fold probabilities, shape (patients, branches): each fold's by a fit on the others.

    Parameters
    ----------
    probabilities, truth, branches
        As in `fit_stack`.
    folds
        For each the positions of its patients. Together they hold every patient once.

    Raises
    ------
    DataRefusedError
        As `fit_stack`, and where a patient is in no fold or in two.
    """
    true: Classes = np.asarray(truth)
    check_folds(folds, len(true))
    if sum(len(fold) for fold in folds) != len(true):
        raise DataRefusedError(f"a fold for each of {len(true)} patients was needed, found fewer")
    result = np.full((len(true), len(branches)), np.nan)
    for fold in folds:
        rest = np.setdiff1d(np.arange(len(true)), fold)
        model = fit_stack({name: given[rest] for name, given in probabilities.items()}, true[rest], branches)
        result[fold] = model.predict({name: given[fold] for name, given in probabilities.items()})
    return result


def _logs(probabilities: Mapping[str, Values], evidences: Sequence[str], branches: int) -> Values:
    """Give logarithms of shape (evidences, patients, branches)."""
    lacking = [name for name in evidences if name not in probabilities]
    if lacking:
        raise DataRefusedError(f"probabilities by {', '.join(evidences)} were needed, found none by {lacking[0]}")
    given = [np.asarray(probabilities[name], dtype=np.float64) for name in evidences]
    if len({one.shape for one in given}) > 1 or given[0].shape[1:] != (branches,):
        raise DataRefusedError(f"arrays (patients, {branches}) were needed, found {[one.shape for one in given]}")
    for one in given:
        checked_probabilities(np.zeros(len(one), dtype=np.int64), one)
    return np.log(np.maximum(np.stack(given), _LEAST))
