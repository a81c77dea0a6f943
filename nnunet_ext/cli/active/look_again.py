"""In a query: the labels of the dataset that deserve a second look, out of fold."""

import os
from pathlib import Path

from nnunet_ext.active_learning.layout import Round
from nnunet_ext.active_learning.scores.score_pool import PoolImage
from nnunet_ext.active_learning.scores.suspects import LabelledImage, suspects, unseen_by
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cli.active.round_models import RoundModels
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.cell_lists import PATHS, join_list
from nnunet_ext.core.dataset_files.folds import Folds, edited_folds
from nnunet_ext.core.environment import preprocessed_folder
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.tables import Row, filled, read_table
from nnunet_ext.dataset_conversion.existing import Existing


def look_again(one: Round, settings: ActiveSettings, existing: Existing | None, models: RoundModels) -> tuple[str, ...]:
    """Compare each label that a fold of the model never saw with what that fold says, and write `suspects.tsv`.

    What is held at once is one fold's networks and one case; killed anywhere, the next call goes on.

    Parameters
    ----------
    one, settings
        The round, and what the loop is asked for.
    existing
        The labelled dataset; None where there is none, and nothing is said.
    models
        Of the round.

    Returns
    -------
    tuple of str
        What came of it, in sentences, or why nothing did.
    """
    if existing is None:
        return ()
    none = "no label was looked at again"
    model = models.chosen[0].model
    own = one.number > 1 or model.plans.get("dataset_name") == settings.dataset
    if models.chosen[0].card is not None or not own:
        return (f"{none}: {model.name} was not trained on {settings.dataset}, so that no fold of it left a case out",)
    unseen = unseen_by(_folds(existing), [fold.name for fold in model.folds])
    cases = [
        _labelled(existing.dataset, row, unseen[row["case"]])
        for row in existing.ledger.included
        if row["split"] == "train" and row["case"] in unseen
    ]
    if not cases:
        return (f"{none}: no fold of {model.name} left a case of {settings.dataset} out",)
    labels = Labelling.of_dataset_json(existing.dataset.read_dataset_json())
    with progress_bar("look again", "case") as progress:
        failed = suspects(cases, models.of_folds(one.folder), labels, one.suspects, progress)
    rows = read_table(one.suspects, ("case", "reason"), whole=True)
    found = [row["case"] for row in rows if filled(row, "reason")]
    said = f"{len(found)} of {len(rows)} labels deserve a second look, as {one.suspects.name} says"
    said += f": {first_few(found)}" if found else ""
    lost = first_few([f"{case}: {why}" for case, why in failed.items()])
    return (said, *((f"{len(failed)} labelled cases could not be looked at again: {lost}",) if failed else ()))


def _folds(existing: Existing) -> Folds:
    """Give the folds that are trained by: those that a person edited where nnU-Net reads them, else the dataset's."""
    folder = existing.dataset.folder
    planned = preprocessed_folder(folder.name, os.environ)
    return (None if planned is None else edited_folds(folder, planned)) or existing.folds


def _labelled(dataset: RawDataset, row: Row, fold: str) -> LabelledImage:
    """Take a case as it stands in the raw dataset: image and label are on one grid there."""
    channels = range(len(dataset.read_dataset_json()["channel_names"]))
    files = tuple(dataset.image(row["case"], "train", channel) for channel in channels)
    names = tuple(_name(file) for file in files)
    about = {**row, "image": join_list(names, PATHS), "image_sha256": join_list(map(sha256, files), PATHS)}
    return LabelledImage(
        PoolImage(about, InputCase(row["case"], files, names)), dataset.label(row["case"], "train"), fold
    )


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"
