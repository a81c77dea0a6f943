from collections.abc import Sequence

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.cascade.course import Course, held_by
from nnunet_ext.cascade.prediction.cord_gate import CordGate
from nnunet_ext.cascade.prediction.post_processing import PostProcessing
from nnunet_ext.cascade.prediction.predict_case import FULL_IMAGE_MARGINS, CaseOptions, predict_case
from nnunet_ext.cascade.prediction.segmentation import Segmentation
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from tests.cascade.prediction.stand_in import Threshold
from tests.core.test_labels import CORD_LESION

SHAPE = (40, 40, 60)
CORD = Box((18, 18, 5), (22, 22, 55))
LESION = Box((19, 19, 25), (21, 21, 30))
NARROW = Margins(superior=4, inferior=4, left=3, right=3, anterior=3, posterior=3)
OPTIONS = CaseOptions(CORD_LESION, PostProcessing())


def image(*, cord: Box = CORD, lesion: Box = LESION, axes: str = "RAS", oblique: bool = False) -> Volume:
    data = np.zeros(SHAPE, dtype=np.float32)
    data[cord.slices], data[lesion.slices] = 150, 250
    turn = nib.eulerangles.euler2mat(0.1, 0.2, 0.15) if oblique else np.eye(3)
    affine = nib.affines.from_matvec(turn @ np.diag([1.0, 1.0, 1.5]), [-20, 30, 5])
    return reorient(Volume(data, affine), axes)


class Part(Threshold):
    """A localizer that sees only what lies in a part of the image."""

    part: Box

    def __init__(self, part: Box) -> None:
        super().__init__(regions=("sc",))
        self.part = part

    def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
        return super().segment(images, boxes or [self.part])


class Keen(Threshold):
    """A localizer that takes half as much for cord."""

    def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
        return super().segment([Volume(images[0].data * 2, images[0].affine)], boxes)


@pytest.mark.parametrize("axes", ["RAS", "LAS", "PSR", "IPL"])
@pytest.mark.parametrize("oblique", [False, True])
def test_in_any_orientation_all_is_found_and_the_box_is_the_cord_s_with_its_margins(axes: str, oblique: bool) -> None:
    given = image(axes=axes, oblique=oblique)
    segmenter = Threshold(crop_margins=NARROW)
    done = predict_case([given], segmenter, Threshold(regions=("sc",)), OPTIONS)
    np.testing.assert_array_equal(done.masks["sc"], given.data > 100)
    np.testing.assert_array_equal(done.masks["lesion"], given.data > 200)
    cord = Box.around(given.data > 100)
    assert cord is not None
    assert done.boxes == (cord.grown(NARROW, given),)
    assert (done.margins, done.growths, done.warnings) == (NARROW, 0, ())
    assert segmenter.calls == [done.boxes]


def test_a_model_of_whole_images_gets_wide_margins_and_the_user_s_come_before_all() -> None:
    given = image()
    cord = Volume(given.data > 100, given.affine)
    segmenter = Threshold()
    done = predict_case([given], segmenter, Threshold(), OPTIONS)
    course = Course.around(cord, FULL_IMAGE_MARGINS)
    assert course is not None
    assert len(course.boxes) > 3  # along the cord
    assert segmenter.calls == [done.boxes] == [course.boxes]
    mine = CaseOptions(CORD_LESION, PostProcessing(), margins=NARROW)
    wide = Threshold(crop_margins=FULL_IMAGE_MARGINS)
    assert predict_case([given], wide, Threshold(), mine).boxes == (CORD.grown(NARROW, given),)


def test_of_boxes_along_the_cord_only_those_that_prove_too_small_are_segmented_again() -> None:
    given = image()
    low, segmenter = Part(Box((0, 0, 0), (40, 40, 48))), Threshold(probabilities=True)
    options = CaseOptions(CORD_LESION, PostProcessing(), margins=NARROW)
    done = predict_case([given], segmenter, low, options)
    np.testing.assert_array_equal(done.masks["sc"], given.data > 100)
    inside = held_by(done.boxes, SHAPE)
    np.testing.assert_allclose(done.probabilities["lesion"], np.clip(given.data / 400, 0, 1) * inside)
    first, *again = segmenter.calls
    assert (done.growths, done.warnings) == (len(again), ())
    assert all(min(box.start[2] for box in boxes) >= 39 for boxes in again)
    assert {box for boxes in segmenter.calls for box in boxes} >= set(done.boxes)
    assert done.boxes[: len(first) - 1] == first[:-1]


