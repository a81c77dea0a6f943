"""One case: localise the cord, box it, segment inside, look whether the box was large enough, mend."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.cascade.course import SLAB_MM, Course, held_by
from nnunet_ext.cascade.prediction.cord_gate import CordGate
from nnunet_ext.cascade.prediction.opinions import Opinions
from nnunet_ext.cascade.prediction.post_process import Change, post_process
from nnunet_ext.cascade.prediction.post_processing import PostProcessing
from nnunet_ext.cascade.prediction.segmentation import CaseSegmenter, Segmentation
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.labels import CORD, Labelling, Mask, Masks, union
from nnunet_ext.core.stray_lesions import without_stray_lesions
from nnunet_ext.core.tube import largest_tube
from nnunet_ext.core.volume import Array, Volume

FULL_IMAGE_MARGINS: Final = Margins(superior=30, inferior=30, left=10, right=10, anterior=10, posterior=10)
"""Around the cord for a model that was trained on whole images: what it sees is not cut, so this bounds the result, and
where a result reaches a face the boxes there grow."""

MOST_GROWTHS: Final = 2


@dataclass(frozen=True)
class CaseOptions:
    """What decides a case besides its images and the models.

    Parameters
    ----------
    regions
        Of the segmenting model.
    rules
        Post-processing.
    margins
        Around the cord, in place of those that the model was trained with.
    localizer_channels
        Which of the case's images the localizer takes, in its order.
    gate
        What is taken for a cord.
    empty_without_cord
        Whether an image in which no cord is found gets empty masks, rather than being segmented as a whole.
    """

    regions: Labelling
    rules: PostProcessing
    margins: Margins | None = None
    localizer_channels: tuple[int, ...] = (0,)
    gate: CordGate = field(default_factory=CordGate)
    empty_without_cord: bool = False


@dataclass(frozen=True, eq=False)
class PredictedCase:
    """A segmented case, on the grid and in the orientation of its images.

    Parameters
    ----------
    masks
        Of each region, after post-processing; lesions that lie apart from the cord are no cord.
    probabilities, disagreement, opinions
        As in `Segmentation`, before post-processing.
    cord
        The cord: the model's own where it has the region, else the localizer's; None where there is neither.
    boxes
        That were segmented in, one behind the other along the cord; none for the whole image. A model that was trained
        on boxed images has one.
    growths
        How often a box was too small and grew.
    """

    masks: Masks
    probabilities: Mapping[str, npt.NDArray[np.float32]]
    disagreement: Mapping[str, npt.NDArray[np.float32]]
    cord: Mask | None
    boxes: tuple[Box, ...]
    margins: Margins | None
    growths: int
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]
    opinions: Mapping[str, Opinions] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Boxed:
    """What was segmented, and in which boxes."""

    found: Segmentation
    masks: Masks
    boxes: tuple[Box, ...] = ()
    growths: int = 0
    warnings: tuple[str, ...] = ()


def predict_case(
    images: Sequence[Volume], segmenter: CaseSegmenter, localizer: CaseSegmenter | None, options: CaseOptions
) -> PredictedCase:
    """Segment one case.

    Parameters
    ----------
    images
        One for each channel, all on one grid, in any orientation.
    localizer
        Finds the cord; None for the whole image.
    options
        All else. A threshold other than one half needs a segmenter that gives probabilities.

    Returns
    -------
    PredictedCase
        Where no cord is found the whole image is segmented or, where the options say so, nothing, and a warning tells
        which. Where the segmented cord touches a
        face of a box behind which the image goes on, the box grows around it, at most twice.
    """
    grid = images[0]
    margins = options.margins or segmenter.crop_margins or FULL_IMAGE_MARGINS
    tube, said = _localise(images, segmenter, localizer, options)
    slab_mm = SLAB_MM if segmenter.crop_margins is None else None  # a model of boxed images was trained on one box
    follow = partial(Course.around, margins=margins, slab_mm=slab_mm)
    course = None if tube is None else follow(Volume(tube, grid.affine))
    no_cord = course is None and localizer is not None and options.empty_without_cord
    if course is not None:
        boxed = _segment_along(course, follow, images, segmenter, options)
    else:
        found = segmenter.nothing(grid.data.shape) if no_cord else segmenter.segment(images)
        boxed = _Boxed(found, _masks(found, options))
    left_nothing = _left_nothing(boxed, options)
    if options.empty_without_cord and not no_cord:
        boxed = _without_false_cord(boxed, grid, options.gate)
    done = post_process(boxed.masks, options.regions, grid.affine, options.rules)
    masks = without_stray_lesions(done.masks, options.regions, grid.affine)
    return PredictedCase(
        masks=masks,
        probabilities=boxed.found.probabilities,
        disagreement=boxed.found.disagreement,
        cord=masks.get(CORD, tube),
        boxes=boxed.boxes,
        margins=margins if boxed.boxes else None,
        growths=boxed.growths,
        changes=done.changes,
        warnings=(*said, *boxed.warnings, *left_nothing, *done.warnings),
        opinions=boxed.found.opinions,
    )


def _left_nothing(boxed: _Boxed, options: CaseOptions) -> list[str]:
    """Say which regions a threshold other than nnU-Net's own took away as a whole."""
    gone = [name for name, mask in boxed.found.masks.items() if mask.any() and not boxed.masks[name].any()]
    used = options.rules.thresholds(boxed.masks)
    return [f"Threshold {used[name]:g} left nothing of {name}, which one half finds" for name in gone]


