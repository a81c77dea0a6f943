"""From the rows of `scores.tsv` to the rows of `query.tsv`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.active_learning.query.candidate import IDENTITY, Candidate, candidates
from nnunet_ext.active_learning.query.deal import deal
from nnunet_ext.active_learning.query.draw import Choice, draw
from nnunet_ext.active_learning.query.lots import Lots
from nnunet_ext.active_learning.query.query_settings import QuerySettings
from nnunet_ext.active_learning.query.strategies import strata_of
from nnunet_ext.active_learning.query.stratum import SUSPECT, UNRANKED, Ranked, by_lot
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.tables import NOTHING, cell

QUERY_COLUMNS: Final = (*IDENTITY, "rank", "stratum", "strategy", "score", "reason", "rater")
"""Of `query.tsv`, a row for each case and rater."""


@dataclass(frozen=True)
class Query:
    """What a round asks for.

    Parameters
    ----------
    rows
        Of `query.tsv`, by rank.
    notes
        What whoever asked has to know, in sentences: places that stay empty, pins beyond the budget, cases in which no
        cord was found, which no score can lift.
    """

    rows: tuple[Mapping[str, str], ...]
    notes: tuple[str, ...]


def choose(
    rows: Iterable[Mapping[str, str]],
    settings: QuerySettings,
    pinned: Mapping[str, str] | None = None,
    barred: Iterable[str] = (),
    suspects: Sequence[Ranked] = (),
) -> Query:
    """Choose the cases of a round.

    Parameters
    ----------
    rows
        Of `scores.tsv`, in any order: what can still be asked for.
    settings
        What is asked for. The same settings and rows always give the same choice, whatever the machine.
    pinned
        Cases that come in whatever they score, with the reason in words, which may be empty. They take places of the
        budget; more than there are come in all the same.
    barred
        Cases that never come in.
    suspects
        Labelled cases, which have no row, that come in and take places of the budget as pinned ones do.

    Raises
    ------
    DataRefusedError
        Where a case has several rows, is both pinned and barred, is pinned but not there, or has a score that is no
        number.
    """
    pool = candidates(rows)
    pins, out = dict(pinned or {}), set(barred)
    if both := sorted(out.intersection(pins)):
        raise DataRefusedError(f"{first_few(both)}: to be pinned or barred was needed, found both; strike one")
    if lost := sorted(set(pins).difference(one.case for one in pool)):
        raise DataRefusedError(f"{first_few(lost)}: pinned, but not among the cases that can be asked for")
    pinned_ones = [Choice(_pinned(one, pins[one.case]), "pinned") for one in pool if one.case in pins]
    first = [*pinned_ones, *(Choice(one, SUSPECT) for one in suspects)]
    free = [one for one in pool if one.case not in pins and one.case not in out]
    lots = Lots(settings.seed, settings.round_number)
    strata = strata_of(settings, free, max(0, settings.budget - len(first)))
    rest = by_lot(UNRANKED, 0, free, lambda among: f"drawn at random among all {among} cases", lots)
    chosen = draw(strata, rest, first, settings.most_per_site)
    raters = deal(chosen, settings.raters, lots, every_rater=settings.every_rater)
    made = [
        _row(choice, rank, settings.strategy, rater)
        for rank, (choice, its) in enumerate(zip(chosen, raters, strict=True), start=1)
        for rater in its
    ]
    cordless = [one.case for one in free if not one.predicted("cord")]
    left = sorted(set(cordless).difference(row["case"] for row in made))
    return Query(tuple(made), (*_notes(settings.budget, len(pinned_ones), len(chosen), len(pool)), *_unseen(left)))


def _pinned(candidate: Candidate, reason: str) -> Ranked:
    return Ranked(candidate, None, f"pinned by hand: {reason}" if reason else "pinned by hand")


def _row(choice: Choice, rank: int, strategy: str, rater: str) -> Mapping[str, str]:
    candidate, score = choice.ranked.candidate, choice.ranked.score
    alarms = candidate.alarms
    reason = f"{choice.ranked.reason}; to be checked: {', '.join(alarms)}" if alarms else choice.ranked.reason
    return {
        **{column: candidate.row[column] for column in IDENTITY},
        "rank": str(rank),
        "stratum": choice.stratum,
        "strategy": strategy,
        "score": NOTHING if score is None else f"{score:.6g}",
        "reason": cell(reason),
        "rater": rater,
    }


def _notes(budget: int, pinned: int, chosen: int, pool: int) -> Iterable[str]:
    if pinned > budget:
        yield f"{pinned} cases are pinned, more than the budget of {budget}: all of them are in the round"
    if chosen < budget:
        yield (
            f"{budget - chosen} of {budget} places stay empty: of the {pool} cases of the pool no more can be chosen "
            "with one session a person"
        )


def _unseen(cases: Sequence[str]) -> Iterable[str]:
    if cases:
        yield (
            f"no cord was found in {len(cases)} of the cases that were not chosen, so that they have no score: "
            f"{first_few(cases)}; pin those that should be corrected, bar those that show none"
        )
