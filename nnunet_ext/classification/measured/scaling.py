"""Measures on one scale, without gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nnunet_ext.classification.measured.design import SKEWED, Row, Values, design, told_columns
from nnunet_ext.classification.measured.plain_numbers import number_list
from nnunet_ext.core.toml_fields import refuse_unknown, texts


@dataclass(frozen=True)
class Scaling:
    """How measures become numbers around 0, fitted on training patients.

    Parameters
    ----------
    columns
        Measures in their order.
    logs
        Those of them that ``ln(1 + value)`` is taken of.
    medians
        Of the training patients, after the logarithm: what a missing value counts as.
    means, scales
        Mean and standard deviation of the training patients after that.
    """

    columns: tuple[str, ...]
    logs: tuple[str, ...]
    medians: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]

    def apply(self, rows: Sequence[Row]) -> Values:
        """Give scaled values of shape (patients, columns); 0 is the mean of the training patients.

        Raises
        ------
        DataRefusedError
            See `design`.
        """
        values = _with_logs(design(rows, self.columns), self.columns, self.logs)
        filled = np.where(np.isnan(values), np.array(self.medians), values)
        return np.asarray((filled - np.array(self.means)) / np.array(self.scales))

    def to_json(self) -> dict[str, Any]:
        """Give plain numbers that `from_json` reads back."""
        return {name: list(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Scaling":
        """Read what `to_json` gave.

        Raises
        ------
        ValueError, KeyError, TypeError
            Where something is missing, unknown or no scaling.
        """
        refuse_unknown(content, ("columns", "logs", "medians", "means", "scales"), "scaling")
        columns, logs = texts(content, "columns", "scaling"), texts(content, "logs", "scaling")
        medians, means, scales = (
            number_list(content[key], len(columns), key) for key in ("medians", "means", "scales")
        )
        if len(set(columns)) < len(columns) or not set(logs) <= set(columns):
            raise ValueError(f"columns that differ, and logs of some of them, were needed, found {columns} and {logs}")
        if not all(scale > 0 for scale in scales):
            raise ValueError("scales above 0 were needed")
        return cls(columns, logs, medians, means, scales)


def fit_scaling(rows: Sequence[Row], columns: Sequence[str]) -> Scaling:
    """Fit a scaling on training patients, of the columns with two different values at least.

    Raises
    ------
    DataRefusedError
        Where no column has.
    """
    told = told_columns(rows, columns)
    logs = tuple(name for name in told if name in SKEWED)
    values = _with_logs(design(rows, told), told, logs)
    medians = np.nanmedian(values, axis=0)
    filled = np.where(np.isnan(values), medians, values)
    scales = filled.std(axis=0)  # above 0, but for values whose differences are lost in rounding
    return Scaling(
        columns=told,
        logs=logs,
        medians=tuple(medians.tolist()),
        means=tuple(filled.mean(axis=0).tolist()),
        scales=tuple(np.where(scales > 0, scales, 1.0).tolist()),
    )


def _with_logs(values: Values, columns: Sequence[str], logs: Sequence[str]) -> Values:
    chosen = np.isin(columns, logs)
    return np.where(chosen, np.log1p(np.maximum(values, 0.0)), values)
