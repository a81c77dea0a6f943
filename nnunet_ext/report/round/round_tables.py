"""What a round has left so far, read from the folder of its loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnunet_ext.active_learning.exchange.page_cases import PageCase, page_cases
from nnunet_ext.active_learning.ingest.consensus import AGREEMENT_COLUMNS
from nnunet_ext.active_learning.ingest.for_training import for_training
from nnunet_ext.active_learning.ingest.ingest import AGREEMENT_TABLE
from nnunet_ext.active_learning.ingest.ingest_case import INGEST_COLUMNS
from nnunet_ext.active_learning.ingest.to_adjudicate import to_adjudicate
from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.query.choose import QUERY_COLUMNS
from nnunet_ext.active_learning.query.round_choice import RoundChoice
from nnunet_ext.active_learning.scores.score_case import COLUMNS as SCORE_COLUMNS
from nnunet_ext.active_learning.scores.suspects import COLUMNS as SUSPECT_COLUMNS
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.active_learning.training.forgetting import FORGETTING_COLUMNS
from nnunet_ext.active_learning.training.matrix import MATRIX_COLUMNS
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import NOTHING, TableRow, filled, finite_number, read_table
from nnunet_ext.correction.effort_table import EFFORT_COLUMNS, EFFORT_TABLE


@dataclass(frozen=True)
class Minutes:
    """What people took, as far as it was written down.

    Parameters
    ----------
    rater
        Who; empty for all together, and for the one without a name.
    minutes
        Of the timed answers together.
    timed
        How many answers have their minutes.
    """

    rater: str
    minutes: float
    timed: int

    @property
    def each(self) -> float | None:
        """Minutes of one answer; None where none is timed."""
        return self.minutes / self.timed if self.timed else None


@dataclass(frozen=True)
class PastRound:
    """A round up to the one that is shown.

    Parameters
    ----------
    number
        From 1.
    used
        How many cases it gave to training.
    people
        What all took together.
    raters
        What each took, where there are several.
    training_minutes
        What its training took; None where that was not written down.
    """

    number: int
    used: int
    people: Minutes
    raters: tuple[Minutes, ...]
    training_minutes: float | None


@dataclass(frozen=True)
class RoundTables:
    """What is known of a round; a table that is not there yet is None.

    Parameters
    ----------
    one, settings
        The round, and what the loop is asked for.
    said
        What the journal says of the choice.
    query, scores, back, agreement, suspects, matrix, forgetting
        Rows of the tables; `back` is `ingest.tsv`, the matrix goes up to this round.
    adjudicate
        Cases in which raters differ.
    last_trained
        The last round of which the whole matrix tells, and up to which `forgetting` does; -1 where there is none.
    given
        What people were given, by rater and in the order in which each reads.
    past
        The rounds up to this one.
    at_desk
        What cases took at the desk in the browser, as its tables in the raters' folders say, each with its rater.
    """

    one: Round
    settings: ActiveSettings
    said: Mapping[str, Any]
    query: Sequence[TableRow]
    scores: Sequence[TableRow] | None
    back: Sequence[TableRow] | None
    agreement: Sequence[TableRow] | None
    adjudicate: Sequence[Mapping[str, str]]
    suspects: Sequence[TableRow] | None
    matrix: Sequence[TableRow] | None
    forgetting: Sequence[TableRow] | None
    last_trained: int
    given: Sequence[PageCase]
    past: Sequence[PastRound]
    at_desk: Sequence[tuple[str, TableRow]]

    @property
    def trained(self) -> bool:
        """Whether the figures of this round's model are there."""
        return any(row["round"] == str(self.one.number) for row in self.matrix or ())


def read_round(rounds: Rounds, number: int, settings: ActiveSettings) -> RoundTables:
    """Read the tables of a round, and those of the loop that go with it.

    Raises
    ------
    FileRefusedError
        Where one of them is damaged, or nothing was given out.
    """
    one = rounds.round(number)
    matrix = _there(rounds.matrix, MATRIX_COLUMNS)
    told = [int(row.number("round") or 0) for row in matrix or ()]
    given = page_cases(one.to_correct, settings.seed)
    raters = sorted({case.rater for case in given})
    return RoundTables(
        one,
        settings,
        RoundChoice(rounds, one).said,
        read_table(one.query, QUERY_COLUMNS, whole=True),
        _there(one.scores, SCORE_COLUMNS),
        _there(one.ingest, INGEST_COLUMNS),
        _there(one.ingest.with_name(AGREEMENT_TABLE), AGREEMENT_COLUMNS),
        to_adjudicate(one),
        _there(one.suspects, SUSPECT_COLUMNS),
        None if matrix is None else [row for row in matrix if (row.number("round") or 0) <= number],
        _there(rounds.forgetting, FORGETTING_COLUMNS),
        max(told, default=-1),
        given,
        [_past(rounds.round(past)) for past in range(1, number + 1)],
        [
            (rater, row)
            for rater in raters
            for row in _there(one.to_correct / rater / EFFORT_TABLE, EFFORT_COLUMNS) or ()
        ],
    )


def _past(one: Round) -> PastRound:
    back = _there(one.ingest, INGEST_COLUMNS) or []
    of_rater: dict[str, list[float]] = {}
    for row in back:
        if row["rater"] != CONSENSUS_RATER:
            took = row.number("minutes")
            of_rater.setdefault(filled(row, "rater"), []).extend([] if took is None else [took])
    people = [Minutes(rater, sum(took), len(took)) for rater, took in of_rater.items()]
    trained = one.trained
    told = read_json_object(trained, "what a round was trained with was needed") if trained.is_file() else {}
    return PastRound(
        one.number,
        len(for_training(back, one.corrected)),
        Minutes("", sum(one.minutes for one in people), sum(one.timed for one in people)),
        tuple(people) if len(people) > 1 else (),
        finite_number(str(told.get("minutes", NOTHING))),
    )


def _there(table: Path, columns: Sequence[str]) -> list[TableRow] | None:
    return read_table(table, columns, whole=True) if table.is_file() else None
