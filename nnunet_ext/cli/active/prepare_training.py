"""The second step of a training: plans, preprocessed images of the new cases, and how often each case is drawn."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from nnunet_ext.active_learning.training.loop_plans import LoopPlans, loop_plans, refuse_other_task
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.dataset_files.description import DATASET_JSON, SPLITS
from nnunet_ext.core.dataset_files.folds import read_folds
from nnunet_ext.core.environment import environment_variable, required_folder
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_checkpoint import TrainedModel

_FINGERPRINT = "dataset_fingerprint.json"  # nnU-Net copies it, and takes nothing from it once there are plans


def prepare_training(dataset: RawDataset, model: TrainedModel, new_cases: Sequence[str], n_procs: int) -> LoopPlans:
    """Bring nnU-Net's preprocessed folder of the dataset up to date; files of plans that stand there are not touched.

    Parameters
    ----------
    dataset
        With the corrections in it.
    model
        That the loop starts from, whose plans all rounds have.
    new_cases
        Training cases that the model has not seen yet.
    n_procs
        Processes that preprocess.

    Raises
    ------
    UsageError
        Where the model has other channels or regions than the dataset.
    DataRefusedError
        See `renew_preprocessed`.
    """
    described = dataset.read_dataset_json()
    refuse_other_task(model.dataset_json, described, where=dataset.folder.name)
    folder = required_folder("nnUNet_preprocessed", os.environ) / dataset.folder.name
    plans = loop_plans(model.plans, model.configuration, described, folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not plans.stands:
        write_json(folder / f"{plans.name}.json", plans.content, allow_nan=True)
    for name, content in ((_FINGERPRINT, {}), (DATASET_JSON, described)):
        if not (folder / name).is_file():
            write_json(folder / name, content)
    if (dataset.folder / SPLITS).is_file() and not (folder / SPLITS).is_file():
        write_json(folder / SPLITS, list(read_folds(dataset.folder)))
    _renew(dataset, plans, new_cases, n_procs)
    return plans


def _renew(dataset: RawDataset, plans: LoopPlans, new_cases: Sequence[str], n_procs: int) -> None:
    # Within the function: torch and nnU-Net are seconds of import that asking for help must not cost.
    from nnunet_ext.trainers.dataset_knowledge import settle_spine_plan  # noqa: PLC0415
    from nnunet_ext.trainers.renew_preprocessed import renew_description, renew_preprocessed  # noqa: PLC0415
    from nnunet_ext.trainers.spine_plan import write_spine_plan  # noqa: PLC0415

    folder = required_folder("nnUNet_preprocessed", os.environ) / dataset.folder.name
    described = dataset.read_dataset_json()
    with environment_variable("nnUNet_def_n_proc", str(n_procs)):
        renew_description(dataset.folder.name, described)
        renew_preprocessed(plans.content, plans.configuration, _tell)
    plan, _ = settle_spine_plan(folder, described, plans.content, plans.configuration, write=True)
    new = tuple(sorted(new_cases))
    if plan.new_cases != new:
        write_spine_plan(folder, replace(plan, new_cases=new))


def _tell(sentence: str) -> None:
    print(f"nnunet_ext active train: {sentence}", file=sys.stderr)