def test_a_box_that_cuts_the_result_grows_around_it_and_the_case_says_so() -> None:
    given = image()
    low = Part(Box((0, 0, 0), (40, 40, 48)))
    segmenter = Threshold(crop_margins=NARROW)
    done = predict_case([given], segmenter, low, OPTIONS)
    np.testing.assert_array_equal(done.masks["sc"], given.data > 100)
    assert done.growths == len(segmenter.calls) - 1 == 2
    assert done.warnings == ()
    assert Course(done.boxes, 2, SHAPE[2]).touched_faces(done.masks["sc"], given.axes) == ()
    assert done.boxes == segmenter.calls[-1]


def test_a_speck_in_a_muscle_at_the_face_of_the_box_does_not_make_it_grow() -> None:
    given = image()
    given.data[3:5, 20, 30] = 250
    sideways = Margins(superior=4, inferior=4, left=15, right=15, anterior=3, posterior=3)
    segmenter = Threshold(crop_margins=sideways)
    done = predict_case([given], segmenter, Part(Box((10, 0, 0), (40, 40, 60))), OPTIONS)
    assert Course(segmenter.calls[0], 2, SHAPE[2]).touched_faces(done.masks["lesion"], given.axes) == ("left",)
    assert (done.growths, done.warnings[:-1]) == (0, ())  # but for that of a lesion outside the cord


def test_after_two_growths_it_is_left_at_a_warning() -> None:
    given = image()
    segmenter = Threshold(crop_margins=NARROW)
    done = predict_case([given], segmenter, Part(Box((0, 0, 0), (40, 40, 20))), OPTIONS)
    assert len(segmenter.calls) == 3
    assert done.growths == 2
    assert "touches the superior face" in done.warnings[0]
    assert 0 < done.masks["sc"].sum() < (given.data > 100).sum()


def test_a_box_without_margins_cannot_grow_and_the_case_says_so() -> None:
    none = Margins(0, 0, 0, 0, 0, 0)
    segmenter = Threshold(crop_margins=none)
    done = predict_case([image()], segmenter, Part(Box((0, 0, 0), (40, 40, 20))), OPTIONS)
    assert len(segmenter.calls) == 1
    assert "touches" in done.warnings[0]


def test_where_the_image_ends_nothing_is_touched() -> None:
    given = image(cord=Box((18, 18, 0), (22, 22, 60)))
    done = predict_case([given], Threshold(crop_margins=NARROW), Threshold(regions=("sc",)), OPTIONS)
    assert (done.growths, done.warnings) == (0, ())


@pytest.mark.parametrize(
    ("cord", "words"),
    [(Box((0, 0, 0), (0, 0, 0)), "no cord was found: "), (Box((5, 5, 5), (8, 8, 8)), "has 40.5 mm3")],
)
def test_without_a_plausible_cord_the_whole_image_is_segmented_and_the_case_says_so(cord: Box, words: str) -> None:
    segmenter = Threshold(crop_margins=NARROW)
    done = predict_case([image(cord=cord, lesion=cord)], segmenter, Threshold(regions=("sc",)), OPTIONS)
    assert segmenter.calls == [()]
    assert (done.boxes, done.margins) == ((), None)
    assert words in done.warnings[0]
    assert "whole image" in done.warnings[0]


def test_without_a_localizer_only_a_model_of_boxed_images_is_warned_about() -> None:
    assert predict_case([image()], Threshold(), None, OPTIONS).warnings == ()
    warnings = predict_case([image()], Threshold(crop_margins=NARROW), None, OPTIONS).warnings
    assert "there is no localizer" in warnings[0]


def test_noise_far_from_the_cord_does_not_widen_the_box() -> None:
    given = image()
    given.data[1, 1, 1] = 150
    done = predict_case([given], Threshold(crop_margins=NARROW), Threshold(regions=("sc",)), OPTIONS)
    assert done.boxes == (CORD.grown(NARROW, given),)


def test_a_localizer_gets_the_channels_that_it_takes() -> None:
    first, second = image(), image(lesion=CORD)
    localizer = Threshold(regions=("lesion",))
    options = CaseOptions(CORD_LESION, PostProcessing(), localizer_channels=(1,))
    done = predict_case([first, second], Threshold(), localizer, options)
    assert np.array_equal(localizer.seen[0][0], second.data)
    assert len(localizer.seen[0]) == 1
    assert done.boxes


