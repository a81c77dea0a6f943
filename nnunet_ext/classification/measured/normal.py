"""Whether a patient is like those whom a classifier was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nnunet_ext.classification.measured.design import Row, Values, design
from nnunet_ext.classification.measured.plain_numbers import number_list
from nnunet_ext.classification.measured.scaling import Scaling, fit_scaling
from nnunet_ext.core.json_numbers import finite
from nnunet_ext.core.require_classify import require_classify
from nnunet_ext.core.toml_fields import refuse_unknown

_SHARE: Final = 0.99
_NOISE: Final = 0.01  # of a measure's variance: so two measures that say the same have an inverse, too
_KEYS: Final = ("scaling", "usual", "precision", "limit")


@dataclass(frozen=True)
class Likeness:
    """How far a patient is from the training patients.

    Parameters
    ----------
    distance, limit
        Mahalanobis distance, and the one that 99 % of the training patients stay within.
    outside
        Measures that no training patient had so low or so high, in the columns' order. One of many is often so: alone
        it does not make a patient unusual.
    """

    distance: float
    limit: float
    outside: tuple[str, ...]

    @property
    def is_unlike(self) -> bool:
        """Whether the distance is above the limit."""
        return self.distance > self.limit


@dataclass(frozen=True)
class NormalModel:
    """The training patients' measures: their ranges, and a normal distribution.

    Parameters
    ----------
    scaling
        Of the measures that are used; a missing one counts as the median, which is nothing unusual.
    usual
        Lowest and highest value of each, in its unit.
    precision
        Inverse of the shrunk covariance of scaled measures, shape (measures, measures).
    limit
        99th percentile of the training patients' distances, each from the others alone.
    """

    scaling: Scaling
    usual: tuple[tuple[float, float], ...]
    precision: tuple[tuple[float, ...], ...]
    limit: float

    def judge(self, rows: Sequence[Row]) -> list[Likeness]:
        """Tell of each patient how far they are from the training patients.

        Raises
        ------
        DataRefusedError
            See `design`.
        """
        distances = _distances(self.scaling.apply(rows), np.array(self.precision))
        values, ends = design(rows, self.scaling.columns), np.array(self.usual)
        beyond = (values < ends[:, 0]) | (values > ends[:, 1])  # False where a value is missing
        names = np.array(self.scaling.columns)
        return [
            Likeness(float(distance), self.limit, tuple(names[one].tolist()))
            for distance, one in zip(distances, beyond, strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        """Give plain numbers that `from_json` reads back."""
        return {
            "scaling": self.scaling.to_json(),
            "usual": {name: list(ends) for name, ends in zip(self.scaling.columns, self.usual, strict=True)},
            "precision": [list(each) for each in self.precision],
            "limit": self.limit,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "NormalModel":
        """Read what `to_json` gave.

        Raises
        ------
        ValueError, KeyError, TypeError
            Where something is missing, unknown or no such model.
        """
        refuse_unknown(content, _KEYS, "usual measures")
        scaling = Scaling.from_json(content["scaling"])
        given, lines = content["usual"], content["precision"]
        if not isinstance(given, dict) or set(given) != set(scaling.columns):
            raise ValueError(f"usual: a range of each of {', '.join(scaling.columns)} was needed")
        ranges = [number_list(given[name], 2, f"usual {name}") for name in scaling.columns]
        if not isinstance(lines, list) or len(lines) != len(ranges):
            raise ValueError(f"precision: {len(ranges)} lines were needed")
        precision = tuple(number_list(each, len(ranges), "precision") for each in lines)
        if not all(low <= high for low, high in ranges) or np.linalg.eigvalsh(np.array(precision)).min() < 0:
            raise ValueError("ranges from low to high, and the inverse of a covariance, were needed")
        return cls(scaling, tuple((low, high) for low, high in ranges), precision, finite(content["limit"]))


def fit_normal(rows: Sequence[Row], columns: Sequence[str]) -> NormalModel:
    """Learn what is usual from the training patients.

    The covariance is shrunk towards a sphere (Ledoit and Wolf 2004, J. Multivariate Anal. 88:365). For the limit each
    patient is left out in turn, scaling and covariance being fitted on the others.

    Parameters
    ----------
    rows
        Of training patients, three or more.
    columns
        Measures that may be fed; those that do not differ are left out.

    Raises
    ------
    DataRefusedError
        Where no measure differs.
    EnvironmentProblemError
        Without scikit-learn.
    """
    scaling, precision = _fit(rows, columns)
    left_out = [_from_others(rows, place, columns) for place in range(len(rows))]
    values = design(rows, scaling.columns)
    ends = np.stack([np.nanmin(values, axis=0), np.nanmax(values, axis=0)], axis=1).tolist()
    return NormalModel(
        scaling=scaling,
        usual=tuple((low, high) for low, high in ends),
        precision=tuple(tuple(each) for each in precision.tolist()),
        limit=float(np.quantile(left_out, _SHARE)),
    )


def _fit(rows: Sequence[Row], columns: Sequence[str]) -> tuple[Scaling, Values]:
    covariance = require_classify("sklearn.covariance")
    scaling = fit_scaling(rows, columns)
    shrunk, _ = covariance.ledoit_wolf(scaling.apply(rows), assume_centered=True)
    precision = np.linalg.inv(shrunk + _NOISE * np.eye(len(shrunk)))
    return scaling, (precision + precision.T) / 2


def _from_others(rows: Sequence[Row], place: int, columns: Sequence[str]) -> float:
    scaling, precision = _fit([*rows[:place], *rows[place + 1 :]], columns)
    return float(_distances(scaling.apply([rows[place]]), precision)[0])


def _distances(scaled: Values, precision: Values) -> Values:
    return np.asarray(np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", scaled, precision, scaled), 0.0)))
