"""Where a correction loop stands, as its journal and files say; nothing of it is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER, Action
from nnunet_ext.active_learning.journal import Entry, Journal
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import NOTHING, Row, read_table

BEGUN: Final = "init"
"""The event of a loop; all others are of a round, whose number is their field `round`. They may say `files`, too: the
SHA-256 of the tables that were written, by their path in the loop's folder. Each look at it hashes them again."""

QUERIED: Final = "queried"
EXCHANGED: Final = "exchanged"
INGESTED: Final = "ingested"
TRAINED: Final = "trained"


class Stage(StrEnum):
    """How far a round is."""

    NONE = "none"
    """Nothing was asked for yet."""

    QUERIED = "queried"
    """Cases are chosen; what people get is not whole yet."""

    CORRECTING = "correcting"
    """People have it."""

    INGESTED = "ingested"
    """All of it is back."""

    TRAINED = "trained"
    """The round is over."""


@dataclass(frozen=True)
class RoundState:
    """Where a loop stands.

    Parameters
    ----------
    number
        Of the round, 0 before the first.
    stage
        Of that round.
    since
        When it came so far; empty where nothing has begun.
    asked, left
        For each rater, `n/a` where none is named, how many cases were asked for, and how many of them are left: those
        that are not back, or were deferred. `consensus` has left the cases in which all of several raters are
        done and do not agree, which people have to settle.
    problems
        In sentences, what is not as the journal says.
    """

    number: int = 0
    stage: Stage = Stage.NONE
    since: str = ""
    asked: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    left: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[str, ...] = ()


def read_state(rounds: Rounds) -> RoundState:
    """See where a loop stands.

    Raises
    ------
    FileRefusedError
        Where the journal, or a table of the round, is damaged.
    """
    entries = Journal(rounds.journal).entries()
    number, of_round = _last_round(entries)
    if not number:
        return RoundState(since=entries[-1].when if entries else "")
    asked, done = _pairs(rounds.round(number))
    left = asked - done
    raters = sorted({rater for _, rater in asked})
    return RoundState(
        number=number,
        stage=_stage({entry.event for entry in of_round}, all_back=bool(asked) and not left),
        since=of_round[-1].when,
        asked={rater: sum(one == rater for _, one in asked) for rater in raters},
        left={rater: sum(one == rater for _, one in left) for rater in raters},
        problems=tuple(_problems(rounds, entries)),
    )


def read_stage(rounds: Rounds) -> tuple[int, Stage]:
    """Give the number and the stage of the last round, 0 before the first; nothing is hashed, unlike in `read_state`.

    Raises
    ------
    FileRefusedError
        As `read_state`.
    """
    number, of_round = _last_round(Journal(rounds.journal).entries())
    if not number:
        return 0, Stage.NONE
    asked, done = _pairs(rounds.round(number))
    return number, _stage({entry.event for entry in of_round}, all_back=bool(asked) and not asked - done)


def _last_round(entries: Sequence[Entry]) -> tuple[int, list[Entry]]:
    number = max((entry.fields["round"] for entry in entries if "round" in entry.fields), default=0)
    return number, [entry for entry in entries if entry.fields.get("round") == number]


def _stage(happened: set[str], *, all_back: bool) -> Stage:
    if TRAINED in happened:
        return Stage.TRAINED
    if INGESTED in happened and all_back:
        return Stage.INGESTED
    if EXCHANGED in happened:
        return Stage.CORRECTING
    return Stage.QUERIED if QUERIED in happened else Stage.NONE


def _pairs(one: Round) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Give the cases with their raters that were asked for, and those that are back."""
    asked = read_table(one.query, ("case", "rater"), whole=True) if one.query.is_file() else []
    back = read_table(one.ingest, ("case", "rater", "action"), whole=True) if one.ingest.is_file() else []
    given, done = {_pair(row) for row in asked}, {_pair(row) for row in back if row["action"] != Action.DEFER}
    open_cases = {case for case, _ in given - done}
    apart = {_pair(row) for row in back if row["rater"] == CONSENSUS_RATER and row["case"] not in open_cases}
    return given | (apart - done), done


def _pair(row: Row) -> tuple[str, str]:
    return row["case"], row["rater"] or NOTHING


def _problems(rounds: Rounds, entries: Sequence[Entry]) -> list[str]:
    """Hold the files against what the journal says last of each."""
    recorded: dict[str, str] = {}
    for entry in entries:
        recorded |= entry.fields.get("files", {})
    found = []
    for name, digest in recorded.items():
        if not (rounds.root / name).is_file():
            found.append(f"{name} is gone")
        elif sha256(rounds.root / name) != digest:
            found.append(f"{name} was changed since it was written")
    return found
