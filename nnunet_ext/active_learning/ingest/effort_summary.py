"""What a round cost its raters, in one row for each of them and one for all."""

from collections.abc import Iterable, Sequence
from typing import Final

from nnunet_ext.active_learning.ingest.consensus import CONSENSUS_RATER
from nnunet_ext.active_learning.ingest.effort import EFFORT_COLUMNS
from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.core.tables import NOTHING, Row, number

ALL_RATERS: Final = "all"
SUMMARY_COLUMNS: Final = (
    "rater", "cases", *(str(action) for action in Action), "share_accepted",
    *(name for name in EFFORT_COLUMNS if name != "volume_change_mm3"), "minutes", "timed_cases",
)  # fmt: skip


def effort_summary(rows: Iterable[Row]) -> list[dict[str, str]]:
    """Summarise `ingest.tsv`.

    Parameters
    ----------
    rows
        Of it; those of the consensus are nobody's work, and do not count.

    Returns
    -------
    list of dict
        Of each rater, in the order of the rows, then of all. `share_accepted` is that of the accepted among those that
        were accepted or edited, ``n/a`` where there is none; `minutes` are those of the `timed_cases`.
    """
    of_rater: dict[str, list[Row]] = {}
    for row in rows:
        if row["rater"] != CONSENSUS_RATER:
            of_rater.setdefault(row["rater"], []).append(row)
    everything = [row for several in of_rater.values() for row in several]
    return [_summary(rater, several) for rater, several in [*of_rater.items(), (ALL_RATERS, everything)]]


def _summary(rater: str, rows: Sequence[Row]) -> dict[str, str]:
    counts = {str(action): sum(row["action"] == action for row in rows) for action in Action}
    used = counts[Action.ACCEPT] + counts[Action.EDIT]
    timed = [minutes for row in rows if (minutes := number(row["minutes"])) is not None]
    sums = {
        name: f"{sum(number(row[name]) or 0 for row in rows):.0f}" for name in SUMMARY_COLUMNS if name in EFFORT_COLUMNS
    }
    return {
        "rater": rater,
        "cases": str(len(rows)),
        **{action: str(count) for action, count in counts.items()},
        "share_accepted": f"{counts[Action.ACCEPT] / used:.3f}" if used else NOTHING,
        **sums,
        "minutes": f"{sum(timed):g}" if timed else NOTHING,
        "timed_cases": str(len(timed)),
    }
