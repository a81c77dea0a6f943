"""Points of a simulation, made up."""

from collections.abc import Mapping, Sequence

from nnunet_ext.active_learning.curves.curves_table import CurvePoint
from nnunet_ext.active_learning.curves.runs import Runs


def points(values: Mapping[str, Sequence[Sequence[float | None]]], step: int = 8) -> list[CurvePoint]:
    """Make points of the Dice of the lesion: strategy to a row for each seed, a value for each round from 0."""
    return [
        CurvePoint(strategy, seed, number, step * number, "lesion", "dsc", value)
        for strategy, seeds in values.items()
        for seed, row in enumerate(seeds)
        for number, value in enumerate(row)
    ]


def runs(values: Mapping[str, Sequence[Sequence[float | None]]]) -> Runs:
    return Runs.of(points(values), "lesion", "dsc")
