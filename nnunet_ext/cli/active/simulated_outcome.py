"""What a simulation found: its tables, its picture, and what is said on the screen."""

from collections.abc import Sequence

from nnunet_ext.active_learning.query.strategy_names import BASELINE
from nnunet_ext.active_learning.simulate.layout import Simulation
from nnunet_ext.active_learning.simulate.outcome import Outcome, conclude, write_outcome
from nnunet_ext.active_learning.simulate.points import Run, quantity_of
from nnunet_ext.core.atomic import write_bytes
from nnunet_ext.report.plots.budget_curves import budget_curves_plot


def compare_runs(simulation: Simulation, runs: Sequence[Run], rounds: int, region: str) -> Outcome:
    """Compare loops of so many rounds by the Dice of a region; tables and picture are written anew.

    Raises
    ------
    FileRefusedError
        Where a table of a round is missing, or damaged.
    """
    points = [point for run in runs for point in run.points(rounds)]
    effort = [row for run in runs for row in run.effort(rounds, region)]
    outcome = conclude(points, effort, region)
    write_outcome(simulation, points, outcome)
    lines = {name: outcome.runs.lines(name) for name in outcome.strategies}
    quantity = quantity_of(region)
    plot = budget_curves_plot(lines, title=f"{quantity} on the test cases", axis=quantity, baseline=BASELINE)
    write_bytes(simulation.plot, plot)
    return outcome


def outcome_in_words(simulation: Simulation, outcome: Outcome, seeds: int) -> list[str]:
    """Give the lines for a person: a table of what each strategy reached beside the baseline, and the verdict."""
    files = (simulation.curves, simulation.areas, simulation.penalties, simulation.effort, simulation.plot)
    return [
        f"{quantity_of(outcome.region)}, means over {seeds} seeds; what people would have changed in all rounds",
        *_aligned(outcome.table()),
        *outcome.verdict.sentences,
        f"{simulation.root}: {', '.join(file.name for file in files)}",
    ]


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
