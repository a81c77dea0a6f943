"""The areas under the budget curves as a table."""

from collections.abc import Iterator
from typing import Final

from nnunet_ext.active_learning.curves.against_baseline import Comparison
from nnunet_ext.active_learning.curves.seed_interval import SeedInterval
from nnunet_ext.active_learning.curves.verdict import Verdict
from nnunet_ext.core.tables import NOTHING

AREAS_COLUMNS: Final = (
    "strategy", "seeds", "area", "area_low", "area_high", "difference", "difference_low", "difference_high", "p",
    "p_holm", "significance",
)  # fmt: skip
"""Of `areas.tsv`: differences are to the baseline, which stands first; intervals are those of 95 %."""


def area_rows(verdict: Verdict) -> tuple[dict[str, str], ...]:
    """Give a row for each strategy, the baseline first, then the best area first.

    Under `significance` stands `better`, `worse`, `not significant`, `not tested`, or of the baseline `baseline`.
    """
    baseline = {
        **dict.fromkeys(AREAS_COLUMNS, NOTHING),
        "strategy": verdict.baseline,
        "seeds": str(verdict.reached.count),
        **_interval("area", verdict.reached),
        "significance": "baseline",
    }
    return baseline, *_compared(verdict.comparisons)


def _compared(comparisons: tuple[Comparison, ...]) -> Iterator[dict[str, str]]:
    for one in comparisons:
        yield {
            "strategy": one.strategy,
            "seeds": str(one.area.count),
            **_interval("area", one.area),
            **_interval("difference", one.difference.interval),
            "p": _cell(one.difference.p),
            "p_holm": _cell(one.p_holm),
            "significance": one.significance,
        }


def _interval(name: str, interval: SeedInterval) -> dict[str, str]:
    return {name: _cell(interval.mean), f"{name}_low": _cell(interval.low), f"{name}_high": _cell(interval.high)}


def _cell(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.6g}"
