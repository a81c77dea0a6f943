"""What the labels and channels of a dataset mean, from its `dataset.json`."""

from collections.abc import Mapping
from typing import Any

from nnunet_ext.core.labels import CORD, Labelling
from nnunet_ext.trainers.spine_loader import PlaceLabels


def place_labels(dataset_json: Mapping[str, Any]) -> PlaceLabels:
    """Find which label values are worth a patch: those of lesions or of a whole tumour, and those of the cord."""
    labelling = Labelling.of_dataset_json(dataset_json)
    values, ignore = labelling.values, () if labelling.ignore is None else (labelling.ignore,)
    cord = values.get(CORD, ())
    return PlaceLabels(values.get("lesion") or values.get("whole") or (), (*cord, *ignore) if cord else ())


def inside_label(dataset_json: Mapping[str, Any]) -> int:
    """Find the value of what a lesion may grow into: cord that is no lesion, or background where there is no cord."""
    labels = place_labels(dataset_json)
    ignore = Labelling.of_dataset_json(dataset_json).ignore
    return next((value for value in labels.cord if value not in labels.lesion and value != ignore), 0)
