"""The first half of a query: the pool is scanned and scored, and the cases of the round are chosen."""

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nnunet_ext.active_learning.frozen import read_frozen
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.loop_dataset import dataset_of
from nnunet_ext.active_learning.pool import pool_sources, scan_pool
from nnunet_ext.active_learning.query.asked_before import asked_before
from nnunet_ext.active_learning.query.candidate import candidates
from nnunet_ext.active_learning.query.case_list import read_case_list
from nnunet_ext.active_learning.query.choose import QUERY_COLUMNS, choose
from nnunet_ext.active_learning.query.query_settings import PLANNED, QuerySettings
from nnunet_ext.active_learning.query.round_choice import RoundChoice
from nnunet_ext.active_learning.query.second_looks import SecondLooks, second_looks
from nnunet_ext.active_learning.scores.score_pool import PoolImage, score_pool
from nnunet_ext.active_learning.scores.suspects import COLUMNS as SUSPECT_COLUMNS
from nnunet_ext.active_learning.scores.training_domain import training_domain
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.cli.active.labelled import frozen_now, labelled_dataset
from nnunet_ext.cli.active.look_again import look_again
from nnunet_ext.cli.active.round_models import RoundModels
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.tables import read_table, table_text
from nnunet_ext.dataset_conversion.existing import Existing


@dataclass(frozen=True)
class AskedChoice:
    """What people want of one round.

    Parameters
    ----------
    pin, bar
        Lists of cases that come in, and of those that do not; None where there is none.
    strategy
        Of this round; empty for the one of the settings.
    suspects
        Whether labels are looked at again, too.
    second_looks
        How many of those that deserve it take places of the budget.
    """

    pin: Path | None = None
    bar: Path | None = None
    strategy: str = ""
    suspects: bool = True
    second_looks: int = 0


def choose_cases(rounds: Rounds, one: Round, settings: ActiveSettings, models: RoundModels, asked: AskedChoice) -> None:
    """Choose the cases of a round, write `scores.tsv`, `suspects.tsv` and `query.tsv`, and say so in the journal.

    Raises
    ------
    ConflictError
        Where the test set or the plans are not those that were frozen.
    DataRefusedError
        Where nothing can be asked for.
    FileRefusedError
        Where a list names what cannot be asked for.
    """
    wanted = _query_settings(settings, asked.strategy, one.number)
    images, people = _scanned(rounds, one, settings)
    pool = candidates([image.about for image in images])
    pinned = {} if asked.pin is None else read_case_list(asked.pin, pool)
    barred = {} if asked.bar is None else read_case_list(asked.bar, pool)
    existing = labelled_dataset(dataset_of(rounds, settings))
    domain = None if existing is None else training_domain(existing.dataset)
    scorers = models.scorers(images, one.folder, domain)
    one.folder.mkdir(exist_ok=True)
    with progress_bar("score", "image") as progress:
        unscored = score_pool(images, scorers, one.scores, progress)
    scores = read_table(one.scores, whole=True)
    rows = [{**row, "person": people[row["case"]]} for row in scores]
    if lost := [case for case in pinned if case in unscored]:
        raise DataRefusedError(
            f"{first_few([f'{case}: {unscored[case]}' for case in lost])}: pinned, and cannot be scored; mend it or "
            "strike it from the list, and give the same command again"
        )
    again = look_again(one, settings, existing, models) if asked.suspects else ()
    looks = _second_looks(rounds, one, settings, existing, asked.second_looks)
    found = choose(rows, wanted, pinned, barred, looks.ranked)
    if not found.rows:
        why = "; ".join((*found.notes, *(f"{case}: {reason}" for case, reason in list(unscored.items())[:3])))
        raise DataRefusedError(f"{one.scores}: no case of the pool can be chosen: {why}")
    write_text(one.query, table_text(found.rows, QUERY_COLUMNS))
    said = {
        "scored": len(scores),
        "notes": [*found.notes, *scorers.said, *again, *looks.notes],
        "unscored": dict(sorted(unscored.items())),
    }
    RoundChoice(rounds, one).write_down(said)


def _second_looks(
    rounds: Rounds, one: Round, settings: ActiveSettings, existing: Existing | None, most: int
) -> SecondLooks:
    """Take labels into the round, as many as were asked for and can be looked at again."""
    if not most:
        return SecondLooks()
    if existing is None or not one.suspects.is_file():
        return SecondLooks(notes=("no label takes a place of this round: none was looked at again",))
    roots = {source.name: source.root for source in pool_sources(rounds, settings)}
    rows = read_table(one.suspects, SUSPECT_COLUMNS, whole=True)
    return second_looks(rows, existing, roots, asked_before(rounds, one.number), min(most, settings.budget))


def _query_settings(settings: ActiveSettings, strategy: str, number: int) -> QuerySettings:
    return QuerySettings(
        budget=settings.budget,
        shares=asdict(settings.shares),
        strategy=strategy or settings.strategy,
        most_per_site=settings.most_per_site,
        seed=settings.seed,
        round_number=number,
        rounds=settings.rounds or PLANNED,
        raters=settings.raters,
        every_rater=settings.every_rater,
    )


def _scanned(rounds: Rounds, one: Round, settings: ActiveSettings) -> tuple[list[PoolImage], dict[str, str]]:
    """Look what can be asked for now, and whose images these are."""
    existing, frozen = labelled_dataset(dataset_of(rounds, settings)), read_frozen(rounds)
    frozen.refuse_changed(frozen_now(settings, existing))
    if not settings.dataset:  # who is tested on was drawn from the pool itself: nobody put them there by mistake
        settings = replace(settings, tested_in_pool="skip")
    sources = pool_sources(rounds, settings)
    with progress_bar("scan", "image") as progress:
        pool = scan_pool(sources, settings, existing, frozen.tested, progress)
    for sentence in pool.said:
        print(f"nnunet_ext active query: assumed: {sentence}", file=sys.stderr)
    pool.write(rounds)
    out = asked_before(rounds, one.number)
    roots = {source.name: source.root for source in sources}
    left = [row for row in pool.rows if row["case"] not in out]
    if not left:
        raise DataRefusedError(
            f"{rounds.pool}: images that can be asked for were needed; of {len(pool.rows)} in the pool {len(out)} were "
            f"asked for before; put more into its folders, or name more of them in {rounds.settings}"
        )
    images = [PoolImage.of_row(row, roots[row["dataset"]]) for row in left]
    return images, {row["case"]: row["person"] for row in left}
