"""Taking in what came back of a round: every case and rater a row, verified masks, effort and agreement."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.ingest.consensus import ADJUDICATE_COLUMNS, AGREEMENT_COLUMNS
from nnunet_ext.active_learning.ingest.find_masks import FoundMasks, find_masks, join_masks
from nnunet_ext.active_learning.ingest.given_cases import GivenCases
from nnunet_ext.active_learning.ingest.ingest_case import (
    BY_REGION_COLUMNS,
    INGEST_COLUMNS,
    CameBack,
    ingest_case,
)
from nnunet_ext.active_learning.ingest.job import IngestJob
from nnunet_ext.active_learning.ingest.read_said import read_said
from nnunet_ext.active_learning.ingest.record import VerifiedPlace, append_to_sidecar, set_aside, taken_in
from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER, Said, join_said
from nnunet_ext.core.atomic import sweep, write_text
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.tables import Row, filled, table_text

EFFORT_TABLE: Final = "effort.tsv"
AGREEMENT_TABLE: Final = "agreement.tsv"
ADJUDICATE_TABLE: Final = "adjudicate.tsv"


@dataclass(frozen=True)
class Ingested:
    """What came back of a round.

    Parameters
    ----------
    rows
        Of `ingest.tsv`.
    by_region
        Of `effort.tsv`: what each rater changed in each mask.
    agreement, adjudicate
        Of the tables of these names: how far raters agree, and where a person must decide between them.
    refused
        What must be mended, in words: of a case and rater each.
    problems
        What is said nowhere else: marks that could not be read, masks of no case.
    """

    rows: tuple[Row, ...]
    by_region: tuple[Row, ...]
    agreement: tuple[Row, ...]
    adjudicate: tuple[Row, ...]
    refused: tuple[str, ...]
    problems: tuple[str, ...]


def ingest(query: Sequence[Row], job: IngestJob) -> Ingested:
    """Take in what came back.

    Every case and rater of the query has a row; what is wrong with one stands in its reason and stops no other. With
    several raters a case has one row more, of `consensus`, and its masks are what training is to see. The same call
    again changes no byte, wherever the one before was killed. Of what came back no file is written.

    Parameters
    ----------
    query
        Rows of `query.tsv`.
    job
        What to take in.

    Returns
    -------
    Ingested
        Rows in the order of the query, whatever the order of folders and files.

    Raises
    ------
    UsageError
        Where verified masks would go into a folder that came back, or come out of it.
    """
    _refuse_own(job)
    given = GivenCases.of_rows(query, [name for name, _ in job.target.classes])
    of_case: dict[str, list[Row]] = defaultdict(list)
    for row in query:
        of_case[row["case"]].append(row)
    raters = {filled(row, "rater") for row in query}
    sweep(job.verified)
    back = _came_back(job, given, raters)
    masks = find_masks(job.given, given).files
    done = [ingest_case(one, of_case[one.case], masks.get(one.case, {}), back, job) for one in given.cases.values()]
    _withdraw({path for one in done for path in one.files}, job)
    problems = _problems(job, back, raters)
    return Ingested(
        rows=tuple(row for one in done for row in one.rows),
        by_region=tuple(row for one in done for row in one.by_region),
        agreement=tuple(row for one in done for row in one.agreement),
        adjudicate=tuple(row for one in done for row in one.adjudicate),
        refused=tuple(text for one in done for text in one.refused),
        problems=problems,
    )


def write_ingest(table: Path, done: Ingested) -> tuple[Path, ...]:
    """Write `ingest.tsv`, which says that all is done, last, and the other tables beside it before; name them all."""
    tables: list[tuple[str, Iterable[Row], Sequence[str]]] = [
        (EFFORT_TABLE, done.by_region, BY_REGION_COLUMNS),
        (AGREEMENT_TABLE, done.agreement, AGREEMENT_COLUMNS),
        (ADJUDICATE_TABLE, done.adjudicate, ADJUDICATE_COLUMNS),
        (table.name, done.rows, INGEST_COLUMNS),
    ]
    sweep(table.parent, below=False)
    for name, rows, columns in tables:
        write_text(table.with_name(name), table_text(rows, columns))
    return tuple(table.with_name(name) for name, _, _ in tables)


def _refuse_own(job: IngestJob) -> None:
    own = job.verified.resolve()
    for one in job.returned:
        there = one.folder.resolve()
        if own.is_relative_to(there) or there.is_relative_to(own):
            raise UsageError(
                f"{one.folder}: a folder of masks that a rater gave back was needed, and verified ones are kept in it, "
                f"or it in them ({job.verified}); name the rater's folder"
            )


def _came_back(job: IngestJob, given: GivenCases, raters: set[str]) -> CameBack:
    said: dict[str, list[Said]] = defaultdict(list)
    found: dict[str, list[FoundMasks]] = defaultdict(list)
    for one in job.returned:
        if not one.folder.is_dir():
            said[one.rater].append(Said(problems=(f"{one.folder}: a folder that came back was needed; there is none",)))
            continue
        said[one.rater].append(read_said(one.folder, given))
        found[one.rater].append(find_masks(one.folder, given, raters - {one.rater, ""}))
    return CameBack(
        {rater: join_said(several) for rater, several in said.items()},
        {rater: join_masks(several) for rater, several in found.items()},
    )


def _withdraw(expected: set[Path], job: IngestJob) -> None:
    """Set aside masks that an earlier call took in, and that do not count any more."""
    for path in VerifiedPlace(job.verified).masks():
        if path not in expected:
            append_to_sidecar(path, [taken_in("withdrawn", "", {"Round": job.round})])
            set_aside(path)


def _problems(job: IngestJob, back: CameBack, raters: set[str]) -> tuple[str, ...]:
    strange = {name for one in back.found.values() for name in one.strange}
    return (
        *sorted(
            f"{one.folder}: nobody was asked under the name {one.rater!r}"
            for one in job.returned
            if one.rater not in raters | {CONSENSUS_RATER}
        ),
        *sorted({problem for said in back.said.values() for problem in said.problems}),
        *(f"{name}: a mask of no case that was given out" for name in sorted(strange)),
    )
