"""What one fact about patients says of others."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.classification.judge.arrays import Classes, Mask, Values

_FOLDS: Final = 5
_PRIOR: Final = 1.0  # patients that the share of all counts for in each group
_LEAST_SPREAD: Final = 0.1  # of a class, of the spread of all: a class of one age must not be infinitely sure


def out_of_fold_share(positive: Mask, values: npt.NDArray[Any], seed: int) -> Values | None:
    """Score each patient by the diagnoses of others who are alike in one fact.

    In five folds, fewer where a class is small, each with its share of both classes: the chance of the diagnosis as the
    other folds have it, less their share of it, so that a fact that says nothing scores 0. Of words it is the share in
    the group, drawn to that of all as if by one patient more. Of numbers it is that of two normal distributions, each
    of its own mean and spread (quadratic discriminant analysis; Hastie, Tibshirani and Friedman 2009, section 4.3), so
    that an age between two others can stand for a diagnosis. Those whose number is missing are a group of their own,
    since that may give a diagnosis away as well.

    Parameters
    ----------
    positive
        Shape (n,): who has the diagnosis.
    values
        Shape (n,): words, or numbers with NaN where they are missing.
    seed
        Of the folds.

    Returns
    -------
    array or None
        Shape (n,); None where a class has fewer than two patients.
    """
    smallest = int(min(positive.sum(), (~positive).sum()))
    if smallest < 2:
        return None
    fold = _folds(positive, min(_FOLDS, smallest), np.random.default_rng(seed))
    missing = np.isnan(values) if values.dtype.kind == "f" else None
    groups = values if missing is None else missing
    scores = np.empty(positive.size)
    for number in range(fold.max() + 1):
        others, these = fold != number, fold == number
        scores[these] = _of_groups(positive[others], groups[others], groups[these])
        if missing is not None:
            known = others & ~missing
            scores[these & ~missing] = _of_numbers(positive[known], values[known], values[these & ~missing])
    return np.round(scores, 12)  # so that shares that differ by rounding alone tie


def _folds(positive: Mask, count: int, rng: np.random.Generator) -> Classes:
    fold = np.empty(positive.size, dtype=np.int64)
    for members in (np.flatnonzero(positive), np.flatnonzero(~positive)):
        fold[rng.permutation(members)] = np.arange(members.size) % count
    return fold


def _of_groups(positive: Mask, groups: npt.NDArray[Any], asked: npt.NDArray[Any]) -> Values:
    share = positive.mean()
    alike = groups == asked[:, np.newaxis]
    found: Values = ((alike & positive).sum(axis=1) + _PRIOR * share) / (alike.sum(axis=1) + _PRIOR) - share
    return found


def _of_numbers(positive: Mask, values: Values, asked: Values) -> Values:
    parts = values[positive], values[~positive]
    spread = values.std() if values.size else 0.0
    if min(part.size for part in parts) < 2 or spread == 0:
        return np.zeros(asked.size)
    densities = [stats.norm.logpdf(asked, part.mean(), max(part.std(), _LEAST_SPREAD * spread)) for part in parts]
    share = positive.mean()
    odds = np.log(share / (1 - share)) + densities[0] - densities[1]
    found: Values = 1 / (1 + np.exp(-np.clip(odds, -500, 500))) - share
    return found
