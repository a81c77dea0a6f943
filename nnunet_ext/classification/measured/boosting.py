"""Gradient boosting of measures: small trees, for what a linear model cannot say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from nnunet_ext.classification.judge.calibration.temper import log_probabilities
from nnunet_ext.classification.measured.design import Row, Values, design


@dataclass(frozen=True)
class BoostingModel:
    """Gradient-boosted trees at one node; they take missing values as they are.

    Parameters
    ----------
    branches
        Of the node.
    columns
        Measures that the trees look at, in their order.
    shares
        Of the training patients, of each branch: the trees were grown as if all were alike.
    trees
        scikit-learn's HistGradientBoostingClassifier, whose classes are the branches' numbers.
    """

    branches: tuple[str, ...]
    columns: tuple[str, ...]
    shares: tuple[float, ...]
    trees: Any

    def predict(self, rows: Sequence[Row]) -> Values:
        """Give probabilities of shape (patients, branches).

        Raises
        ------
        DataRefusedError
            See `design`.
        """
        if not rows:
            return np.zeros((0, len(self.branches)))
        return with_shares(self.trees.predict_proba(design(rows, self.columns)), self.shares)


def with_shares(probabilities: Values, shares: Sequence[float]) -> Values:
    """Turn probabilities as of branches that are alike into those of branches with these shares.

    ``p_i s_i / sum of p_j s_j``: King and Zeng 2001 (Political Analysis 9:137), section 4.1.
    """
    return np.asarray(softmax(log_probabilities(probabilities) + np.log(np.asarray(shares)), axis=1))
