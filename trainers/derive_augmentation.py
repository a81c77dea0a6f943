"""What the images of the sites tell about how images may be spoiled in training."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from nnunet_ext.trainers.axes import DIRECTIONS

_THICK: Final = 2.0  # times the finest spacing of an image: along such an axis it was scanned in slices


def derive_augmentation(measured: Sequence[Mapping[str, str]]) -> tuple[dict[str, Any], str]:
    """Let thick slices be as thick, and along the directions, as those of the sites; leave all else as it is.

    Parameters
    ----------
    measured
        Rows of `qc.tsv`, with `spacing_mm` and `axes`.

    Returns
    -------
    tuple
        Values of `SpineAugmentation`, and the figures behind them; none where no image was scanned in slices.
    """
    slices: list[tuple[str, float]] = []
    for row in measured:
        spacing = [float(size) for size in row["spacing_mm"].split()]
        thickest = max(range(len(spacing)), key=lambda axis: spacing[axis])
        if spacing[thickest] >= _THICK * min(spacing):
            slices.append((DIRECTIONS[row["axes"][thickest]], spacing[thickest]))
    if not slices:
        return {}, f"none of {len(measured)} cases was scanned in thick slices; the usual ranges"
    counted = Counter(direction for direction, _ in slices)
    thick = [mm for _, mm in slices]
    augmentation = {
        "thick_slices_mm": (round(min(thick), 2), round(max(thick), 2)),
        "thick_slices_axes": tuple(sorted(counted)),
    }
    along = ", ".join(f"{counted[direction]} along {direction}" for direction in sorted(counted))
    return augmentation, f"slices of {min(thick):.1f} to {max(thick):.1f} mm in {len(slices)} cases: {along}"
