"""Connected parts of a mask of any shape."""

from typing import Any, Final, Literal

import cc3d
import numpy as np
import numpy.typing as npt

from nnunet_ext.core.labels import Mask

_SMALL: Final = 32**3


def components(mask: Mask, connectivity: Literal[6, 18, 26] = 26) -> tuple[npt.NDArray[np.unsignedinteger[Any]], int]:
    """Find the connected parts of a mask, and number them.

    cc3d makes room for too few 26-connected parts where sides are odd and every second voxel along each is one of its
    own, as in the box around some specks, and gives up; not so where all sides are even.

    Parameters
    ----------
    mask
        Shape (i, j, k), any axis order.
    connectivity
        6, 18 or 26 neighbours.

    Returns
    -------
    array
        Of the mask's shape: 0 outside, else the number of the part, from 1.
    int
        How many there are; 0 of an empty mask.
    """
    small = mask.size <= _SMALL  # nothing larger is as dense as that, and a copy of it would cost memory
    even = np.pad(mask, [(0, size % 2) for size in mask.shape]) if small else mask
    found, count = cc3d.connected_components(even, connectivity=connectivity, return_N=True)
    return found[tuple(map(slice, mask.shape))], int(count)
