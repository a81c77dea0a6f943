"""Which axis of nnU-Net's arrays runs from left to right."""

from collections.abc import Sequence


def left_right_axis(file_axes: str | None, transpose_forward: Sequence[int]) -> int | None:
    """Find the left-right axis of a preprocessed array.

    Parameters
    ----------
    file_axes
        nibabel's letters of the raw files, such as ``LAS``, as our converter writes them into `dataset.json`; None
        for a dataset of unknown orientation.
    transpose_forward
        Of the plans: which axis of the array as it was read stands at each place of the preprocessed one.

    Returns
    -------
    int or None
        None where the orientation is not known, and for 2-D data.

    Examples
    --------
    >>> left_right_axis("LAS", [0, 1, 2])
    2
    """
    if file_axes is None or len(transpose_forward) != len(file_axes):
        return None
    read_axes = file_axes[::-1]  # nnU-Net's nibabel reader turns (x, y, z) into (z, y, x)
    side = next(index for index, letter in enumerate(read_axes) if letter in "LR")
    return list(transpose_forward).index(side)
