"""What a simulation says, in sentences that claim no more than the tests do."""

from collections.abc import Iterator
from dataclasses import dataclass

from nnunet_ext.active_learning.curves.against_baseline import Comparison, Significance, against_baseline
from nnunet_ext.active_learning.curves.paired_difference import PairedDifference
from nnunet_ext.active_learning.curves.penalty_matrix import ALPHA
from nnunet_ext.active_learning.curves.runs import Runs
from nnunet_ext.active_learning.curves.seed_interval import SeedInterval, seed_interval


@dataclass(frozen=True)
class Verdict:
    """The outcome.

    Parameters
    ----------
    baseline, reached
        The strategy to beat, and its area under the budget curve.
    winner
        The strategy to use: of those significantly better than the baseline that with the best area, else the baseline.
    comparisons
        Of every other strategy with the baseline, see `against_baseline`.
    sentences
        One on the baseline, one on each other strategy, one on what to use.
    """

    baseline: str
    reached: SeedInterval
    winner: str
    comparisons: tuple[Comparison, ...]
    sentences: tuple[str, ...]


def verdict(runs: Runs, baseline: str, quantity: str, *, higher_is_better: bool = True) -> Verdict:
    """Say which strategy to use, and which differences are not significant.

    Parameters
    ----------
    runs, baseline, higher_is_better
        See `against_baseline`.
    quantity
        What was measured, such as `Dice of the lesion`.

    Raises
    ------
    DataRefusedError
        See `against_baseline`.
    """
    comparisons = against_baseline(runs, baseline, higher_is_better=higher_is_better)
    winners = [one.strategy for one in comparisons if one.significance is Significance.BETTER]
    winner = winners[0] if winners else baseline
    reached = seed_interval(list(runs.areas(baseline).values()))
    sentences = tuple(_sentences(comparisons, winners, baseline, reached, quantity))
    return Verdict(baseline, reached, winner, comparisons, sentences)


def _sentences(
    comparisons: tuple[Comparison, ...], winners: list[str], baseline: str, reached: SeedInterval, quantity: str
) -> Iterator[str]:
    yield f"{baseline} reached an area of {_interval(reached)} under the curve of {quantity} against the budget."
    for one in comparisons:
        yield f"{one.strategy} reached {_interval(one.area)}, {_difference(one, baseline)}."
    if not comparisons:
        return
    if winners:
        yield f"Use {winners[0]}: significantly better than {baseline} (p below {ALPHA:g} after Holm's correction)."
    else:
        yield f"No strategy is significantly better than {baseline}: use {baseline}."


def _difference(one: Comparison, baseline: str) -> str:
    difference = one.difference
    if difference.interval.mean is None:
        return f"which cannot be compared: no seed has all rounds of it and of {baseline}"
    way = f"{difference.interval.mean:+.4f} to {baseline}{_bounds(difference.interval)}"
    if one.p_holm is None:
        return f"{way}: not tested, {_untested(difference)}"
    sure = "" if one.significance is Significance.NOT_SIGNIFICANT else "significantly "
    tested = f"p {_p(difference.p)}, after Holm {_p(one.p_holm)}, {difference.interval.count} seeds"
    return f"{way}: {sure}{one.significance} ({tested})"


def _untested(difference: PairedDifference) -> str:
    if difference.interval.count < 2:
        return "a second seed is needed"
    return "the difference is the same for all seeds"


def _interval(interval: SeedInterval) -> str:
    return "n/a" if interval.mean is None else f"{interval.mean:.4f}{_bounds(interval)}"


def _bounds(interval: SeedInterval) -> str:
    if interval.low is None or interval.high is None:
        return ""
    return f" (95 % {interval.low:.4f} to {interval.high:.4f})"


def _p(p: float | None) -> str:
    return "n/a" if p is None else "below 0.001" if p < 0.001 else f"{p:.3f}"
