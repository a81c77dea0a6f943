"""One mask from those of several raters."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from nnunet_ext.dataset_conversion.class_profile import RaterRule

Mask = npt.NDArray[np.uint8]


def fuse_raters(masks: Mapping[str, Array], rule: RaterRule, *, rater: str | None = None) -> Mask:
    """Make one mask of the masks that several raters drew of one class.

    Where all raters agree in every voxel, that is the result under every rule: one rater alone, and empty masks
    throughout, too. A rater's empty mask is an opinion like any other.

    STAPLE is that of Warfield, Zou and Wells 2004 (IEEE TMI 23:903) in SimpleITK, the prior being the raters' mean
    volume, cut above probability 0.5. What no rater drew stays out and what all drew stays in, which the algorithm
    alone does not guarantee where raters contradict each other. Its result depends on how much background the image
    has.

    Parameters
    ----------
    masks
        For each rater's name the mask, any one shape for all; what is not zero is drawn.
    rule
        How to fuse.
    rater
        Whose mask to take under `RaterRule.ONE`; not looked at otherwise.

    Returns
    -------
    Mask
        Of the same shape, 0 and 1.

    Raises
    ------
    DataRefusedError
        Where there is no mask, shapes differ, the rater is not among them, or `HIGHEST` finds no single highest number.
    """
    if not masks:
        raise DataRefusedError("at least one rater's mask was needed, found none")
    if len({mask.shape for mask in masks.values()}) > 1:
        shapes = ", ".join(f"{name} {mask.shape}" for name, mask in masks.items())
        raise DataRefusedError(f"masks of one shape were needed, found {shapes}; resample them to their image first")
    if rule is RaterRule.ONE:
        return _where(masks[_chosen(masks, rater)] != 0)
    drawn = np.stack([_where(mask != 0) for mask in masks.values()])
    union: Mask = drawn.max(axis=0)
    intersection: Mask = drawn.min(axis=0)
    if rule is RaterRule.UNION or np.array_equal(union, intersection):
        return union
    if rule is RaterRule.HIGHEST:
        return _where(masks[_highest(masks)] != 0)
    if rule is RaterRule.MAJORITY:
        return _where(2 * drawn.sum(axis=0, dtype=np.int64) > len(drawn))
    return np.minimum(np.maximum(_staple(drawn), intersection), union)


CONSENSUS: Final[Mapping[str, Callable[[Mapping[str, Array]], Mask]]] = {
    "majority": partial(fuse_raters, rule=RaterRule.MAJORITY),
    "staple": partial(fuse_raters, rule=RaterRule.STAPLE),
}
"""The ways to a mask in which every rater has a say."""


def _where(condition: Array) -> Mask:
    return np.asarray(condition, dtype=np.uint8)


def _chosen(masks: Mapping[str, Array], rater: str | None) -> str:
    if rater is None and len(masks) == 1:
        return next(iter(masks))
    if rater is None or rater not in masks:
        raise DataRefusedError(
            f"the rater whose mask to take was needed: one of {', '.join(masks)}; found {rater or 'none'}"
        )
    return rater


def _highest(masks: Mapping[str, Array]) -> str:
    """Find the rater with the highest number at the end of the name; `rater10` is above `rater2`."""
    numbers = {name: int(number[0]) for name in masks if (number := re.search(r"[0-9]+$", name))}
    first = [name for name, number in numbers.items() if number == max(numbers.values())]
    if len(numbers) < len(masks) or len(first) > 1:
        raise DataRefusedError(
            f"raters with a number each were needed, such as rater1 and rater2; found {', '.join(masks)}; "
            f"name the rater to take, or choose another rule: {', '.join(RaterRule)}"
        )
    return first[0]


def _staple(drawn: Mask) -> Mask:
    """Cut STAPLE's probability at 0.5; `drawn` has the raters along axis 0, who must not all agree."""
    # 90 MiB in every process, and few datasets have several raters.
    import SimpleITK as sitk  # noqa: N813, PLC0415 - the name of its own documentation; only where it is needed

    images = [sitk.GetImageFromArray(mask) for mask in drawn]
    # Confidence weight and foreground value: it takes no names.
    estimate = sitk.STAPLE(images, 1.0, 1.0)
    # One empty mask beside one that is not gives exactly a half, give or take the last digit.
    return _where(sitk.GetArrayFromImage(estimate) > 0.5 + 1e-6)
