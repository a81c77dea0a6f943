"""`curves.tsv`: what each strategy of a simulation had reached after each round."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import NOTHING, TableRow, read_table, table_text

CURVES_COLUMNS: Final = ("strategy", "seed", "round", "budget", "region", "metric", "value")
"""Of `curves.tsv`."""


@dataclass(frozen=True, order=True)
class CurvePoint:
    """One value of one model.

    Parameters
    ----------
    strategy
        Which chose the cases.
    seed
        Which draws and training hang on; the same seed begins with the same model whatever the strategy.
    round_number
        0 for the model that the loop starts from, before any query.
    budget
        How many cases people had corrected by then.
    region, metric
        What was measured, as `test_scores.tsv` of a round names them.
    value
        The metric's mean over the test cases; None where it is not defined.
    """

    strategy: str
    seed: int
    round_number: int
    budget: int
    region: str
    metric: str
    value: float | None

    @property
    def key(self) -> tuple[str, int, int, str, str]:
        """What no two points of a table share."""
        return self.strategy, self.seed, self.round_number, self.region, self.metric


def write_curves(path: Path, points: Iterable[CurvePoint]) -> None:
    """Write points in the order of their keys, so that the same ones make the same file, every digit of their values.

    Raises
    ------
    DataRefusedError
        Where two points share a key, or a value is not finite.
    """
    ordered = sorted(points, key=lambda point: point.key)
    _check_once(ordered)
    write_text(path, table_text([_cells(point) for point in ordered], CURVES_COLUMNS))


def read_curves(path: Path) -> tuple[CurvePoint, ...]:
    """Read the points that `write_curves` wrote.

    Raises
    ------
    FileRefusedError
        Where it is not there, or a row is cut short or holds what is no number; by its line.
    DataRefusedError
        Where two rows share a key.
    """
    points = tuple(map(_point, read_table(path, CURVES_COLUMNS, whole=True)))
    _check_once(points)
    return points


def _cells(point: CurvePoint) -> dict[str, str]:
    value = point.value
    if value is not None and not math.isfinite(value):
        raise DataRefusedError(f"curves: a finite value or none was needed, found {value} for {point.key}")
    return {
        "strategy": point.strategy,
        "seed": str(point.seed),
        "round": str(point.round_number),
        "budget": str(point.budget),
        "region": point.region,
        "metric": point.metric,
        "value": NOTHING if value is None else repr(float(value)),
    }


def _point(row: TableRow) -> CurvePoint:
    value = row.number("value")
    if value is not None and not math.isfinite(value):
        raise row.refused(f"a finite number or n/a was needed as value, found {row['value']!r}")
    seed, round_number, budget = (_whole(row, column) for column in ("seed", "round", "budget"))
    return CurvePoint(row["strategy"], seed, round_number, budget, row["region"], row["metric"], value)


def _whole(row: TableRow, column: str) -> int:
    text = row[column]
    if not (text.isascii() and text.isdigit()):
        raise row.refused(f"a whole number from 0 was needed as {column}, found {text[:60]!r}")
    return int(text)


def _check_once(points: Iterable[CurvePoint]) -> None:
    counts = Counter(point.key for point in points)
    if twice := next((key for key, count in counts.items() if count > 1), None):
        raise DataRefusedError(f"curves: one value for each model and metric was needed, found several of {twice}")
