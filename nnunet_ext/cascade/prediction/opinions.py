"""What the passes of a model over one image say of each region, without any of them being kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nnunet_ext.cascade.prediction.post_processing import HALF
from nnunet_ext.core.binary_entropy import binary_entropy


class PassKind(StrEnum):
    """By what the passes differ."""

    FOLDS = "folds"
    """Each is a network that was trained on other cases."""

    MIRRORED = "mirrored"
    """One network sees the image and its mirror images, along the axes that it was trained for."""

    SHIFTED = "shifted"
    """One network that cannot be mirrored sees the image in its place and moved by a few voxels."""


@dataclass(frozen=True, eq=False)
class Opinions:
    """What the passes say of one region.

    The arrays have one shape; of a `Segmentation` that of its images.

    Parameters
    ----------
    kind, count
        What the passes are, and how many.
    mean
        The mean of the probabilities, float32. Not the probability of the mean logits, for which an entropy would not
        be concave.
    entropy
        The mean of the binary entropies in nats, float32.
    votes
        Unsigned integers: bit m is set where pass m gives more than one half.
    """

    kind: PassKind
    count: int
    mean: npt.NDArray[np.float32]
    entropy: npt.NDArray[np.float32]
    votes: npt.NDArray[np.unsignedinteger]

    def __str__(self) -> str:
        return f"{self.kind} {self.count}"

    def changed(self, change: Callable[..., npt.NDArray[Any]], *others: "Opinions") -> "Opinions":
        """Apply a function to each array, and to the same array of others where there are some."""
        one, two, three = (
            change(*(getattr(opinions, name) for opinions in (self, *others))) for name in ("mean", "entropy", "votes")
        )
        return Opinions(self.kind, self.count, one, two, three)


class OpinionSums:
    """Gathers opinions from passes that are added one by one: one pass is held at a time.

    Parameters
    ----------
    kind, count
        What the passes are, and how many there will be.
    """

    def __init__(self, kind: PassKind, count: int) -> None:
        self._kind, self._count, self._added = kind, count, 0
        self._found: dict[str, Opinions] = {}

    def add(self, probabilities: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Take in what one more pass says of each region."""
        bit, share = 1 << self._added, np.float32(1 / self._count)
        self._added += 1
        for name, values in probabilities.items():
            if name not in self._found:
                self._found[name] = _zeros(self._kind, self._count, values.shape, "C")
            found = self._found[name]
            np.add(found.mean, values * share, out=found.mean)
            np.add(found.entropy, binary_entropy(values) * share, out=found.entropy)
            found.votes[values > HALF] |= found.votes.dtype.type(bit)

    def told(self) -> dict[str, Opinions]:
        """Give them for each region."""
        return self._found


def no_opinions(kind: PassKind, count: int, shape: tuple[int, ...]) -> Opinions:
    """Give what passes say that are sure to find nothing."""
    return _zeros(kind, count, shape, "F")


def _zeros(kind: PassKind, count: int, shape: tuple[int, ...], order: Literal["C", "F"]) -> Opinions:
    def zeros(dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        return np.zeros(shape, dtype, order)

    return Opinions(kind, count, zeros(np.float32), zeros(np.float32), zeros(np.min_scalar_type((1 << count) - 1)))
