"""How the regions of a model lie in each other, as its `dataset.json` says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import DataRefusedError

CORD: Final = "sc"

Mask = npt.NDArray[np.bool_]
Masks = dict[str, Mask]
"""For each region its voxels, shape (i, j, k)."""


@dataclass(frozen=True)
class Regions:
    """The regions of a model.

    Parameters
    ----------
    values
        Name and label values of each, in their order in `dataset.json`, without background and `ignore`.
    order
        The label value that each writes, in the same order; what comes later is drawn over what came before.
    """

    values: tuple[tuple[str, tuple[int, ...]], ...]
    order: tuple[int, ...]

    @classmethod
    def of_dataset(cls, content: Mapping[str, Any]) -> "Regions":
        """Read what a `dataset.json` says.

        Raises
        ------
        DataRefusedError
            Where it names no region, or overlapping ones without `regions_class_order`.
        """
        found = {str(name): _values(value) for name, value in content["labels"].items() if name != "ignore"}
        values = tuple((name, numbers) for name, numbers in found.items() if set(numbers) != {0})
        overlap = any(len(numbers) > 1 for _, numbers in values)
        order = content.get("regions_class_order", ()) if overlap else [numbers[0] for _, numbers in values]
        if not values or len(order) != len(values):
            raise DataRefusedError(
                f"dataset.json: labels, and regions_class_order with one value for each that overlaps others, were "
                f"needed; found {dict(found)} and {list(order)}"
            )
        return cls(values, tuple(int(value) for value in order))

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each region."""
        return tuple(name for name, _ in self.values)

    @property
    def overlap(self) -> bool:
        """Whether the network answers for each region on its own, rather than with one class a voxel."""
        return any(len(numbers) > 1 for _, numbers in self.values)

    @property
    def lesions(self) -> tuple[str, ...]:
        """All that lies in the cord; none where the cord is no region, or is beside the others."""
        return self.inside(CORD) if CORD in self.names else ()

    def inside(self, region: str) -> tuple[str, ...]:
        """Name the regions that are parts of another: the lesion of the cord."""
        whole = self._numbers(region)
        return tuple(name for name, numbers in self.values if set(numbers) < whole)

    def around(self, region: str) -> tuple[str, ...]:
        """Name the regions that another is a part of."""
        return tuple(name for name, _ in self.values if region in self.inside(name))

    def beside(self, region: str) -> tuple[str, ...]:
        """Name the regions that have no voxel in common with another."""
        own = self._numbers(region)
        return tuple(name for name, numbers in self.values if not set(numbers) & own)

    def draw(self, masks: Mapping[str, Mask]) -> npt.NDArray[np.int16]:
        """Draw the regions into one label map, as nnU-Net does."""
        labels = np.zeros(masks[self.names[0]].shape, dtype=np.int16, order="F")
        for name, value in zip(self.names, self.order, strict=True):
            labels[masks[name]] = value
        return labels

    def take(self, labels: npt.NDArray[np.integer]) -> Masks:
        """Take the regions out of a label map; whatever they were drawn from, they now lie in each other."""
        return {name: union(labels == value for value in numbers) for name, numbers in self.values}

    def _numbers(self, region: str) -> set[int]:
        return set(dict(self.values)[region])


def union(masks: Iterable[Mask]) -> Mask:
    """Give the voxels of any of the masks, of which there is at least one; no two are held beside each other."""
    return reduce(np.logical_or, masks)


def _values(value: int | list[int]) -> tuple[int, ...]:
    return tuple(int(number) for number in value) if isinstance(value, list | tuple) else (int(value),)
