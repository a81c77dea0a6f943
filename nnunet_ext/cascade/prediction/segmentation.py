"""What a model says about one case, what it is to those who ask it, and how it is run; all said without torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.cascade.prediction.engines import Engine
from nnunet_ext.cascade.prediction.opinions import Opinions
from nnunet_ext.core.volume import Volume


@dataclass(frozen=True)
class Segmentation:
    """One case, segmented.

    All arrays have the shape (i, j, k) of the images that were given, in their orientation.

    Parameters
    ----------
    masks
        For each region its voxels, as nnU-Net decides: a region may be empty.
    probabilities
        For each region its probability, from 0 to 1; empty where they were not asked for. Outside the boxes 0.
    disagreement
        For each region the standard deviation of its probability over the folds; empty where not asked for, or of one
        fold.
    opinions
        For each region what the passes say of it, one by one; empty where not asked for.
    """

    masks: Mapping[str, npt.NDArray[np.bool_]]
    probabilities: Mapping[str, npt.NDArray[np.float32]]
    disagreement: Mapping[str, npt.NDArray[np.float32]]
    opinions: Mapping[str, Opinions] = field(default_factory=dict)

    def changed(self, change: Callable[..., npt.NDArray[Any]], *others: "Segmentation") -> "Segmentation":
        """Apply a function to each array, and to the same array of others where there are some."""

        def each(*values: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
            return {name: change(*(one[name] for one in values)) for name in values[0]}

        found = (self, *others)
        return Segmentation(
            each(*(one.masks for one in found)),
            each(*(one.probabilities for one in found)),
            each(*(one.disagreement for one in found)),
            {
                name: opinions.changed(change, *(one.opinions[name] for one in others))
                for name, opinions in self.opinions.items()
            },
        )


@dataclass(frozen=True)
class SegmenterOptions:
    """How a model is run.

    Parameters
    ----------
    device
        `cpu`, `cuda`, `cuda:1` or `mps`.
    mirroring
        Whether the mean over mirrored images is taken, along the axes that the model was trained for.
    step
        Distance of neighbouring tiles as a share of the tile, above 0 and at most 1.
    disagreement, probabilities
        Whether a `Segmentation` tells them.
    opinions
        Whether it tells what each pass says: each fold or, of a single one, each mirror image. A voxel within the
        rounding of one half may then be decided otherwise, as the passes' means are rounded before they are put
        together. A single fold that is not mirrored is run once more for each axis of its tile.
    """

    device: str = "cpu"
    mirroring: bool = True
    engine: Engine = Engine.TORCH
    step: float = 0.5
    disagreement: bool = False
    probabilities: bool = False
    opinions: bool = False


class CaseSegmenter(Protocol):
    """A model that segments one case after another."""

    @property
    def name(self) -> str:
        """Of the model."""
        ...

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of the regions, in the order of the network's outputs."""
        ...

    @property
    def crop_margins(self) -> Margins | None:
        """How far beyond the cord the images reached that it was trained on; None where they were whole."""
        ...

    def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
        """Segment one case.

        Parameters
        ----------
        images
            One for each channel, all on one grid, in any orientation.
        boxes
            Outside of them nothing is segmented; in voxels of the images. None for the whole image; a model that was
            trained on boxed images takes one.
        """
        ...

    def nothing(self, shape: Sequence[int]) -> Segmentation:
        """Give the segmentation of an image, shape (i, j, k), in which nothing is found: 0 everywhere."""
        ...
