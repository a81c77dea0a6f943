"""nnU-Net's plans for boxed images: normalise over the whole box."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.leftovers import sweep
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.read_json import read_json, read_json_object

_KEY: Final = "use_mask_for_norm"
_NEEDED: Final = "a plans file of nnU-Net was needed"
_CURE: Final = "run: nnUNetv2_plan_and_preprocess -d ID --no_pp"


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


def find_plans(folder: Path) -> list[Path]:
    """Find the files of plans in a dataset's preprocessed folder, sorted, whatever their planner calls them."""
    return [file for file in sorted(folder.glob("[!.]*.json")) if "configurations" in _keys(file)]


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
    sweep(plans_file.parent, below=False)
    plans = _read(plans_file)
    changes = []
    for name, configuration in plans["configurations"].items():
        channels = tuple(index for index, used in enumerate(configuration.get(_KEY, ())) if used)
        if channels:
            configuration[_KEY] = [False] * len(configuration[_KEY])
            changes.append(PlansChange(name, channels, str(configuration.get("data_identifier", ""))))
    if changes:
        write_json(plans_file, plans, allow_nan=True)
    return tuple(changes)


def _read(plans_file: Path) -> dict[str, Any]:
    plans = read_json_object(plans_file, _NEEDED, _CURE, finite=False)
    with refuse_malformed(plans_file, _NEEDED, _CURE):
        for name, configuration in plans["configurations"].items():
            used = configuration.get(_KEY, [])
            if not isinstance(used, list):
                raise ValueError(f"{used!r:.100} as {_KEY} of {name}")
    return plans


def _keys(file: Path) -> Collection[str]:
    content = read_json(file, finite=False)  # nnU-Net's fingerprint may hold NaN
    return content if isinstance(content, dict) else ()