def test_another_threshold_is_taken_from_the_probabilities() -> None:
    given = image()
    options = CaseOptions(CORD_LESION, PostProcessing(threshold=0.7))
    done = predict_case([given], Threshold(probabilities=True), None, options)
    np.testing.assert_array_equal(done.masks["lesion"], given.data / 400 > 0.7)
    assert done.probabilities["lesion"].max() == pytest.approx(250 / 400)
    assert "Threshold 0.7 left nothing of lesion, which one half finds" in done.warnings
    assert not any("Threshold" in said for said in predict_case([given], Threshold(), None, OPTIONS).warnings)
    with pytest.raises(UsageError, match="probabilities"):
        predict_case([given], Threshold(), None, options)


def test_a_region_with_a_threshold_of_its_own_leaves_the_others_theirs() -> None:
    given = image()
    rules = PostProcessing(threshold_of=(("lesion", 0.6),))
    done = predict_case([given], Threshold(probabilities=True), None, CaseOptions(CORD_LESION, rules))
    plain = predict_case([given], Threshold(), None, OPTIONS)
    np.testing.assert_array_equal(done.masks["lesion"], given.data / 400 > 0.6)
    np.testing.assert_array_equal(done.masks["sc"], plain.masks["sc"])
    assert rules.content()["ThresholdOf"] == {"lesion": 0.6}


def test_post_processing_is_applied_and_told() -> None:
    options = CaseOptions(CORD_LESION, PostProcessing(smallest_mm3=(("lesion", 1000.0),)))
    done = predict_case([image()], Threshold(), None, options)
    assert not done.masks["lesion"].any()
    assert [(change.region, change.voxels) for change in done.changes] == [("lesion", LESION.voxels)]


def test_the_cord_is_the_model_s_own_where_it_has_one_else_the_localizer_s() -> None:
    lesion_alone = CaseOptions(Labelling.of_model({"labels": {"background": 0, "lesion": 1}}), PostProcessing())
    own = predict_case([image()], Threshold(), None, OPTIONS).cord
    other = predict_case([image()], Threshold(("lesion",)), Threshold(("sc",)), lesion_alone).cord
    for cord in (own, other):
        assert cord is not None
        np.testing.assert_array_equal(cord, image().data > 100)
    assert predict_case([image()], Threshold(("lesion",)), None, lesion_alone).cord is None


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 200, 1), (2, 2, 2)])
def test_images_of_few_voxels_come_back_as_they_are(shape: tuple[int, int, int]) -> None:
    given = Volume(np.full(shape, 150, dtype=np.float32), np.diag([10.0, 10.0, 10.0, 1.0]))
    done = predict_case([given], Threshold(), Threshold(regions=("sc",)), OPTIONS)
    assert done.masks["sc"].shape == shape
    assert done.masks["sc"].all()


GATED = CaseOptions(
    CORD_LESION, PostProcessing(), gate=CordGate(shortest_mm=15, thinnest_mm2=10), empty_without_cord=True
)


def test_without_a_cord_the_masks_are_empty_where_a_model_asks_for_that_and_nothing_else_is_searched() -> None:
    short = image(cord=Box((18, 18, 5), (22, 22, 10)), lesion=Box((19, 19, 6), (21, 21, 8)))
    segmenter = Threshold(crop_margins=NARROW, probabilities=True)
    done = predict_case([short], segmenter, Threshold(regions=("sc",)), GATED)
    assert done.warnings == ("no cord was found (the largest tube is 7.5 mm long, less than 15): the masks are empty",)
    assert not any(mask.any() for mask in (*done.masks.values(), *done.probabilities.values()))
    assert (segmenter.calls, done.boxes, set(done.probabilities)) == ([], (), {"sc", "lesion"})


def test_what_the_localizer_takes_for_a_cord_and_the_model_does_not_is_none() -> None:
    faint = image()
    faint.data[faint.data > 0] = 90  # cord to nobody but a localizer that looks for less
    segmenter = Threshold(crop_margins=NARROW)
    done = predict_case([faint], segmenter, Keen(regions=("sc",)), GATED)
    assert done.warnings == ("no cord was found where the localizer saw one: the masks are empty",)
    assert not any(mask.any() for mask in done.masks.values())
    assert len(segmenter.calls) == 1


def test_without_a_localizer_a_false_cord_is_taken_back_too() -> None:
    short = image(cord=Box((18, 18, 5), (22, 22, 10)), lesion=Box((19, 19, 6), (21, 21, 8)))
    done = predict_case([short], Threshold(), None, GATED)
    assert done.warnings == ("no cord was found (the largest tube is 7.5 mm long, less than 15): the masks are empty",)
    assert not any(mask.any() for mask in done.masks.values())
