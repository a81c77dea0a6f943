"""Random fields that change over some millimetres."""

import numpy as np

from nnunet_ext.core.volume import Affine
from nnunet_ext.phantom.cord_coordinates import Lattice
from nnunet_ext.phantom.spine import Floats


def smooth_noise(shape: tuple[int, ...], affine: Affine, length_mm: float, rng: np.random.Generator) -> Floats:
    """Draw noise of about unit standard deviation that changes over `length_mm`.

    Parameters
    ----------
    shape, affine
        Of the grid; of the affine only the voxel sizes matter, in mm.
    length_mm
        Distance between the nodes that are drawn; in between it is linear.
    rng
        Chance.

    Returns
    -------
    ndarray
        float32 of `shape`.
    """
    lattice = Lattice.covering(shape, affine, length_mm)
    return lattice.expand(rng.standard_normal(lattice.nodes, dtype=np.float32) * np.float32(1.3))
