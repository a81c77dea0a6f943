"""What a simulation found, as tables and in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nnunet_ext.active_learning.curves.areas_table import AREAS_COLUMNS, area_rows
from nnunet_ext.active_learning.curves.curves_table import CurvePoint, write_curves
from nnunet_ext.active_learning.curves.penalty_matrix import penalty_matrix
from nnunet_ext.active_learning.curves.penalty_table import penalty_columns, penalty_rows
from nnunet_ext.active_learning.curves.runs import Runs
from nnunet_ext.active_learning.curves.seed_interval import seed_interval
from nnunet_ext.active_learning.curves.verdict import Verdict, verdict
from nnunet_ext.active_learning.query.strategy_names import BASELINE
from nnunet_ext.active_learning.simulate.layout import Simulation
from nnunet_ext.active_learning.simulate.points import DICE, EFFORT_COLUMNS, quantity_of
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import NOTHING, Row, number, table_text
from nnunet_ext.evaluation.agreement.adjust import Correction

_SPENT = ("voxels_changed", "slices_changed", "objects_added", "objects_removed")


@dataclass(frozen=True)
class Outcome:
    """What was found.

    Parameters
    ----------
    region
        Whose Dice is compared.
    runs
        Its values.
    verdict
        On them.
    effort
        Rows of `effort.tsv`.
    """

    region: str
    runs: Runs
    verdict: Verdict
    effort: tuple[Row, ...]

    @property
    def strategies(self) -> tuple[str, ...]:
        """Their names: the baseline, then by their areas, the best first."""
        return BASELINE, *(one.strategy for one in self.verdict.comparisons)

    def table(self) -> list[list[str]]:
        """Give what a person reads first: for each strategy its means over seeds beside those of the baseline.

        Returns
        -------
        list of list of str
            Rows of cells, below a row of names: the mean Dice after each round, its difference to the baseline's, and
            what was changed in all rounds, a mean over seeds.
        """
        rounds = self.runs.rounds
        head = [*(f"round {number}" for number in rounds), *(f"to {BASELINE} {number}" for number in rounds[1:])]
        beaten = self._means(BASELINE)
        rows = []
        for name in self.strategies:
            means = self._means(name)
            gains = [None if a is None or b is None else a - b for a, b in zip(means, beaten, strict=True)][1:]
            shown = [NOTHING if gain is None or name == BASELINE else f"{gain:+.3f}" for gain in gains]
            values = [NOTHING if mean is None else f"{mean:.3f}" for mean in means]
            rows.append([name, *values, *shown, *self._spent(name)])
        return [["strategy", *head, *(name.replace("_", " ") for name in _SPENT)], *rows]

    def _means(self, strategy: str) -> list[float | None]:
        return [seed_interval(list(self.runs.at(strategy, one).values())).mean for one in self.runs.rounds]

    def _spent(self, strategy: str) -> list[str]:
        rows = [row for row in self.effort if row["strategy"] == strategy]
        seeds = len({row["seed"] for row in rows})
        return [f"{sum(number(row[name]) or 0 for row in rows) / seeds:.0f}" if seeds else NOTHING for name in _SPENT]


def conclude(points: Sequence[CurvePoint], effort: Iterable[Row], region: str) -> Outcome:
    """Compare strategies, of which predicted-foreground random must be one.

    Raises
    ------
    DataRefusedError
        Where it is none, or there are no values.
    """
    runs = Runs.of(points, region, DICE)
    return Outcome(region, runs, verdict(runs, BASELINE, quantity_of(region)), tuple(effort))


def write_outcome(simulation: Simulation, points: Sequence[CurvePoint], outcome: Outcome) -> None:
    """Write the tables, and the verdict in words."""
    matrix = penalty_matrix(outcome.runs, Correction.HOLM)
    write_curves(simulation.curves, points)
    write_text(simulation.areas, table_text(area_rows(outcome.verdict), AREAS_COLUMNS))
    write_text(simulation.penalties, table_text(penalty_rows(matrix), penalty_columns(matrix)))
    write_text(simulation.effort, table_text(outcome.effort, EFFORT_COLUMNS))
    write_text(simulation.verdict, "\n".join(outcome.verdict.sentences) + "\n")
