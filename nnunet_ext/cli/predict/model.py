"""The models of `predict`: where they lie, what they take, and what sidecars say of them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.cascade.box import Margins
from nnunet_ext.core.environment import required_folder
from nnunet_ext.core.errors import EnvironmentProblemError, UsageError
from nnunet_ext.core.other_folder import did_you_mean
from nnunet_ext.core.read_checkpoint import TrainedModel
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.models.default_models import NAMES, find_default
from nnunet_ext.models.entry_names import PLANS

_RESULTS: Final = "nnUNet_results"
_SHOWN: Final = 10


def find_model(asked: str, flag: str) -> Path:
    """Find a model's folder.

    Parameters
    ----------
    asked
        The folder, a default model's name, or nnU-Net's name of a folder below `nnUNet_results`.
    flag
        That asked for it, for messages.

    Raises
    ------
    EnvironmentProblemError
        Where there is none of that name.
    """
    if (Path(asked) / PLANS).is_file():
        return Path(asked)
    if asked in NAMES:
        return find_default(asked, os.environ)
    results = required_folder(_RESULTS, os.environ)
    if (results / asked / PLANS).is_file():
        return results / asked
    there = sorted(file.parent.relative_to(results).as_posix() for file in results.glob(f"Dataset*/*__*__*/{PLANS}"))
    listed = ", ".join(there[:_SHOWN]) + (f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else "")
    raise EnvironmentProblemError(
        f"{flag} {asked}: a trained model's folder was needed, its name below {results}, or one of "
        f"{', '.join(NAMES)}; there are: {listed or 'none'}; import one with: nnunet_ext model import FILE.zip"
        f"{did_you_mean(Path(asked), _is_model) or did_you_mean(results / asked, _is_model)}"
    )


def _is_model(folder: Path) -> bool:
    return (folder / PLANS).is_file() and any(folder.glob("fold_*"))


def channel_names(dataset_json: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the channels of a model, in order."""
    names = dataset_json.get("channel_names") or dataset_json["modality"]
    return tuple(str(names[key]) for key in sorted(names, key=int))


def localizer_channels(localizer: Sequence[str], model: Sequence[str]) -> tuple[int, ...]:
    """Say which of a case's images the localizer takes: those of its names or, where it takes but one, the first.

    Raises
    ------
    UsageError
        Where the cases lack an image that it needs.
    """
    if len(localizer) == 1:
        return (model.index(localizer[0]) if localizer[0] in model else 0,)
    missing = [name for name in localizer if name not in model]
    if missing:
        raise UsageError(
            f"--localizer needs the channels {', '.join(localizer)}, and the model's cases have {', '.join(model)}"
        )
    return tuple(model.index(name) for name in localizer)


def model_entry(*models: TrainedModel) -> dict[str, Any]:
    """Describe a model for sidecars, or the two that did one's work."""
    checkpoints = {
        fold.name if len(models) == 1 else f"{model.name} {fold.name}": fold.sha256
        for model in models
        for fold in model.folds
    }
    names, trainers = ([getattr(model, key) for model in models] for key in ("name", "trainer"))
    return {
        "Name": " + ".join(names),
        "Trainer": " + ".join(dict.fromkeys(trainers)),
        "CheckpointsSHA256": checkpoints,
    }


def read_margins(file: Path) -> Margins:
    """Read a `crop_metadata.json`.

    Raises
    ------
    DataRefusedError
        Where there is none, or it is no JSON or does not hold the six margins.
    """
    return Margins.from_content(
        read_json_object(file, "--margins-file: a JSON file with the six keys of crop_metadata.json was needed")
    )
