"""What each strategy makes of a pool: strata with their places, and an order within each."""

from collections.abc import Callable, Sequence
from typing import Final

from nnunet_ext.active_learning.query.candidate import Candidate
from nnunet_ext.active_learning.query.lots import Lots
from nnunet_ext.active_learning.query.measure import REGIONS, Measure
from nnunet_ext.active_learning.query.power import beta_of
from nnunet_ext.active_learning.query.query_settings import QuerySettings
from nnunet_ext.active_learning.query.share_out import share_out
from nnunet_ext.active_learning.query.strategy_names import BASELINE, STRATA
from nnunet_ext.active_learning.query.stratum import Stratum, by_lot, by_score

_BY_REGION: Final = 0.66  # ClaSP PE's share for the regions one by one (arXiv 2601.13677)
_POWER_BALD_BETA: Final = 1.0  # Kirsch et al. 2021, and nnActive's default


def strata_of(settings: QuerySettings, pool: Sequence[Candidate], places: int) -> tuple[Stratum, ...]:
    """Divide a pool as a strategy wants it.

    Parameters
    ----------
    settings
        Strategy, shares, seed and round.
    pool
        What can be chosen, in any order.
    places
        How many are left to be filled, from 0.

    Returns
    -------
    tuple of Stratum
        Their places add up to `places`. A case may stand in several; one without the score that a stratum goes by
        stands not in it.

    Raises
    ------
    DataRefusedError
        Where a score is a word or not finite.
    """
    lots = Lots(settings.seed, settings.round_number)
    if settings.strategy == "strata":
        return _strata(settings, pool, places, lots)
    if settings.strategy == "claspe":
        return _claspe(settings, pool, places, lots)
    if settings.strategy == BASELINE:
        return _foreground(pool, places, lots)
    if settings.strategy == "random":
        return (by_lot("random", places, pool, lambda among: f"drawn at random among all {among} cases", lots),)
    if settings.strategy == "power-bald":
        return (by_score("power-bald", places, pool, Measure("bald"), lots, _POWER_BALD_BETA),)
    kinds = {"entropy": Measure("entropy"), "bald": Measure("bald"), "disagreement": Measure("disagreement")}
    return (by_score(settings.strategy, places, pool, kinds[settings.strategy], lots),)


def _strata(settings: QuerySettings, pool: Sequence[Candidate], places: int, lots: Lots) -> tuple[Stratum, ...]:
    beta = beta_of(settings.round_number, settings.rounds)
    found = [one for one in pool if any(map(one.predicted, REGIONS))]
    makers: dict[str, Callable[[int], Stratum]] = {
        "lesion": lambda part: by_score("lesion", part, pool, Measure("bald", ("lesion",)), lots, beta),
        "cord": lambda part: by_score("cord", part, pool, Measure("bald", ("cord",)), lots, beta),
        "random": lambda part: by_lot("random", part, found, _among("a predicted cord or lesion"), lots),
        "healthy": lambda part: by_lot("healthy", part, [one for one in pool if one.healthy], _seems_healthy, lots),
    }
    wanted = [name for name in STRATA if settings.shares.get(name, 0.0) > 0]
    parts = share_out(places, [settings.shares[name] for name in wanted])
    return tuple(makers[name](part) for name, part in zip(wanted, parts, strict=True))


def _claspe(settings: QuerySettings, pool: Sequence[Candidate], places: int, lots: Lots) -> tuple[Stratum, ...]:
    """ClaSP PE: ``int(0.66 Q)`` places for the regions in equal parts, the rest by entropy, with power noise."""
    beta = beta_of(settings.round_number, settings.rounds)
    for_regions = int(_BY_REGION * places)
    regions = Measure("claspe").scored(pool).regions or REGIONS
    parts = share_out(for_regions, [1.0] * len(regions))
    return (
        *(
            by_score(region, part, pool, Measure("claspe", (region,)), lots, beta)
            for region, part in zip(regions, parts, strict=True)
        ),
        by_score("entropy", places - for_regions, pool, Measure("entropy"), lots, beta),
    )


def _foreground(pool: Sequence[Candidate], places: int, lots: Lots) -> tuple[Stratum, ...]:
    """Draw a region first and a case that has it then, so that the cord, which all have, does not drown the lesions."""
    found = {region: [one for one in pool if one.predicted(region)] for region in REGIONS}
    regions = [region for region in REGIONS if found[region]] or list(REGIONS)
    parts = share_out(places, [1.0] * len(regions))
    return tuple(
        by_lot(region, part, found[region], _among(f"a predicted {region}"), lots)
        for region, part in zip(regions, parts, strict=True)
    )


def _among(what: str) -> Callable[[int], str]:
    return lambda among: f"drawn at random among the {among} cases with {what}"


def _seems_healthy(among: int) -> str:
    return f"apparently healthy: no lesion is predicted; drawn at random among {among} such cases to see if that is so"
