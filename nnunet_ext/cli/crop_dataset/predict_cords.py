"""The cords of a raw dataset, predicted by the localizer that comes with the package."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.cascade.prediction.case_files import Naming, Wanted
from nnunet_ext.cascade.prediction.engines import Engine
from nnunet_ext.cascade.prediction.predict_all import CaseOutcome, Status, predict_all
from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cli.predict.choose_models import ChosenModel
from nnunet_ext.cli.predict.make_job import RunSettings, Segmenters, case_options, make_job
from nnunet_ext.cli.predict.model import channel_names, localizer_channels, model_entry
from nnunet_ext.cli.predict.rules import AskedRules
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import FIRST_CHANNEL
from nnunet_ext.core.raw_dataset import FILE_ENDING, RawDataset
from nnunet_ext.models.default_models import LOCALIZER, find_default
from nnunet_ext.models.load import load_model

_FIRST: Final = f"{FIRST_CHANNEL}{FILE_ENDING}"
_SHOWN: Final = 5


@dataclass(frozen=True)
class DefaultCords:
    """Where the predicted cords lie, and which model made them, in a sidecar's words."""

    folder: Path
    made_by: Mapping[str, Any]

    @property
    def in_words(self) -> str:
        """Say it to a person."""
        return (
            f"the cords were predicted by {LOCALIZER}, which comes with nnunet_ext and was trained on synthetic images "
            f"alone: it has seen none of these cases, and every box is out of fold; look at them in {self.folder}"
        )


def predict_cords(source: RawDataset, folder: Path, device: str) -> DefaultCords:
    """Predict the cord of every case, training and test, into a folder as `find_cords` reads it.

    What stands there is kept where the same model made it from the same image, or a person corrected it, and is
    made anew otherwise: a run that was killed goes on.

    Raises
    ------
    EnvironmentProblemError, UnsafeModelError
        Where the model or the device is not there, or the model was changed.
    DataRefusedError
        Where an image cannot be predicted, naming the first.
    """
    model = load_model(find_default(LOCALIZER, os.environ))
    settings = RunSettings(
        out=folder,
        naming=Naming.NNUNET,
        wanted=Wanted(),
        continue_prediction=True,
        force=True,
        rules=AskedRules(),
        device=device,
        engine=Engine.TORCH,
        mirroring=False,
        step=0.5,
        linked=False,
    )
    cases = _cases(source, channel_names(model.dataset_json))
    chosen = ChosenModel(model)
    job = make_job(chosen, case_options(chosen, None, settings.rules), settings, Segmenters().of)
    outcomes: list[CaseOutcome] = []
    with progress_bar("find cords", "case") as progress:
        for outcome in predict_all(cases, job):
            outcomes.append(outcome)
            progress(len(outcomes), len(cases))
    failed = [f"{outcome.case}: {outcome.reason}" for outcome in outcomes if outcome.status is Status.FAILED]
    if failed:
        raise DataRefusedError(
            f"{source.folder}: the cord of each case was needed, and {LOCALIZER} failed for {len(failed)} of "
            f"{len(cases)}: {'; '.join(failed[:_SHOWN])}; mend or remove them, or predict the cords otherwise and give "
            f"them with --cords"
        )
    return DefaultCords(folder, {**model_entry(model), "TrainedOn": "synthetic images alone, none of these cases"})


def _cases(source: RawDataset, localizer: tuple[str, ...]) -> list[InputCase]:
    channels = localizer_channels(localizer, channel_names(source.read_dataset_json()))
    cases = []
    for split in ("train", "test"):
        for first in sorted(source.image("case", split).parent.glob(f"[!.]*{_FIRST}")):
            case = first.name.removesuffix(_FIRST)
            images = tuple(source.image(case, split, channel) for channel in channels)
            cases.append(InputCase(case, images, tuple(image.name for image in images)))
    return cases
