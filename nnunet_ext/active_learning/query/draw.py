"""The draw: places filled from strata, under a quota for each site and one session a person."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nnunet_ext.active_learning.query.candidate import Candidate
from nnunet_ext.active_learning.query.stratum import Ranked, Stratum
from nnunet_ext.core.rounding import whole_up


@dataclass(frozen=True)
class Choice:
    """A case that was chosen, from which stratum, and why in words."""

    ranked: Ranked
    stratum: str


def draw(strata: Sequence[Stratum], rest: Stratum, first: Sequence[Choice], most_per_site: float) -> tuple[Choice, ...]:
    """Fill the places of the strata.

    The strata take turns, so that each is as full as the others at any time. A person gives one session, and further
    images of that session only when nobody else is left. A site gives no more than its quota, which does not bind
    where only one site is known. Who cannot fill a place within these hands it on: to the other strata in their order,
    then to the rest. When no stratum can keep the quota, it is exceeded, and the reason says so. The rule of one
    session is never broken: places then stay empty.

    Parameters
    ----------
    strata
        With their places.
    rest
        All that could be chosen at all.
    first
        Chosen before all others; quotas and sessions do not keep them out, but count them.
    most_per_site
        Share of all places, those of the first among them, rounded up.

    Returns
    -------
    tuple of Choice
        In the order in which they were chosen. No case stands in it twice.
    """
    budget = len(first) + sum(stratum.places for stratum in strata)
    sites = {one.candidate.site for one in (*rest.ranked, *(choice.ranked for choice in first))} - {""}
    quota = whole_up(most_per_site * budget) if len(sites) > 1 else None
    board = _Board(quota, tuple(first))
    for own in _turns(strata):
        others = [stratum for stratum in strata if stratum is not own]
        if (choice := board.best([own, *others, rest])) is None:
            break
        board = replace(board, chosen=(*board.chosen, board.explained(choice, own.name)))
    return board.chosen


@dataclass(frozen=True)
class _Board:
    """What has been chosen so far, and the most of one site; None where that is not bound."""

    quota: int | None
    chosen: tuple[Choice, ...]

    def best(self, strata: Sequence[Stratum]) -> Choice | None:
        """Give the first case of the first stratum that breaks the fewest rules; None where none is left."""
        free = [(self._broken(one.candidate), stratum, one) for stratum in strata for one in self._free(stratum)]
        if not free:
            return None
        _, stratum, ranked = min(free, key=lambda each: each[0])  # the first of equals
        return Choice(ranked, stratum.name)

    def explained(self, choice: Choice, own: str) -> Choice:
        """Add to the reason whose place a case fills, and which rule it bends."""
        candidate = choice.ranked.candidate
        over, again = self._broken(candidate)
        said = [choice.ranked.reason]
        if choice.stratum != own:
            said.append(f"in a place of the stratum {own}, which has none left within the quotas")
        if over:
            said.append(f"more than {self.quota} of {candidate.site}, since no site has one left within its quota")
        if again:
            said.append("one more image of a session that is in this round, since nobody else is left")
        return replace(choice, ranked=replace(choice.ranked, reason="; ".join(said)))

    @cached_property
    def _cases(self) -> frozenset[str]:
        return frozenset(choice.ranked.candidate.case for choice in self.chosen)

    @cached_property
    def _sessions(self) -> Mapping[tuple[str, str], str]:
        """Whose session is in the round; of several that are pinned, the first."""
        return {one.ranked.candidate.person: one.ranked.candidate.session for one in reversed(self.chosen)}

    @cached_property
    def _of_site(self) -> Counter[str]:
        return Counter(choice.ranked.candidate.site for choice in self.chosen)

    def _free(self, stratum: Stratum) -> Iterator[Ranked]:
        for one in stratum.ranked:
            candidate = one.candidate
            session = self._sessions.get(candidate.person, candidate.session)
            if candidate.case not in self._cases and session == candidate.session:
                yield one

    def _broken(self, candidate: Candidate) -> tuple[bool, bool]:
        """Tell whether a case is one too many of its site, and whether its person is in the round already."""
        full = self.quota is not None and bool(candidate.site) and self._of_site[candidate.site] >= self.quota
        return full, candidate.person in self._sessions


def _turns(strata: Sequence[Stratum]) -> list[Stratum]:
    """Let the emptiest stratum be next, so that the first cases of a round are a sample of all strata."""
    turns = [
        ((turn + 1) / stratum.places, index) for index, stratum in enumerate(strata) for turn in range(stratum.places)
    ]
    return [strata[index] for _, index in sorted(turns)]
