"""nnU-Net's plans for boxed images: normalise over the whole box."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError

_KEY: Final = "use_mask_for_norm"


@dataclass(frozen=True)
class PlansChange:
    """A configuration that was changed.

    Parameters
    ----------
    channels
        Those that were to be normalised over non-zero voxels alone.
    data_identifier
        Folder of its preprocessed cases, empty where it takes those of another.
    """

    configuration: str
    channels: tuple[int, ...]
    data_identifier: str


def force_full_normalisation(plans_file: Path) -> tuple[PlansChange, ...]:
    """Have every channel of every configuration normalised over all voxels of the box.

    nnU-Net's planner sets `use_mask_for_norm` where its crop to non-zero voxels leaves less than three quarters of the
    images, as a box always does. It means skull-stripped brains: with a box, the zeros of air inside it would be
    left out of the statistics of some images and not of others.

    To be done after planning and before preprocessing. The file, such as `nnUNetPlans.json`, is replaced at once, keys
    in their order; where nothing is to change it is not touched.

    Returns
    -------
    tuple of PlansChange
        In the plans' order, empty where nothing had to be changed.

    Raises
    ------
    DataRefusedError
        Where this is no nnU-Net plans file.
    """
    plans = _read(plans_file)
    changes = []
    for name, configuration in plans["configurations"].items():
        channels = tuple(index for index, used in enumerate(configuration.get(_KEY, ())) if used)
        if channels:
            configuration[_KEY] = [False] * len(configuration[_KEY])
            changes.append(PlansChange(name, channels, str(configuration.get("data_identifier", ""))))
    if changes:
        # nnU-Net writes, and reads, NaN where a dataset has no foreground; `write_json` would refuse it.
        write_text(plans_file, json.dumps(plans, indent=4, ensure_ascii=False) + "\n")
    return tuple(changes)


def _read(plans_file: Path) -> dict[str, Any]:
    try:
        plans: dict[str, Any] = json.loads(plans_file.read_text(encoding="utf-8"))
        configurations = [*plans["configurations"].values()]
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise DataRefusedError(
            f"{plans_file}: a plans file of nnU-Net was needed ({type(error).__name__}: {error}); "
            f"run: nnUNetv2_plan_and_preprocess -d ID --no_pp"
        ) from error
    if not all(isinstance(configuration, dict) for configuration in configurations):
        raise DataRefusedError(f"{plans_file}: a plans file of nnU-Net was needed: its configurations are no mappings")
    for name, configuration in plans["configurations"].items():
        if not isinstance(configuration.get(_KEY, []), list):
            raise DataRefusedError(
                f"{plans_file}: a plans file of nnU-Net was needed: {_KEY} of {name} needs a list of true and false; "
                f"found {configuration[_KEY]!r:.60}; run: nnUNetv2_plan_and_preprocess -d ID --no_pp"
            )
    return plans
