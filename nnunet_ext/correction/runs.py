"""Masks as runs of voxels, which a page can send and hold."""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.labels import Mask

Runs = npt.NDArray[np.int64]
"""Shape (n, 2): start and length of each run over the mask with its first axis fastest, sorted, none touching another.

An empty mask has none.
"""

MOST_RUNS: Final = 1_000_000
"""Cord and lesions of a whole spine have some ten thousand; more than this is noise."""


def runs_of(mask: Mask) -> Runs:
    """Give the runs of a mask of shape (i, j, k).

    Examples
    --------
    >>> runs_of(np.array([[[True]], [[True]], [[False]]])).tolist()
    [[0, 2]]
    """
    flat = np.ravel(mask, order="F")
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0] if flat[:1].any() else [], edges, [flat.size] if flat[-1:].any() else []])
    pairs = ends.astype(np.int64).reshape(-1, 2)
    pairs[:, 1] -= pairs[:, 0]
    return pairs


def mask_of(runs: Runs, shape: tuple[int, ...]) -> Mask:
    """Give the mask of the shape (i, j, k) that has these runs, its first axis fastest in memory."""
    flat = np.zeros(int(np.prod(shape)), dtype=np.bool_)
    for start, length in runs.tolist():
        flat[start : start + length] = True
    return flat.reshape(shape, order="F")


def read_runs(numbers: object, voxels: int) -> Runs:
    """Take runs as JSON says them: start, length, start, length, and so on.

    Parameters
    ----------
    numbers
        Whatever stands there. Runs may touch, and are then joined.
    voxels
        Of the whole mask.

    Raises
    ------
    ValueError
        For anything but whole numbers in pairs, runs that do not grow, overlap, are empty or leave the volume, and for
        too many.
    """
    if not isinstance(numbers, list) or len(numbers) % 2 or not all(type(number) is int for number in numbers):
        raise ValueError("runs as a list of whole numbers, start and length in turn, were needed")
    if len(numbers) > 2 * MOST_RUNS:
        raise ValueError(f"at most {MOST_RUNS} runs were needed, found {len(numbers) // 2}")
    if numbers and not (min(numbers) >= 0 and max(numbers) <= voxels):
        raise ValueError(f"runs inside the {voxels} voxels of the image were needed")
    starts, lengths = np.array(numbers, dtype=np.int64).reshape(-1, 2).T
    ends = starts + lengths
    if (lengths < 1).any() or (starts[1:] < ends[:-1]).any() or (ends > voxels).any():
        raise ValueError(f"runs that grow, do not overlap and stay inside the {voxels} voxels were needed")
    first = np.concatenate([[True], starts[1:] > ends[:-1]])[: len(starts)]
    last = np.concatenate([starts[1:] > ends[:-1], [True]])[-len(starts) :] if len(starts) else first
    return np.stack([starts[first], ends[last] - starts[first]], axis=1)
