"""What is segmented: classes, regions and their order, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.shipped_toml import load_toml
from nnunet_ext.core.volume import Array


@dataclass(frozen=True)
class Target:
    """A segmentation task.

    Parameters
    ----------
    name
        Such as `cord-lesion`.
    regions
        Name and label values of each region, in the order of the network's outputs, without background. Regions may
        overlap: the cord holds its lesions.
    classes
        Name and label value of each annotated class, in the order in which they are drawn over each other.
    regions_class_order
        nnU-Net's key of that name: the label value that each region writes, in order. Empty for plain labels.
    """

    name: str
    regions: tuple[tuple[str, tuple[int, ...]], ...]
    classes: tuple[tuple[str, int], ...]
    regions_class_order: tuple[int, ...] = ()

    def fuse(self, masks: Mapping[str, Array]) -> npt.NDArray[np.uint8]:
        """Draw the classes' masks into one label map.

        Parameters
        ----------
        masks
            For each class its mask, all of one shape (i, j, k); voxels above 0 belong to the class. All may be empty.

        Returns
        -------
        array
            uint8, shape (i, j, k).

        Raises
        ------
        DataRefusedError
            Where a class is missing or the shapes differ.
        """
        missing = [name for name, _ in self.classes if name not in masks]
        shapes = {mask.shape for mask in masks.values()}
        if missing or len(shapes) != 1:
            raise DataRefusedError(
                f"target {self.name} needs {[c for c, _ in self.classes]} on one grid, "
                f"found { ({name: mask.shape for name, mask in masks.items()}) }"
            )
        fused = np.zeros(shapes.pop(), dtype=np.uint8)
        for name, value in self.classes:
            fused[masks[name] > 0] = value
        return fused

    def region_masks(self, labels: Array) -> dict[str, npt.NDArray[np.bool_]]:
        """Take the regions out of a label map of shape (i, j, k); an empty region is all False."""
        return {name: np.isin(labels, values) for name, values in self.regions}

    def nnunet_keys(self) -> dict[str, Any]:
        """Give `labels` and, where regions overlap, `regions_class_order` as nnU-Net's dataset.json wants them.

        nnU-Net takes the order of its outputs from the order of the keys: they must never be sorted on writing.
        """
        labels: dict[str, int | list[int]] = {"background": 0}
        for name, values in self.regions:
            labels[name] = values[0] if len(values) == 1 else list(values)
        if not self.regions_class_order:
            return {"labels": labels}
        return {"labels": labels, "regions_class_order": list(self.regions_class_order)}


def load_target(name_or_file: str) -> Target:
    """Load one of the shipped targets by name, or a user's own from a TOML file.

    Raises
    ------
    UsageError
        Where there is neither such a target nor such a file.
    DataRefusedError
        Where the file does not describe a target that nnU-Net can train.
    """
    return load_toml("target", "nnunet_ext.core", "targets", name_or_file, _parse)


def _parse(content: Mapping[str, Any]) -> Target:
    labels = {name: _values(values) for name, values in content["labels"].items()}
    if labels.pop("background", None) != (0,):
        raise ValueError("labels need `background = 0`")
    classes = tuple((str(name), int(value)) for name, value in content["classes"].items())
    order = tuple(int(value) for value in content.get("regions_class_order", ()))
    used = sorted({value for values in labels.values() for value in values})
    if used != list(range(1, len(used) + 1)):
        raise ValueError(f"label values must be 1, 2, ... without a gap, found {used}")
    if sorted({value for _, value in classes}) != used:
        raise ValueError(f"the classes draw {sorted({v for _, v in classes})} and the labels name {used}")
    if any(len(values) > 1 for values in labels.values()) and len(order) != len(labels):
        raise ValueError("regions_class_order needs one value for each region")
    return Target(str(content["name"]), tuple(labels.items()), classes, order)


def _values(values: int | list[int]) -> tuple[int, ...]:
    return tuple(values) if isinstance(values, list) else (values,)
