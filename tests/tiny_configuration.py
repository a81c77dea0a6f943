"""A configuration of nnU-Net's plans that trains in a blink."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnunet_ext.core.atomic import write_json


def add_tiny_configuration(plans_file: Path, settings: Mapping[str, object] | None = None) -> None:
    """Add `tiny` to plans, which takes what `3d_fullres` has preprocessed, and give our trainers settings."""
    plans: dict[str, Any] = json.loads(plans_file.read_text())
    architecture = plans["configurations"]["3d_fullres"]["architecture"]
    architecture["arch_kwargs"] |= {
        "n_stages": 3,  # with two, nnU-Net divides the weights of its deep supervision by zero
        "features_per_stage": [4, 8, 8],
        "kernel_sizes": [[3, 3, 3]] * 3,
        "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]],
        "n_conv_per_stage": [1] * 3,
        "n_conv_per_stage_decoder": [1] * 2,
    }
    tiny = {"inherits_from": "3d_fullres", "patch_size": [8, 16, 16], "batch_size": 2, "architecture": architecture}
    plans["configurations"]["tiny"] = tiny
    if settings is not None:
        plans["configurations"]["3d_fullres"]["nnunet_ext"] = settings  # which every other one inherits
    write_json(plans_file, plans)
