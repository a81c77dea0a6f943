"""What the values of a label map mean, as a `dataset.json` says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.json_numbers import whole_number
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.target import Target, label_values

CORD: Final = "sc"
_BACKGROUND: Final = "background"
_IGNORE: Final = "ignore"
_MASK_CHANNEL: Final = "nonorm"

Mask = npt.NDArray[np.bool_]
Masks = dict[str, Mask]
"""For each region its voxels, shape (i, j, k)."""


@dataclass(frozen=True)
class Labelling:
    """The regions of a label map, and how they lie in each other.

    Parameters
    ----------
    regions
        Name and label values of each, in the order of the network's outputs, without background and `ignore`. Regions
        may contain each other.
    order
        The label value that each region writes, in the same order; what comes later is drawn over what came before.
        Empty where regions overlap and nobody says.
    ignore
        Value of voxels that nobody annotated; None where there is none.
    classes
        Name and value of each annotated class, in the order in which they were drawn; empty where it is not known.
    within
        For a class the class that it lies inside of.
    channels
        Names of a case's images and masks, in order; empty where it is not known.
    """

    regions: tuple[tuple[str, tuple[int, ...]], ...]
    order: tuple[int, ...] = ()
    ignore: int | None = None
    classes: tuple[tuple[str, int], ...] = ()
    within: tuple[tuple[str, str], ...] = ()
    channels: tuple[str, ...] = ()

    @classmethod
    def of_target(cls, target: Target) -> "Labelling":
        """Take it from a target, as if a class of some case were not annotated."""
        return cls.of_dataset_json(target.nnunet_keys(ignore=True), f"target {target.name}")

    @classmethod
    def of_dataset_json(cls, content: Mapping[str, Any], where: str = "dataset.json") -> "Labelling":
        """Take it from nnU-Net's `dataset.json`.

        Raises
        ------
        DataRefusedError
            Beginning with `where`, where `labels` is missing, no mapping of names to values, or names no region.
        """
        with refuse_malformed(Path(where), "`labels` with names and whole numbers was needed"):
            labels = {str(name): label_values(values) for name, values in content["labels"].items()}
            order = tuple(whole_number(value) for value in content.get("regions_class_order") or ())
            classes = tuple((str(name), whole_number(value)) for name, value in content.get("classes", {}).items())
            within = tuple((str(name), str(holder)) for name, holder in content.get("within", {}).items())
            channels = content.get("channel_names") or content.get("modality") or {}
            names = tuple(str(channels[key]) for key in sorted(channels, key=int))
        ignore = labels.pop(_IGNORE, None)
        regions = tuple((name, values) for name, values in labels.items() if name != _BACKGROUND and set(values) != {0})
        if not regions:
            raise DataRefusedError(f"{where}: `labels` names no region besides the background")
        if all(len(values) == 1 for _, values in regions):
            order = tuple(values[0] for _, values in regions)
        return cls(regions, order, ignore[0] if ignore else None, classes, within, names)

    @classmethod
    def of_model(cls, content: Mapping[str, Any]) -> "Labelling":
        """Take it from a model's `dataset.json`: its regions can be drawn.

        Raises
        ------
        DataRefusedError
            Where it names no region, or overlapping ones without `regions_class_order`.
        """
        found = cls.of_dataset_json(content)
        if len(found.order) != len(found.regions):
            raise DataRefusedError(
                f"dataset.json: regions overlap, and regions_class_order with one value for each was needed; found "
                f"{found.values} and {list(found.order)}"
            )
        return found

    @property
    def values(self) -> dict[str, tuple[int, ...]]:
        """Label values by region."""
        return dict(self.regions)

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each region."""
        return tuple(name for name, _ in self.regions)

    @property
    def every_value(self) -> frozenset[int]:
        """Every value besides `ignore`, background included."""
        return frozenset({0}.union(*self.values.values()))

    @property
    def image_channels(self) -> tuple[int, ...]:
        """The channels that are images; masks, which nnU-Net does not normalise, are none."""
        return tuple(index for index, name in enumerate(self.channels) if name.lower() != _MASK_CHANNEL)

    @property
    def overlap(self) -> bool:
        """Whether a network answers for each region on its own, rather than with one class a voxel."""
        return any(len(values) > 1 for _, values in self.regions)

    @property
    def lesions(self) -> tuple[str, ...]:
        """All that lies in the cord; none where the cord is no region, or is beside the others."""
        return self.inside(CORD) if CORD in self.names else ()

    def inside(self, region: str) -> tuple[str, ...]:
        """Name the regions that are parts of another, whose every voxel belongs to it too: the lesion of the cord."""
        whole = set(self.values[region])
        return tuple(name for name, values in self.regions if set(values) < whole)

    def around(self, region: str) -> tuple[str, ...]:
        """Name the regions that another is a part of."""
        return tuple(name for name in self.names if region in self.inside(name))

    def beside(self, region: str) -> tuple[str, ...]:
        """Name the regions that have no voxel in common with another."""
        own = set(self.values[region])
        return tuple(name for name, values in self.regions if not set(values) & own)

    def draw(self, masks: Mapping[str, Mask]) -> npt.NDArray[np.int16]:
        """Draw the regions into one label map, as nnU-Net does."""
        labels = np.zeros(masks[self.names[0]].shape, dtype=np.int16, order="F")
        for name, value in zip(self.names, self.order, strict=True):
            labels[masks[name]] = value
        return labels

    def take(self, labels: npt.NDArray[np.integer]) -> Masks:
        """Take the regions out of a label map; whatever they were drawn from, they now lie in each other."""
        return {name: region_mask(labels, values) for name, values in self.regions}

    def above(self, probabilities: Mapping[str, npt.NDArray[np.float32]], thresholds: Mapping[str, float]) -> Masks:
        """Take the voxels with a probability, shape (i, j, k) for each region, above that region's threshold.

        Overlapping regions are each held against it and then drawn over each other as nnU-Net does, so that a cord
        holds its lesions; one half gives nnU-Net's own masks. Of regions beside each other a voxel can only belong to
        the most probable.
        """
        over = {name: probabilities[name] > thresholds[name] for name in self.names}
        if self.overlap:
            return self.take(self.draw(over))
        best = np.argmax(np.stack([probabilities[name] for name in self.names]), axis=0)
        return {name: (best == index) & over[name] for index, name in enumerate(self.names)}


def region_mask(labels: npt.NDArray[np.integer], values: Iterable[int]) -> Mask:
    """Take the voxels with any of some values out of a label map; without a voxel it is all False."""
    # A fraction of the time of np.isin, which copies what does not lie in C order.
    return union(labels == value for value in values)


def union(masks: Iterable[Mask]) -> Mask:
    """Give the voxels of any of the masks, of which there is at least one; no two are held beside each other."""
    return reduce(np.logical_or, masks)
