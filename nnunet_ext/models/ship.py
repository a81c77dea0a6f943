"""A finished training as one of the models that come with the package: small, plain, described by its card."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.model_name import STOCK_TRAINER
from nnunet_ext.core.read_checkpoint import read_checkpoint
from nnunet_ext.models.default_card import DefaultCard, write_card
from nnunet_ext.models.entry_names import DATASET_JSON, FINAL, PLANS, folds_of
from nnunet_ext.models.json_files import read_json_object
from nnunet_ext.models.shareable import shareable_dataset_json, shareable_plans
from nnunet_ext.models.write_checkpoint import write_checkpoint


def ship_model(trained: Path, folder: Path, card: DefaultCard, *, mirror: bool) -> DefaultCard:
    """Write what prediction needs of a trained model, its weights in half precision.

    Half precision keeps 11 bits of each weight, far more than training's noise leaves meaning in; nnU-Net widens them
    when it loads them. The network is nnU-Net's own, so that its own trainer's name stands in the checkpoint and
    nobody needs ours to predict.

    Parameters
    ----------
    trained
        nnU-Net's folder of the model, with the final checkpoint of each of its folds.
    folder
        To write to; the same training gives the same bytes.
    card
        Its description; the digests of the files are filled in.
    mirror
        Whether prediction is to mirror as the training allows; else never.

    Returns
    -------
    DefaultCard
        As written.
    """
    for fold in set(folds_of(folder)) - set(folds_of(trained)):
        shutil.rmtree(folder / f"fold_{fold}")
    for fold in folds_of(trained):
        _ship_fold(trained / f"fold_{fold}" / FINAL, folder / f"fold_{fold}" / FINAL, mirror=mirror)
    shared = {
        PLANS: shareable_plans(read_json_object(trained / PLANS)),
        DATASET_JSON: shareable_dataset_json(read_json_object(trained / DATASET_JSON)),
    }
    for name, content in shared.items():
        write_text(folder / name, json.dumps(content.content, indent=4, ensure_ascii=False) + "\n")
    return write_card(folder, card)


def _ship_fold(trained: Path, shipped: Path, *, mirror: bool) -> None:
    checkpoint = read_checkpoint(trained)
    changed = replace(
        checkpoint,
        weights={name: tensor.half() for name, tensor in checkpoint.weights.items()},
        trainer=STOCK_TRAINER,
        mirroring_axes=checkpoint.mirroring_axes if mirror else None,
    )
    write_checkpoint(shipped, changed)
