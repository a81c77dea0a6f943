"""Smooth random fields that are fixed in the patient, whatever grid looks at him."""

from typing import Final

import numpy as np
import numpy.typing as npt

_WAVES: Final = 6


def waves(points: npt.NDArray[np.floating], seed: int, wavelength_mm: float) -> npt.NDArray[np.float64]:
    """Add up a few plane waves of random direction.

    Parameters
    ----------
    points
        Shape (3, ...), in mm in the patient's space.
    seed
        The same seed gives the same field.
    wavelength_mm
        Typical length of a wave.

    Returns
    -------
    ndarray
        Shape of one coordinate; mean about 0, standard deviation about 1.
    """
    rng = np.random.default_rng(seed)
    total = np.zeros(points.shape[1:])
    for _ in range(_WAVES):
        direction = rng.normal(0, 2 * np.pi / wavelength_mm / np.sqrt(3), 3)
        total += np.sin(np.tensordot(direction, points, 1) + rng.uniform(0, 2 * np.pi))
    result: npt.NDArray[np.float64] = total * np.sqrt(2 / _WAVES)
    return result
