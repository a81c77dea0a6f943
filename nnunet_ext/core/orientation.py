"""Axis letters, and turning an array so that its axes go where they should.

nibabel's letters say where an axis goes, the Spinal Cord Toolbox's where it starts: nibabel `LAS` is SCT `RPI`.
"""

from typing import Final

import nibabel as nib
import numpy as np

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.volume import Volume

RAW_AXES: Final = "LAS"
"""nibabel axes of every raw dataset we write; SCT calls it RPI and its models expect it."""

OPPOSITE: Final = {"R": "L", "L": "R", "A": "P", "P": "A", "S": "I", "I": "S"}
"""The letter of the other end of an axis."""


def sct_letters(axes: str) -> str:
    """Say in SCT's letters what nibabel calls `axes`, and the other way round: the rule is its own inverse.

    Examples
    --------
    >>> sct_letters("LAS")
    'RPI'
    """
    _check_letters(axes)
    return "".join(OPPOSITE[letter] for letter in axes)


def upright_axis(axes: str) -> int:
    """Say which array axis runs along the body.

    Examples
    --------
    >>> upright_axis("LAS")
    2
    """
    return next(index for index, letter in enumerate(axes) if letter in "SI")


def reorient(volume: Volume, axes: str) -> Volume:
    """Permute and flip the array axes so that they go along `axes`; no voxel is resampled.

    Parameters
    ----------
    volume
        Any orientation; an oblique one stays oblique, its axes are taken by their nearest letter.
    axes
        nibabel's letters, such as ``LAS``.

    Returns
    -------
    Volume
        The same voxels at the same places in the world. An empty mask stays empty.

    Raises
    ------
    UsageError
        Where `axes` does not name each of left-right, back-front and down-up once.
    """
    _check_letters(axes)
    start = nib.io_orientation(volume.affine)
    turn = nib.orientations.ornt_transform(start, nib.orientations.axcodes2ornt(tuple(axes)))
    # Files hold their first axis fastest: so it is read and written without another copy.
    data = np.asfortranarray(nib.orientations.apply_orientation(volume.data, turn))
    affine = volume.affine @ nib.orientations.inv_ornt_aff(turn, volume.data.shape)
    return Volume(data, np.asarray(affine, dtype=np.float64), volume.notes)


def _check_letters(axes: str) -> None:
    families = {frozenset((letter, OPPOSITE.get(letter, "?"))) for letter in axes}
    if len(axes) != 3 or len(families) != 3 or any(letter not in OPPOSITE for letter in axes):
        raise UsageError(f"three axis letters were needed, one each of R/L, A/P and S/I, such as LAS; found {axes!r}")
