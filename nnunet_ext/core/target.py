"""What is segmented: classes, regions and their order, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.json_numbers import whole_number
from nnunet_ext.core.shipped_toml import load_toml
from nnunet_ext.core.volume import Array

ANY_CONTRAST: Final = "MRI"
"""Name of the channel of a target that takes one image of whatever contrast."""

_MASK_CHANNEL: Final = "noNorm"  # nnU-Net leaves the values of a channel of this name as they are


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
    channels
        The images of a case, in order. The one channel `MRI` takes an image of any contrast.
    mask_channels
        Classes that are given to the network as further channels, and not drawn into the label map.
    within
        For a class the class that it lies inside of: where the first is not annotated, it can only be there.
    unions
        For a class the classes that it is the union of. It is drawn first: what is in none of them keeps its value.
    """

    name: str
    regions: tuple[tuple[str, tuple[int, ...]], ...]
    classes: tuple[tuple[str, int], ...]
    regions_class_order: tuple[int, ...] = ()
    channels: tuple[str, ...] = (ANY_CONTRAST,)
    mask_channels: tuple[str, ...] = ()
    within: tuple[tuple[str, str], ...] = ()
    unions: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def needed_classes(self) -> tuple[str, ...]:
        """Every class that a case is asked for, drawn or given as a channel."""
        return (*self.mask_channels, *(name for name, _ in self.classes))

    @property
    def ignore(self) -> int:
        """Label value of voxels that a class which was not annotated may hold; the highest, as nnU-Net wants it."""
        return max(value for _, value in self.classes) + 1

    def fuse(self, masks: Mapping[str, Array]) -> npt.NDArray[np.uint8]:
        """Draw the classes' masks into one label map.

        A class of the target that has no mask was not annotated. Wherever it could change the map, the map says
        `ignore`: of a cord whose lesion was not annotated every voxel, and nothing outside, since lesions lie inside.

        Parameters
        ----------
        masks
            For each annotated class its mask, all of one shape (i, j, k); voxels above 0 belong to the class. All may
            be empty.

        Returns
        -------
        array
            uint8, shape (i, j, k).

        Raises
        ------
        DataRefusedError
            Where no class is annotated, or the shapes differ.
        """
        drawn = [name for name, _ in self.classes]
        annotated = [masks[name] for name in drawn if name in masks]
        if len({mask.shape for mask in annotated}) != 1:
            raise DataRefusedError(
                f"target {self.name} needs some of {drawn} on one grid, "
                f"found { ({name: mask.shape for name, mask in masks.items()}) }"
            )
        fused = np.zeros_like(annotated[0], dtype=np.uint8)  # in the masks' own memory order, which is fast to fill
        for name, value in self.classes:
            if name in masks:
                fused[masks[name] > 0] = value
            else:
                holder = dict(self.within).get(name, "")
                fused[masks[holder] > 0 if holder in masks else ...] = self.ignore
        return fused

    def nnunet_keys(self, *, ignore: bool = False) -> dict[str, Any]:
        """Give `channel_names`, `labels` and, where regions overlap, `regions_class_order` for nnU-Net's dataset.json.

        nnU-Net takes the order of its outputs from the order of the keys: they must never be sorted on writing. With
        `ignore`, label maps hold that value.
        """
        labels: dict[str, int | list[int]] = {"background": 0, **self._label_values()}
        if ignore:
            labels["ignore"] = self.ignore
        names = [*self.channels, *(_MASK_CHANNEL for _ in self.mask_channels)]
        keys: dict[str, Any] = {"channel_names": {str(index): name for index, name in enumerate(names)}}
        keys["labels"] = labels
        # Not nnU-Net's: from these a trainer knows what an ignored voxel may be.
        keys["classes"] = dict(self.classes)
        keys["within"] = dict(self.within)
        if self.regions_class_order:
            keys["regions_class_order"] = list(self.regions_class_order)
        return keys

    def content(self) -> dict[str, Any]:
        """Give the target as a TOML file would say it; `parse_target` reads it back."""
        return {
            "name": self.name,
            "regions_class_order": list(self.regions_class_order),
            "channels": list(self.channels),
            "mask_channels": list(self.mask_channels),
            "labels": {"background": 0, **self._label_values()},
            "classes": dict(self.classes),
            "within": dict(self.within),
            "unions": {name: list(parts) for name, parts in self.unions},
        }

    def _label_values(self) -> dict[str, int | list[int]]:
        return {name: values[0] if len(values) == 1 else list(values) for name, values in self.regions}


def load_target(name_or_file: str) -> Target:
    """Load one of the shipped targets by name, or a user's own from a TOML file.

    Raises
    ------
    UsageError
        Where there is neither such a target nor such a file.
    DataRefusedError
        Where the file does not describe a target that nnU-Net can train.
    """
    return load_toml("target", "nnunet_ext.core", "targets", name_or_file, parse_target)


def parse_target(content: Mapping[str, Any]) -> Target:
    """Make a target of what its TOML file says.

    Raises
    ------
    ValueError, KeyError, TypeError
        Where something is missing, or nnU-Net could not train it.
    """
    labels = {str(name): label_values(values) for name, values in content["labels"].items()}
    if labels.pop("background", None) != (0,):
        raise ValueError("labels need `background = 0`")
    target = Target(
        name=str(content["name"]),
        regions=tuple(labels.items()),
        classes=tuple((str(name), whole_number(value)) for name, value in content["classes"].items()),
        regions_class_order=tuple(whole_number(value) for value in content.get("regions_class_order", ())),
        channels=tuple(str(name) for name in content.get("channels", [ANY_CONTRAST])),
        mask_channels=tuple(str(name) for name in content.get("mask_channels", ())),
        within=tuple((str(name), str(holder)) for name, holder in content.get("within", {}).items()),
        unions=tuple((str(name), tuple(parts)) for name, parts in content.get("unions", {}).items()),
    )
    _check(target)
    return target


def _check(target: Target) -> None:
    used = sorted({value for _, values in target.regions for value in values})
    drawn = [name for name, _ in target.classes]
    if used != list(range(1, len(used) + 1)):
        raise ValueError(f"label values must be 1, 2, ... without a gap, found {used}")
    if sorted({value for _, value in target.classes}) != used:
        raise ValueError(f"the classes draw {sorted({v for _, v in target.classes})} and the labels name {used}")
    overlapping = any(len(values) > 1 for _, values in target.regions)
    if overlapping and len(target.regions_class_order) != len(target.regions):
        raise ValueError("regions_class_order needs one value for each region")
    if not target.channels:
        raise ValueError("channels needs at least one name")
    if any(name in drawn for name in target.mask_channels):
        raise ValueError("a class is drawn or is a channel, not both")
    named = {part for pair in target.within for part in pair} | {
        part for name, of in target.unions for part in (name, *of)
    }
    if not named <= set(drawn):
        raise ValueError(f"within and unions may name drawn classes, {drawn}; found {sorted(named - set(drawn))}")
    for whole, parts in target.unions:
        if drawn.index(whole) > min(map(drawn.index, parts)):
            raise ValueError(f"{whole} must be drawn before the classes that it is the union of")


def label_values(values: Any) -> tuple[int, ...]:  # noqa: ANN401 - whatever the file holds
    """Take the label values of a region, of which a file may say a single one without a list."""
    return tuple(map(whole_number, values if isinstance(values, list | tuple) else [values]))
