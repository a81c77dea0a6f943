"""Whether an earlier run has finished a case, and would do nothing else today."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nnunet_ext.cascade.prediction.case_files import CaseFiles
from nnunet_ext.cascade.prediction.read_images import CaseImages
from nnunet_ext.cascade.prediction.what_stands import OUTPUTS
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.provenance import sha256

SECONDS: Final = "Seconds"
"""Key of a sidecar: how long the case took."""


@dataclass(frozen=True)
class FinishedCase:
    """What an earlier run found: volume of each region, warnings, and how long it took."""

    volumes_mm3: Mapping[str, float]
    warnings: tuple[str, ...]
    seconds: float


def finished_case(
    files: CaseFiles, images: CaseImages, regions: Labelling, recipe: Mapping[str, Any]
) -> FinishedCase | None:
    """Compare every output of a case with its sidecars, byte for byte.

    Parameters
    ----------
    files
        All that is wanted today.
    images
        The input as it is today.
    regions
        Of the model.
    recipe
        As a run of today would put it into the sidecars.

    Returns
    -------
    FinishedCase or None
        None where anything is missing, is not what was written, or was made by other models or settings or from other
        images.
    """
    try:
        contents = [json.loads(file.read_text(encoding="utf-8")) for file in files.sidecars]
        wanted = {**recipe, "Inputs": [dict(one) for one in images.inputs]}
        if any(content[key] != value for content in contents for key, value in wanted.items()):
            return None
        told = contents[0]
        if any(told[OUTPUTS][file.name] != sha256(file) for file in files.outputs):
            return None
        volumes = volumes_of(files, images, regions)
        return FinishedCase(volumes, tuple(map(str, told["Warnings"])), float(told[SECONDS]))
    except (OSError, ValueError, KeyError, TypeError, FileRefusedError):
        return None


def volumes_of(files: CaseFiles, images: CaseImages, regions: Labelling) -> dict[str, float]:
    """Measure each region in the masks as they stand, in mm3, 0 where one is empty.

    Raises
    ------
    FileRefusedError
        Where a mask is missing or damaged.
    """
    masks = [read_mask(file).data for file in files.segmentations]
    named = zip((region for region, _ in files.masks), masks, strict=True)
    found = regions.take(masks[0]) if files.label_map is not None else dict(named)
    voxel = images.volumes[0].voxel_volume_mm3
    return {name: float(np.count_nonzero(mask)) * voxel for name, mask in found.items()}
