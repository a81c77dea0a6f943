"""What stands beside a prediction: which model made it of what, how, and what a reader must know."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.post_process import Change
from nnunet_ext.cascade.prediction.predict_case import PredictedCase
from nnunet_ext.core.provenance import generated_by


def sidecar(
    predicted: PredictedCase, inputs: Sequence[Mapping[str, str]], recipe: Mapping[str, Any], about: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe a case. No path, host or date is in it: it may be shared.

    Parameters
    ----------
    inputs
        Name and SHA-256 of each image.
    recipe
        What decides the result besides the images: models with their checksums, settings, rules. Its keys stand at
        the top, so that a later run can tell whether it would do the same.
    about
        What else is to be told: versions, device.

    Returns
    -------
    dict
        `Box` holds all that was segmented in; where that is a row of boxes along the cord, `Along` lists them.
    """
    return {
        "GeneratedBy": [generated_by()],
        "SpatialReference": "orig",
        "Inputs": [dict(one) for one in inputs],
        **recipe,
        **about,
        "Box": _box(predicted),
        "PostProcessingChanges": [_change(change) for change in predicted.changes],
        "Warnings": list(predicted.warnings),
    }


def _box(predicted: PredictedCase) -> dict[str, Any] | None:
    if not predicted.boxes or predicted.margins is None:
        return None
    along = {"Along": [_ends(box) for box in predicted.boxes]} if len(predicted.boxes) > 1 else {}
    return {
        **_ends(reduce(Box.union, predicted.boxes)),
        "MarginsMm": predicted.margins.by_face(),
        "Growths": predicted.growths,
        **along,
    }


def _ends(box: Box) -> dict[str, list[int]]:
    return {"FirstVoxel": list(box.start), "LastVoxel": [stop - 1 for stop in box.stop]}


def _change(change: Change) -> dict[str, Any]:
    return {
        "Rule": change.rule,
        "Region": change.region,
        "Voxels": change.voxels,
        "Components": change.components,
        "VolumeMm3": change.volume_mm3,
    }
