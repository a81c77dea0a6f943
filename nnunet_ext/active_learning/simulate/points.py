"""What the rounds of a loop reached, and what they cost."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from nnunet_ext.active_learning.curves.curves_table import CurvePoint
from nnunet_ext.active_learning.ingest.effort_summary import effort_summary
from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.core.labels import CORD
from nnunet_ext.core.tables import NOTHING, Row, number, read_table
from nnunet_ext.core.target import Target

DICE: Final = "dice"
METRICS: Final = (DICE, "lesion_f1", "volume_error_percent")
"""Columns of `test_scores.tsv` whose means over the test cases are drawn."""

_LESION: Final = "lesion"

EFFORT_COLUMNS: Final = (
    "strategy", "seed", "round", "budget", "cases", "accept", "edit", "reject", "voxels_changed", "slices_changed",
    "objects_added", "objects_removed", "region", DICE,
)  # fmt: skip
"""Of `effort.tsv`: what was changed in one round, and the mean Dice of the model after it."""


@dataclass(frozen=True)
class Run:
    """One loop of a simulation.

    Parameters
    ----------
    strategy, seed
        Of its queries; the seed of its trainings, too.
    rounds
        Its folder.
    """

    strategy: str
    seed: int
    rounds: Rounds

    def points(self, count: int) -> tuple[CurvePoint, ...]:
        """Read the values after each round, from that of the first model to that of round `count`.

        Raises
        ------
        FileRefusedError
            Where a table of a round is missing, or damaged.
        """
        found: list[CurvePoint] = []
        for one in range(count + 1):
            budget = self._budget(one)
            found += [
                CurvePoint(self.strategy, self.seed, one, budget, region, metric, value)
                for (region, metric), value in self._means(one).items()
            ]
        return tuple(found)

    def effort(self, count: int, region: str) -> Iterator[dict[str, str]]:
        """Give a row with `EFFORT_COLUMNS` for each round, from the first to `count`.

        Raises
        ------
        FileRefusedError
            See `points`.
        """
        for one in range(1, count + 1):
            everybody = effort_summary(self._taken_in(one))[-1]
            dice = self._means(one).get((region, DICE))
            row = {
                **everybody,
                "strategy": self.strategy,
                "seed": str(self.seed),
                "round": str(one),
                "budget": str(self._budget(one)),
                "region": region,
                DICE: NOTHING if dice is None else f"{dice:.6g}",
            }
            yield {column: row[column] for column in EFFORT_COLUMNS}

    def _budget(self, count: int) -> int:
        """Count the cases that came back up to a round."""
        rows = [row for one in range(1, count + 1) for row in self._taken_in(one)]
        return len({row["case"] for row in rows if row["action"] != Action.DEFER})

    def _taken_in(self, one: int) -> list[Row]:
        return list(read_table(self.rounds.round(one).ingest, ("case", "rater", "action"), whole=True))

    def _means(self, one: int) -> Mapping[tuple[str, str], float | None]:
        """Give the mean of each metric of each region; None where no test case has it. Volume errors lose their sign.

        A metric that no case of a region has, such as lesions of the cord, is not that region's.
        """
        rows = read_table(self.rounds.round(one).test_scores, ("case", "region", *METRICS), whole=True)
        means: dict[tuple[str, str], float | None] = {}
        for region in dict.fromkeys(row["region"] for row in rows):
            of_region = [row for row in rows if row["region"] == region]
            for metric in METRICS:
                values = [abs(value) for row in of_region if (value := number(row[metric])) is not None]
                if values or metric == DICE:
                    means[region, metric] = fmean(values) if values else None
        return means


def main_region(target: Target) -> str:
    """Name the region by which models are compared: the lesion where there is one, else the first."""
    regions = [name for name, _ in target.regions]
    return _LESION if _LESION in regions else regions[0]


def quantity_of(region: str) -> str:
    """Say what is compared, in words."""
    return f"Dice of the {'cord' if region == CORD else region}"
