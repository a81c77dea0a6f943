"""`3d_cord`: a configuration of nnU-Net's plans that is coarse and small, to find the cord with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from nnunetv2.experiment_planning.experiment_planners.network_topology import get_pool_and_conv_props

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.trainers.plain_unet import plain_unet

CONFIGURATION: Final = "3d_cord"
FULL: Final = "3d_fullres"
SPACING: Final = "localizer_spacing_mm"  # our key in it, for nnU-Net keeps what it does not know
_LARGEST_PATCH: Final = (160, 128, 96)  # from the longest axis to the shortest: most images fit into one
_FEATURES: Final = (8, 16, 32, 64, 64)  # with 16 at the finest resolution it takes 2.6 times as long
_SMALLEST_MAP: Final = 4
_THICK: Final = 2.0  # times the finest spacing: along such an axis nnU-Net pools later
_BATCH: Final = 2


def cord_configuration(plans: Mapping[str, Any], spacing_mm: float) -> dict[str, Any]:
    """Make the configuration from the one of full resolution.

    Parameters
    ----------
    plans
        nnU-Net's.
    spacing_mm
        Voxel size to aim at; an axis with thicker slices keeps them.

    Returns
    -------
    dict
        For `plans["configurations"]["3d_cord"]`. Its patch covers the median image, up to a limit.

    Raises
    ------
    DataRefusedError
        Where nnU-Net planned no `3d_fullres`.
    """
    full = plans["configurations"].get(FULL)
    if full is None:
        raise DataRefusedError(f"{CONFIGURATION} is made from {FULL}, which nnU-Net did not plan for this dataset")
    spacing = [max(float(size), spacing_mm) for size in full["spacing"]]
    extent = [size * count for size, count in zip(full["spacing"], full["median_image_size_in_voxels"], strict=True)]
    median = [max(1, round(mm / size)) for mm, size in zip(extent, spacing, strict=True)]
    wanted = _patch(median, spacing)
    _, strides, kernels, patch, _ = get_pool_and_conv_props(spacing, wanted, _SMALLEST_MAP, len(_FEATURES) - 1)
    stages = len(strides)
    return {
        "inherits_from": FULL,
        SPACING: spacing_mm,
        "data_identifier": f"{plans['plans_name']}_{CONFIGURATION}_{spacing_mm:g}mm",
        "spacing": spacing,
        "median_image_size_in_voxels": [float(count) for count in median],
        "patch_size": [int(size) for size in patch],
        "batch_size": _BATCH,
        "batch_dice": True,  # a patch may show no lesion, whose Dice alone would say nothing
        "architecture": plain_unet(_FEATURES[:stages], kernels, strides, [2] * stages, [2] * (stages - 1)),
    }


def add_to_plans(file: Path, configuration: Mapping[str, Any]) -> None:
    """Write the configuration into nnU-Net's plans file, unless it stands there."""
    with FileLock(file.with_name(f".{CONFIGURATION}.plans.lock")):  # several trainings may be started at once
        content = read_json_object(file, "nnU-Net's plans were needed", finite=False)
        if content["configurations"].get(CONFIGURATION) != configuration:
            content["configurations"][CONFIGURATION] = configuration
            write_json(file, content, allow_nan=True)


def _patch(median: Sequence[int], spacing: Sequence[float]) -> list[int]:
    longest_first = sorted(range(len(median)), key=lambda axis: -median[axis])
    largest = dict(zip(longest_first, _LARGEST_PATCH, strict=True))
    # Of less than three resolutions nnU-Net cannot weigh its outputs; a small image is padded.
    least = [_SMALLEST_MAP * (4 if size < _THICK * min(spacing) else 1) for size in spacing]
    return [max(least[axis], min(size, largest[axis])) for axis, size in enumerate(median)]
