"""The last step of a training: what its model is worth on the frozen test set, and what the loop gained and forgot."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.frozen import read_frozen
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.active_learning.training.corrected_plan import added_in_round
from nnunet_ext.active_learning.training.forgetting import FORGETTING_COLUMNS, Learned, forgetting_rows
from nnunet_ext.active_learning.training.matrix import MATRIX_COLUMNS, matrix_rows
from nnunet_ext.active_learning.training.scored_rows import SCORE_COLUMNS, found_lesions, score_rows
from nnunet_ext.cascade.prediction.predict_all import Status, predict_all
from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cli.active.round_models import RoundModels
from nnunet_ext.cli.evaluate.inputs import Asked, gather_pairs
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.tables import TableRow, read_table, table_text
from nnunet_ext.core.workers import run_all
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.evaluation.evaluate_pair import CaseResult, evaluate_pair
from nnunet_ext.evaluation.evaluate_pair import Status as Scored
from nnunet_ext.evaluation.region import Scoring
from nnunet_ext.evaluation.results import LESION_COLUMNS, lesions_tsv

_LABELS: Final = "labelsTs"


def score_model(
    rounds: Rounds, number: int, settings: ActiveSettings, dataset: RawDataset, device: str, n_procs: int
) -> list[Path]:
    """Predict and score the frozen test set with the model of a round; of round 0, with what the loop started from.

    Returns
    -------
    list of Path
        The tables that were written; none where nobody is tested on.

    Raises
    ------
    DataRefusedError
        Where a test case cannot be predicted or scored: figures of other cases could not be compared.
    """
    cases, one = read_frozen(rounds).cases, rounds.round(number)
    tables = [one.test_lesions, one.test_scores]
    if not cases or (number == 0 and all(table.is_file() for table in tables)):
        return tables if cases else []
    one.folder.mkdir(exist_ok=True)
    _predict(rounds, one, settings, dataset, cases, device)
    results, labels = _evaluate(one, dataset, cases, n_procs)
    about = {row["case"]: row["dataset"] for row in read_cases(dataset.folder)}
    write_text(one.test_lesions, lesions_tsv(results))
    write_text(one.test_scores, table_text(score_rows(number, results, about, labels), SCORE_COLUMNS))
    return tables


def write_comparison(rounds: Rounds, number: int, dataset: RawDataset) -> list[Path]:
    """Write `matrix.tsv` and `forgetting.tsv` of the rounds up to this one; name them, and none without a test set."""
    scores = {at: _table(rounds.round(at).test_scores, SCORE_COLUMNS) for at in range(number + 1)}
    scores = {at: rows for at, rows in scores.items() if rows}
    if not scores:
        return []
    matrix = [row for rows in scores.values() for row in matrix_rows(rows)]
    added: dict[str, int] = {}
    for row in read_cases(dataset.folder):
        if row["split"] == "train" and (at := added_in_round(row["split_by"])) <= number:
            added[row["site"]] = max(at, added.get(row["site"], 0))
    learned = Learned(
        added=added,
        sites={row["case"]: row["site"] for rows in scores.values() for row in rows},
        found={at: found_lesions(_table(rounds.round(at).test_lesions, list(LESION_COLUMNS))) for at in scores},
    )
    write_text(rounds.matrix, table_text(matrix, MATRIX_COLUMNS))
    write_text(rounds.forgetting, table_text(forgetting_rows(matrix, learned), FORGETTING_COLUMNS))
    return [rounds.matrix, rounds.forgetting]


def _table(file: Path, columns: Sequence[str]) -> list[TableRow]:
    return read_table(file, columns, whole=True) if file.is_file() else []


def _predict(
    rounds: Rounds, one: Round, settings: ActiveSettings, dataset: RawDataset, cases: Sequence[str], device: str
) -> None:
    channels = range(len(dataset.read_dataset_json()["channel_names"]))
    files = {case: tuple(dataset.image(case, "test", channel) for channel in channels) for case in cases}
    inputs = [InputCase(case, images, tuple(file.name for file in images)) for case, images in files.items()]
    models = RoundModels.of_round(rounds, one.number + 1, settings, device)
    failed: list[str] = []
    with progress_bar(f"test round {one.number}", "case") as progress:
        done = 0
        for job, members in models.prediction_jobs(inputs, one.tested):
            for outcome in predict_all(members, job):
                done += 1
                progress(done, len(inputs))
                if outcome.status is Status.FAILED:
                    failed.append(f"{outcome.case}: {outcome.reason}")
                elif outcome.spared:  # such a mask says nothing of the model
                    failed.append(f"{outcome.case}: {', '.join(outcome.spared)} was changed by hand; remove it")
    if failed:
        raise DataRefusedError(
            f"{one.tested}: {len(failed)} of {len(inputs)} test cases were not predicted: {first_few(failed)}; mend "
            "them, and give the same command again"
        )


def _evaluate(
    one: Round, dataset: RawDataset, cases: Collection[str], n_procs: int
) -> tuple[list[CaseResult], Labelling]:
    write_json(one.tested / "dataset.json", dataset.read_dataset_json())  # what the label maps' values mean
    asked = Asked(dataset.folder / _LABELS, one.tested, None, (), None)
    gathered = gather_pairs(asked, Scoring(), None, missing_as_empty=False)
    pairs = [pair for pair in gathered.pairs if pair.case in cases]
    with progress_bar("evaluate", "case") as progress:
        results = run_all(evaluate_pair, pairs, (gathered.comparison,), n_procs, progress)
    refused = [f"{result.pair.case}: {result.reason}" for result in results if result.status is Scored.REFUSED]
    if refused or len(results) != len(cases):
        raise DataRefusedError(
            f"{one.tested}: {len(cases)} test cases were needed, {len(results)} have a label map, and "
            f"{len(refused)} cannot be scored: {first_few(refused) or 'none'}"
        )
    return results, gathered.comparison.prediction
