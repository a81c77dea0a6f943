"""A configuration that learns something in minutes on two cores, beside those that nnU-Net planned."""

import math
from pathlib import Path
from typing import Any, Final

from nnunet_ext.cli.demo.workspace import CONFIGURATION
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.read_json import read_json_object

PATCH_MM: Final = (80.0, 48.0, 40.0)
"""Along the cord, back to front, left to right, as nnU-Net reads our files: the cord and the vertebra around it."""

FEATURES: Final = (16, 32, 64, 96)
"""Multiples of 16: a bfloat16 convolution with 12 channels takes longer than one with 16."""

_BATCH: Final = 2
_LARGEST_PATCH: Final = 80


def add_small_configuration(plans_file: Path, settings: dict[str, Any]) -> None:
    """Add `3d_demo` to nnU-Net's plans: its own `3d_fullres` with a smaller patch and network.

    Spacing, normalisation and resampling stay as nnU-Net planned them, so that the preprocessed cases serve both.

    Parameters
    ----------
    plans_file
        `nnUNetPlans.json` in the preprocessed folder.
    settings
        Of our trainer, see `TrainerSettings`.

    Raises
    ------
    DataRefusedError
        Where nnU-Net planned no 3-D configuration.
    """
    plans = read_json_object(plans_file, finite=False)
    full = plans["configurations"].get("3d_fullres")
    if full is None:
        raise DataRefusedError(f"{plans_file}: a 3d_fullres configuration was needed and nnU-Net planned none")
    extent = [PATCH_MM[axis] for axis in plans["transpose_forward"]]
    patch, strides, kernels = plan_patch([float(size) for size in full["spacing"]], extent)
    stages = len(strides)
    architecture = dict(full["architecture"])
    architecture["arch_kwargs"] = {
        **architecture["arch_kwargs"],
        "n_stages": stages,
        "features_per_stage": list(FEATURES[:stages]),
        "kernel_sizes": kernels,
        "strides": strides,
        "n_conv_per_stage": [2] * stages,
        "n_conv_per_stage_decoder": [2] * (stages - 1),
    }
    plans["configurations"][CONFIGURATION] = {
        "inherits_from": "3d_fullres",
        "patch_size": patch,
        "batch_size": _BATCH,
        "batch_dice": True,  # half the patches hold no lesion, whose Dice alone would say nothing
        "architecture": architecture,
        "nnunet_ext": settings,
    }
    write_json(plans_file, plans)


def plan_patch(spacing: list[float], extent_mm: list[float]) -> tuple[list[int], list[list[int]], list[list[int]]]:
    """Choose patch size, strides and kernels for a spacing, as nnU-Net does: coarse axes are pooled later.

    Parameters
    ----------
    spacing
        mm along each axis of the preprocessed arrays.
    extent_mm
        What the patch should cover along the same axes.

    Returns
    -------
    tuple
        Voxels along each axis, and for each stage of the network the strides and the kernel sizes.
    """
    wanted = [min(round(mm / size), _LARGEST_PATCH) for mm, size in zip(extent_mm, spacing, strict=True)]
    strides, kernels = [[1, 1, 1]], []
    current = list(spacing)
    for stage in range(len(FEATURES)):
        kernels.append([3 if size <= 2 * min(current) else 1 for size in current])
        if stage + 1 < len(FEATURES):
            stride = [2 if size <= 2 * min(current) else 1 for size in current]
            strides.append(stride)
            current = [size * step for size, step in zip(current, stride, strict=True)]
    divisors = [math.prod(step[axis] for step in strides) for axis in range(3)]
    patch = [max(divisor, divisor * round(size / divisor)) for size, divisor in zip(wanted, divisors, strict=True)]
    return patch, strides, kernels
