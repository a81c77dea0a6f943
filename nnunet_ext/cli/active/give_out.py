"""The second half of a query: the chosen cases are predicted and laid out for people."""

import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase, Prediction
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.exchange.sent_masks import SENT, SentMask, read_sent
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.query.label_masks import label_masks
from nnunet_ext.active_learning.query.round_choice import RoundChoice
from nnunet_ext.active_learning.query.stratum import SUSPECT
from nnunet_ext.active_learning.round_state import EXCHANGED
from nnunet_ext.active_learning.scores.score_case import Scorer
from nnunet_ext.active_learning.scores.score_pool import PoolImage, read_as_planned
from nnunet_ext.cascade.prediction.predict_case import predict_case
from nnunet_ext.cli.active.round_models import RoundModels
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_write import write_probability
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import Row
from nnunet_ext.core.volume import Volume
from nnunet_ext.dataset_conversion.existing import Existing


def give_out(
    rounds: Rounds,
    one: Round,
    models: RoundModels,
    settings: ExchangeSettings,
    roots: Mapping[str, Path],
    existing: Existing | None,
) -> None:
    """Lay out `to_correct`, and say so in the journal; what is edited is a prediction or, of a suspect, its label.

    Predictions are held in memory until all of them are there: one byte for each voxel and region of the chosen cases.
    What the model gave each voxel is written case by case beside `to_correct`, never in it, for a desk that offers what
    was nearly found.

    Raises
    ------
    DataRefusedError
        Where an image was changed since it was chosen.
    ConflictError, FileRefusedError, UsageError
        See `write_exchange`.
    """
    rows = RoundChoice(rounds, one).rows
    known = {row["case"] for row in rows if row["stratum"] == SUSPECT}
    images = {row["case"]: PoolImage.of_row(row, roots[row["dataset"]]) for row in rows if row["case"] not in known}
    scorers = models.scorers(list(images.values()), one.folder)
    masks = _laid_out(one.to_correct)
    if not masks:  # all are predicted anew, perhaps of another choice
        shutil.rmtree(one.probabilities, ignore_errors=True)
    for row in rows:
        if existing is not None and row["case"] in known.difference(masks):
            masks[row["case"]] = _label(row, roots[row["dataset"]], existing)
    missing = [case for case in images if case not in masks]
    with progress_bar("predict", "case") as progress:
        for done, case in enumerate(missing, start=1):
            masks[case] = _predicted(images[case], scorers(images[case]), one)
            progress(done, len(missing))
    sent = write_exchange(one.to_correct, _chosen(rows, roots, masks, scorers.of_case), settings, roots)
    Journal(rounds.journal).append_news(EXCHANGED, {"round": one.number, "files": _files(rounds, one, sent)})


def _laid_out(to_correct: Path) -> dict[str, dict[str, Prediction]]:
    """Give the predictions of a folder that was laid out before, of which the journal was not told."""
    masks: dict[str, dict[str, Prediction]] = defaultdict(dict)
    for mask in read_sent(to_correct) if (to_correct / SENT).is_file() else ():
        masks[mask.case][mask.region] = to_correct / mask.predicted
    return dict(masks)


def _predicted(image: PoolImage, scorer: Scorer, one: Round) -> dict[str, Prediction]:
    volumes = read_as_planned(image).volumes
    grid, case = volumes[0], image.about["case"]
    found = predict_case(volumes, scorer.segmenter, scorer.localizer, scorer.options)
    for name, opinions in found.opinions.items():
        write_probability(one.probability(case, name), opinions.mean, grid.affine, grid.forms)
    return {name: Volume(mask.astype(np.uint8), grid.affine) for name, mask in found.masks.items()}


def _label(row: Row, root: Path, existing: Existing) -> dict[str, Prediction]:
    image = root / split_list(row["image"])[0]
    affine = read_volume(image).affine
    masks = label_masks(existing.dataset, row["case"], image)
    return {name: Volume(mask.astype(np.uint8), affine) for name, mask in masks.items()}


def _chosen(
    rows: Sequence[Row],
    roots: Mapping[str, Path],
    masks: Mapping[str, Mapping[str, Prediction]],
    scorers: Mapping[str, Scorer],
) -> list[ChosenCase]:
    models = {case: scorer.model_sha256 for case, scorer in scorers.items()}
    return [
        ChosenCase.of_row(row, roots[row["dataset"]], masks[row["case"]], models.get(row["case"], "")) for row in rows
    ]


def _files(rounds: Rounds, one: Round, sent: Sequence[SentMask]) -> dict[str, str]:
    """Hash what nobody edits."""
    table = one.to_correct / SENT
    place = one.to_correct.relative_to(rounds.root).as_posix()
    predictions = {f"{place}/{mask.predicted}": mask.predicted_sha256 for mask in sent}
    beside = {file.relative_to(rounds.root).as_posix(): sha256(file) for file in one.probabilities.glob("*.nii.gz")}
    return {f"{place}/{SENT}": sha256(table), **dict(sorted(predictions.items())), **dict(sorted(beside.items()))}
