"""Whether an earlier run has finished a case, and would do nothing else today."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.cascade.prediction.case_files import CaseFiles
from nnunet_ext.cascade.prediction.read_case import CaseImages
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.grid import WRITTEN_FOR_IT, lies_on
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.volume import Volume

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
    """Read every output of a case to its end.

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
        None where anything is missing, damaged, on another grid, or made by other models or settings or from other
        images.
    """
    try:
        contents = [json.loads(file.read_text(encoding="utf-8")) for file in files.sidecars]
        wanted = {**recipe, "Inputs": [dict(one) for one in images.inputs]}
        if any(content[key] != value for content in contents for key, value in wanted.items()):
            return None
        masks = [_on_grid(file, read_mask(file), images).data for file in files.segmentations]
        for _, file in (*files.probabilities, *files.disagreement):
            _on_grid(file, read_volume(file), images)
        if not _whole_centreline(files, images):
            return None
        named = zip((region for region, _ in files.masks), masks, strict=True)
        found = regions.take(masks[0]) if files.label_map is not None else dict(named)
        voxel = images.volumes[0].voxel_volume_mm3
        volumes = {name: float(np.count_nonzero(mask)) * voxel for name, mask in found.items()}
        return FinishedCase(volumes, tuple(map(str, contents[0]["Warnings"])), float(contents[0][SECONDS]))
    except (OSError, ValueError, KeyError, TypeError, FileRefusedError):
        return None


def _whole_centreline(files: CaseFiles, images: CaseImages) -> bool:
    """Tell whether the table has a row for each voxel of the image, which marks one in each slice."""
    if files.centreline is None or files.centreline_table is None:
        return True
    drawn = _on_grid(files.centreline, read_mask(files.centreline), images).data
    text = files.centreline_table.read_text(encoding="utf-8")
    return text.endswith("\n") and text.count("\n") == 1 + np.count_nonzero(drawn)


def _on_grid(file: Path, volume: Volume, images: CaseImages) -> Volume:
    if not lies_on(volume, images.volumes[0], WRITTEN_FOR_IT):
        raise FileRefusedError(file, "not on the grid of its image")
    return volume