def _localise(
    images: Sequence[Volume], segmenter: CaseSegmenter, localizer: CaseSegmenter | None, options: CaseOptions
) -> tuple[Mask | None, tuple[str, ...]]:
    """Find the cord, and say why there is none."""
    if localizer is None:
        cropped = "the model was trained on boxed images and there is no localizer: the whole image was segmented"
        return None, (cropped,) if segmenter.crop_margins is not None else ()
    region = CORD if CORD in localizer.regions else localizer.regions[0]
    found = localizer.segment([images[channel] for channel in options.localizer_channels]).masks[region]
    tube = _tube(found, images[0])
    why = options.gate.refuses(Volume(tube, images[0].affine))
    if why is None:
        return tube, ()
    then = "the masks are empty" if options.empty_without_cord else "the whole image was segmented"
    return None, (f"no cord was found{f' ({why})' if why else ''}: {then}",)


def _without_false_cord(boxed: _Boxed, grid: Volume, gate: CordGate) -> _Boxed:
    """Take back what was segmented where that, looked at closely, is no cord either."""
    if CORD not in boxed.masks:
        return boxed
    why = gate.refuses(Volume(_tube(boxed.masks[CORD], grid), grid.affine))
    if why is None:
        return boxed
    where = " where the localizer saw one" if boxed.boxes else ""
    sentence = f"no cord was found{where}{f' ({why})' if why else ''}: the masks are empty"
    empty = {name: np.zeros_like(mask) for name, mask in boxed.masks.items()}
    return replace(boxed, masks=empty, warnings=(sentence,))


def _tube(found: Mask, grid: Volume) -> Mask:
    tube = np.zeros_like(found)
    box = Box.around(found)
    if box is not None:  # what is looked for in a part of the image takes a part of the memory
        tube[box.slices] = largest_tube(Volume(found[box.slices], grid.affine))
    return tube


def _segment_along(
    course: Course,
    follow: Callable[[Volume], Course | None],
    images: Sequence[Volume],
    segmenter: CaseSegmenter,
    options: CaseOptions,
) -> _Boxed:
    """Segment along the cord; where a box proves too small only that one is segmented again."""
    grid = images[0]
    found, growths = segmenter.segment(images, course.boxes), 0
    while True:
        masks = _masks(found, options)
        followed = _followed(masks, grid)
        touched = course.touched_faces(followed, grid.axes)
        if not touched or (further := follow(Volume(followed, grid.affine))) is None:
            return _Boxed(found, masks, course.boxes, growths)
        wider = course.grown(followed, further)
        if wider == course or growths == MOST_GROWTHS:
            sentence = f"the segmentation touches the {' and '.join(touched)} face of its box, and may go on behind it"
            return _Boxed(found, masks, course.boxes, growths, (sentence,))
        fresh, growths = tuple(box for box in wider.boxes if box not in course.boxes), growths + 1
        found, course = _renewed(found, segmenter.segment(images, fresh), held_by(fresh, grid.data.shape)), wider


def _renewed(before: Segmentation, fresh: Segmentation, held: Mask) -> Segmentation:
    """Take where the mask is what is fresh, and elsewhere what was found before."""

    def chosen(old: Array, new: Array) -> Array:
        merged: Array = np.copy(old)
        np.copyto(merged, new, where=held)
        return merged

    return before.changed(chosen, fresh)


def _followed(masks: Masks, grid: Volume) -> Mask:
    """Take what a box must hold whole: the cord's tube or, of a model without one, all; not a speck in a muscle."""
    return _tube(masks[CORD], grid) if CORD in masks else union(masks.values())


def _masks(found: Segmentation, options: CaseOptions) -> Masks:
    if options.rules.as_nnunet_decides:
        return dict(found.masks)
    if not found.probabilities:
        raise UsageError("a threshold other than 0.5 needs a segmenter that gives probabilities")
    return options.regions.above(found.probabilities, options.rules.thresholds(options.regions.names))
