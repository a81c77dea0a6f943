"""What the labels and channels of a dataset mean, from its `dataset.json`."""

from collections.abc import Mapping
from typing import Any, Final

from nnunet_ext.trainers.spine_loader import PlaceLabels

_MASK_CHANNEL: Final = "nonorm"


def place_labels(dataset_json: Mapping[str, Any]) -> PlaceLabels:
    """Find which label values are worth a patch: those of lesions or of a whole tumour, and those of the cord."""
    values = {
        name: tuple(value) if isinstance(value, list) else (value,) for name, value in dataset_json["labels"].items()
    }
    lesion = values.get("lesion") or values.get("whole") or ()
    cord = values.get("sc", ())
    return PlaceLabels(lesion, (*cord, *values.get("ignore", ())) if cord else ())


def inside_label(dataset_json: Mapping[str, Any]) -> int:
    """Find the value of what a lesion may grow into: cord that is no lesion, or background where there is no cord."""
    labels = place_labels(dataset_json)
    ignore = dataset_json["labels"].get("ignore")
    return next((value for value in labels.cord if value not in labels.lesion and value != ignore), 0)


def image_channels(dataset_json: Mapping[str, Any]) -> list[int]:
    """List the channels that are images; masks, which nnU-Net does not normalise, are none."""
    names = [str(name) for name in dataset_json["channel_names"].values()]
    return [index for index, name in enumerate(names) if name.lower() != _MASK_CHANNEL]
