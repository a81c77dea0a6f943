"""The points of a simulation by strategy, seed and round, for one metric of one region."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from nnunet_ext.active_learning.curves.budget_area import budget_area
from nnunet_ext.active_learning.curves.curves_table import CurvePoint
from nnunet_ext.core.errors import DataRefusedError

BySeed = Mapping[int, float]
"""Seed to value."""


@dataclass(frozen=True)
class Runs:
    """What each strategy reached in one metric.

    Rounds are what is compared, since they have the same places for all; a round that could not fill its places, at the
    end of a pool, has a budget of its own.

    Parameters
    ----------
    points
        Of one region and metric.
    """

    points: tuple[CurvePoint, ...]

    @classmethod
    def of(cls, points: Iterable[CurvePoint], region: str, metric: str) -> "Runs":
        """Take the points of a region and a metric out of a table.

        Raises
        ------
        DataRefusedError
            Where there are none.
        """
        found = tuple(sorted(point for point in points if (point.region, point.metric) == (region, metric)))
        if not found:
            raise DataRefusedError(f"curves: values of {metric} of {region} were needed, found none")
        return cls(found)

    @cached_property
    def strategies(self) -> tuple[str, ...]:
        """Their names in order."""
        return tuple(sorted({point.strategy for point in self.points}))

    @cached_property
    def rounds(self) -> tuple[int, ...]:
        """All rounds that any run has, in order."""
        return tuple(sorted({point.round_number for point in self.points}))

    def at(self, strategy: str, round_number: int) -> BySeed:
        """Give what a strategy had reached after a round; seeds without a value are left out."""
        return {
            point.seed: point.value
            for point in self._of[strategy]
            if point.round_number == round_number and point.value is not None
        }

    def lines(self, strategy: str) -> tuple[tuple[tuple[int, float | None], ...], ...]:
        """Give budget and value after each round, a line for each seed in order: what is drawn."""
        return tuple(
            tuple((point.budget, point.value) for point in self._of[strategy] if point.seed == seed)
            for seed in sorted({point.seed for point in self._of[strategy]})
        )

    def areas(self, strategy: str) -> BySeed:
        """Give the area under the budget curve of each seed.

        A run that lacks a round which others have, or a value, is left out: areas over other rounds say nothing.
        """
        found: dict[int, float] = {}
        for seed in sorted({point.seed for point in self._of[strategy]}):
            mine = sorted(
                (point.round_number, point.budget, point.value)
                for point in self._of[strategy]
                if point.seed == seed and point.value is not None
            )
            if tuple(number for number, _, _ in mine) == self.rounds:
                area = budget_area([budget for _, budget, _ in mine], [value for _, _, value in mine])
                found |= {} if area is None else {seed: area}
        return found

    @cached_property
    def _of(self) -> Mapping[str, tuple[CurvePoint, ...]]:
        return {name: tuple(point for point in self.points if point.strategy == name) for name in self.strategies}
