"""Adult sizes by vertebral level, in millimetres: the table behind every synthetic patient.

A level is a number that rises downwards by one a vertebra: 0 is the upper edge of C1, 4.5 the middle of C5, 7 the upper
edge of T1, 24 the lower edge of L5. Negative levels continue upwards into the head in steps of C1's height.

Cord diameters follow the pooled estimates of Frostell et al. 2016 (Front Neurol 7:238: transverse 13.3 mm at segment
C5, 8.3 at T8, 9.4 at L3; antero-posterior 7.4, 6.3 and 7.5), placed at the vertebrae that hold those segments. Within
their errors, cord and sac of the neck follow the medians of ten healthy people's manual masks on T2w (spine-generic),
and those of the chest the PAM50 template; `benchmarks/phantom_against_people.py` holds the painted result against both.
The rest is rounded from textbook anatomy: enough for a picture, not a reference.
"""

from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

LEVEL_HEIGHTS: Final = (
    *(14.0, 20.0, 17.0, 16.5, 16.5, 16.5, 18.0),
    *(20.0, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5, 24.0, 25.0, 26.5, 28.0, 30.0),
    *(34.0, 35.5, 36.0, 36.0, 35.0, 30.0),
)
"""Height in mm of each vertebra from C1 to S1, with the disc below it; the place is the level of the upper edge."""

Levels = npt.NDArray[np.floating]


class Size(Enum):
    """A size that depends on the level: pairs of level and millimetres, interpolated monotonically.

    Widths and depths are whole, not half; fronts and backs are measured from the middle of the canal, forwards
    positive. Two are shares, not millimetres: `CORD_PLACE` says how far the cord lies forwards in its free room (1: it
    touches the front of the sac, -1 the back), `GREY_SHARE` how much of its section is grey matter.
    """

    CORD_WIDTH = (
        (-5, 26), (-4, 30), (-3, 32), (-2, 19), (-1, 13), (0, 11.5), (1, 11.5), (2.5, 12.4), (3.5, 13.1), (4.5, 13.4),
        (5.5, 12.9), (6.5, 11.2), (8, 9.8), (10, 9), (13, 8.7), (16, 8.8), (18, 9.1), (19, 8.9),
    )  # fmt: skip
    CORD_DEPTH = (
        (-5, 22), (-4, 26), (-3, 26), (-2, 14.5), (-1, 10.5), (0, 8.4), (1, 7.7), (2.5, 7.4), (4.5, 7.1), (6.5, 6.6),
        (8, 6.2), (13, 6), (16, 6.2), (18, 6.8), (19, 6.7),
    )  # fmt: skip
    # Lying on the back: behind the middle in the neck, forwards in the thoracic bend, at the back at the conus (PAM50).
    CORD_PLACE = (
        (0, 0), (1.2, -0.2), (2, -0.28), (3, -0.2), (4.5, -0.12), (6.5, -0.28), (7.7, -0.25), (9.3, 0.15),
        (11.5, 0.5), (13, 0.45), (16, 0.2), (17.5, -0.05), (18.5, -0.35), (20, -0.45),
    )  # fmt: skip
    # PAM50, and in the neck the manual masks of the grey-matter challenge, which lie on both sides of it.
    GREY_SHARE = (
        (0, 0.17), (2.5, 0.185), (4.5, 0.2), (6, 0.205), (7.5, 0.185), (9, 0.17), (12.5, 0.18), (16.5, 0.18),
        (18, 0.26), (19, 0.36), (20, 0.42),
    )  # fmt: skip
    SAC_WIDTH = (
        (-7, 130), (-4, 112), (-3, 104), (-2, 70), (-1, 38), (-0.3, 28.5), (0.5, 26), (1.5, 23.8), (3, 22.5),
        (5, 21.7), (7, 19.8), (9, 16.8), (11, 15.3), (15, 15.3), (17, 16.5), (18.5, 18.5),
        (20, 21), (22, 20.5), (24, 19),
    )  # fmt: skip
    SAC_FRONT = (
        (-7, 55), (-5, 34), (-4, 22), (-3, 17), (-2, 12), (-1, 9), (0, 8.2), (1, 7.6), (3, 6.4), (7, 6.4),
        (13, 6.4), (17, 7), (18.5, 7.6), (20, 8.4), (22, 8.2), (24, 7),
    )  # fmt: skip
    SAC_BACK = (
        (-7, -75), (-4, -66), (-3, -62), (-2, -48), (-1, -19), (-0.3, -9.5), (0, -8.2), (1, -7.6), (3, -6.2),
        (7, -6.2), (13, -6.2), (17, -6.8), (18.5, -7.4), (20, -8.2), (22, -8), (24, -6.8),
    )  # fmt: skip
    EPIDURAL_FAT = ((0, 1.4), (2, 0.7), (5, 0.6), (7, 1), (10, 2.4), (18, 2.8), (21, 4.5), (24, 6))
    BODY_WIDTH = ((0, 11), (0.9, 11), (1.2, 18), (3, 20), (6, 25), (8, 29), (13, 28), (18, 38), (22, 47))
    BODY_DEPTH = ((0, 11), (0.9, 11), (1.2, 14), (3, 15.5), (6, 16.5), (9, 18), (13, 26), (18, 31), (22, 35))
    DISC_SHARE = ((0, 0), (0.9, 0), (1.5, 0.24), (3, 0.27), (7, 0.24), (9, 0.16), (14, 0.17), (19, 0.22), (22, 0.28))
    SPINE_LENGTH = ((0, 6), (1.4, 26), (3, 19), (4.5, 22), (6.5, 42), (9, 40), (14, 42), (19, 34), (23, 30))
    SPINE_SLOPE = ((0, 0), (2, 0.35), (6, 0.5), (9, 0.9), (13, 1.4), (17, 0.7), (19, 0.2), (23, 0.15))
    SKIN_SIDE = (
        (-12, 20), (-10, 55), (-8, 72), (-3, 76), (-1, 72), (1, 60), (4, 58), (5.5, 66), (7, 120), (9, 175),
        (13, 165), (19, 150), (24, 170),
    )  # fmt: skip
    SKIN_FRONT = (
        (-12, 20), (-9, 75), (-6, 100), (-3, 110), (0, 105), (1.5, 92), (2.5, 66), (5, 58), (7, 75), (9, 105),
        (13, 140), (19, 130), (24, 130),
    )  # fmt: skip
    SKIN_BACK = (
        (-12, 20), (-9, 75), (-5, 92), (-3, 84), (-1, 66), (1, 54), (4, 54), (6.5, 64), (9, 66), (13, 66),
        (18, 58), (22, 62), (24, 75),
    )  # fmt: skip


def size_at(size: Size, levels: Levels) -> npt.NDArray[np.float64]:
    """Size in mm of an adult of middle build.

    Parameters
    ----------
    size
        Which one.
    levels
        Any shape. Beyond the ends of the table the nearest entry holds.

    Returns
    -------
    ndarray
        The shape of `levels`.
    """
    known, millimetres = np.array(size.value, dtype=np.float64).T
    curve = PchipInterpolator(known, millimetres)
    result: npt.NDArray[np.float64] = curve(np.clip(levels, known[0], known[-1]))
    return result
