"""A plain logistic model of measures: numbers that a person can read, whose every answer can be taken apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.special import softmax

from nnunet_ext.classification.measured.design import Row, Values, design
from nnunet_ext.classification.measured.plain_numbers import number_list
from nnunet_ext.classification.measured.scaling import Scaling
from nnunet_ext.core.toml_fields import refuse_unknown, texts

_FARTHEST: Final = 4.0  # standard deviations: beyond, a value is taken for no more than that
_KEYS: Final = ("branches", "scaling", "gaps", "gap_shares", "coefficients", "intercepts", "strength")


@dataclass(frozen=True)
class LogisticModel:
    """Logistic regression at one node: ``P(branch) = softmax(intercept + sum of coefficient x scaled measure)``.

    A missing measure counts as the training patients' median; where it was missing in some of them, that it is missing
    is a measure of its own, a *gap*. No value counts for more than 4 standard deviations from the training mean, so
    that an image of another kind cannot make the model sure.

    Parameters
    ----------
    branches
        Of the node.
    scaling
        Of the measures that are used.
    gaps
        Those of them that have a gap. Of measures that are always missing together the first stands for all.
    gap_shares
        Share of the training patients in whom each is missing.
    coefficients
        For each branch one of each measure, then one of each gap. Over the branches they sum to 0.
    intercepts
        For each branch; they sum to 0.
    strength
        How weakly the coefficients were held at 0: scikit-learn's C.
    """

    branches: tuple[str, ...]
    scaling: Scaling
    gaps: tuple[str, ...]
    gap_shares: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]
    strength: float

    def predict(self, rows: Sequence[Row]) -> Values:
        """Give probabilities of shape (patients, branches), with numpy alone.

        Raises
        ------
        DataRefusedError
            See `design`.
        """
        terms = features(self.scaling, self.gaps, self.gap_shares, rows)
        return np.asarray(softmax(terms @ np.array(self.coefficients).T + np.array(self.intercepts), axis=1))

    def to_json(self) -> dict[str, Any]:
        """Give plain numbers that `from_json` reads back."""
        return {
            "branches": list(self.branches),
            "scaling": self.scaling.to_json(),
            "gaps": list(self.gaps),
            "gap_shares": list(self.gap_shares),
            "coefficients": [list(each) for each in self.coefficients],
            "intercepts": list(self.intercepts),
            "strength": self.strength,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "LogisticModel":
        """Read what `to_json` gave.

        Raises
        ------
        ValueError, KeyError, TypeError
            Where something is missing, unknown or no such model; `read_models` names the file.
        """
        refuse_unknown(content, _KEYS, "logistic model")
        branches, gaps = (texts(content, key, "logistic model") for key in ("branches", "gaps"))
        scaling = Scaling.from_json(content["scaling"])
        if len(branches) < 2 or not set(gaps) <= set(scaling.columns):
            raise ValueError(f"two branches, and gaps of measures, were needed, found {branches} and {gaps}")
        shares = number_list(content["gap_shares"], len(gaps), "gap_shares")
        if not all(0 < share < 1 for share in shares):
            raise ValueError("gap_shares: shares between 0 and 1 were needed")
        given = content["coefficients"]
        if not isinstance(given, list) or len(given) != len(branches):
            raise ValueError(f"coefficients: a list for each of {', '.join(branches)} was needed")
        return cls(
            branches=branches,
            scaling=scaling,
            gaps=gaps,
            gap_shares=shares,
            coefficients=tuple(number_list(each, len(scaling.columns) + len(gaps), "coefficients") for each in given),
            intercepts=number_list(content["intercepts"], len(branches), "intercepts"),
            strength=number_list([content["strength"]], 1, "strength")[0],
        )


def features(scaling: Scaling, gaps: Sequence[str], gap_shares: Sequence[float], rows: Sequence[Row]) -> Values:
    """Give what the coefficients are multiplied with, shape (patients, measures + gaps); each is 0 at the mean."""
    missing = np.isnan(design(rows, gaps)).astype(np.float64)
    shares = np.asarray(gap_shares, dtype=np.float64)
    gap_terms = (missing - shares) / np.sqrt(shares * (1 - shares))
    return np.clip(np.hstack([scaling.apply(rows), gap_terms]), -_FARTHEST, _FARTHEST)
