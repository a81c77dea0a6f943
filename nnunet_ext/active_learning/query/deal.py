"""Cases to raters."""

from collections.abc import Sequence

from nnunet_ext.active_learning.query.draw import Choice
from nnunet_ext.active_learning.query.lots import Lots
from nnunet_ext.core.tables import NOTHING


def deal(
    chosen: Sequence[Choice], raters: Sequence[str], lots: Lots, *, every_rater: bool
) -> tuple[tuple[str, ...], ...]:
    """Deal cases out among raters, each case to one, or all to all.

    Dealt stratum by stratum, in turn: no rater has more than one case more than another, of the whole round and of each
    stratum, so that raters are not confused with what they were given. Who comes first is drawn by lot.

    Parameters
    ----------
    chosen
        In the order of their ranks.
    raters
        Their names, in any order; none: one without a name.
    lots
        The urn of the round.
    every_rater
        Whether all get all.

    Returns
    -------
    tuple
        For each case its raters.
    """
    order = sorted(raters or [NOTHING], key=lambda rater: (lots.draw("rater", rater), rater))
    if every_rater:
        return tuple(tuple(sorted(order)) for _ in chosen)
    by_stratum = sorted(range(len(chosen)), key=lambda index: (chosen[index].stratum, index))
    turn = {index: order[number % len(order)] for number, index in enumerate(by_stratum)}
    return tuple((turn[index],) for index in range(len(chosen)))
