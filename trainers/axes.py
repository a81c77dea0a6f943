"""How the axes of nnU-Net's arrays lie in the body."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

DIRECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"S": "SI", "I": "SI", "A": "AP", "P": "AP", "L": "LR", "R": "LR"}
)
"""For each of nibabel's letters the direction of the body, whichever way it is gone along."""

_DIMENSIONS: Final = 3


def tensor_axis(letters: str, file_axes: str, transpose_forward: Sequence[int], dimensions: int) -> int | None:
    """Find the axis of a patch that runs along an anatomical direction.

    Parameters
    ----------
    letters
        Of both ends, such as ``SI``.
    file_axes
        nibabel's letters of the raw files, such as ``LAS``, as our converter writes them into `dataset.json`.
    transpose_forward
        Of the plans: which axis of the array as it was read stands at each place of the preprocessed one.
    dimensions
        Of the patch: 3, or 2 where nnU-Net takes slices across the first axis.

    Returns
    -------
    int or None
        None where slices run across that direction.

    Examples
    --------
    >>> tensor_axis("LR", "LAS", [0, 1, 2], 3)
    2
    """
    read_axes = file_axes[::-1]  # nnU-Net's nibabel reader turns (x, y, z) into (z, y, x)
    found = next(index for index, letter in enumerate(read_axes) if letter in letters)
    place = list(transpose_forward).index(found) - (_DIMENSIONS - dimensions)
    return place if place >= 0 else None
