import math

import numpy as np
import pytest
from judge.cord_score import reserve_mm, score_cord
from judge.volumes import Labelled, slices_with

from nnunet_ext.core.volume import Volume

SHAPE = (20, 20, 8)
MM = (0.5, 2.0, 3.0)


def labelled() -> Labelled:
    """A straight cord, drawn by somebody who left out the two upper slices."""
    truth = np.zeros(SHAPE, np.bool_)
    truth[8:13, 8:13, :6] = True
    return Labelled("one", Volume(np.zeros(SHAPE, np.int16), np.diag([*MM, 1.0])), truth, slices_with(truth, 2))


def test_slices_that_nobody_drew_in_do_not_count() -> None:
    case = labelled()
    found = case.truth.copy()
    found[:, :, 6:] = True
    score = score_cord(case, found)
    assert (score.dice, score.hit_percent, score.largest_error_mm) == (1.0, 100.0, 0.0)


def test_a_slice_without_a_prediction_or_with_one_beside_the_cord_is_missed() -> None:
    case = labelled()
    found = case.truth.copy()
    found[:, :, 0] = False
    found[:, :, 1] = False
    found[8:13, 16:19, 1] = True
    score = score_cord(case, found)
    assert score.hit_percent == pytest.approx(100 * 4 / 6)
    assert score.largest_error_mm == pytest.approx((17 - 10) * MM[1])


def test_nothing_found_is_a_dice_of_zero_without_an_error_to_tell() -> None:
    case = labelled()
    score = score_cord(case, np.zeros(SHAPE, np.bool_))
    assert (score.dice, score.hit_percent) == (0.0, 0.0)
    assert math.isnan(score.largest_error_mm)


def test_the_reserve_of_a_box_is_the_way_from_the_nearest_voxel_of_cord_to_the_first_outside() -> None:
    case = labelled()
    box = np.zeros(SHAPE, np.bool_)
    box[4:18, 6:15, :] = True
    assert reserve_mm(case, box) == pytest.approx(min(8 - 3, 18 - 12) * MM[0])
    box[12, 12, 0] = False
    assert reserve_mm(case, box) == 0.0
    assert reserve_mm(case, np.ones(SHAPE, np.bool_)) == math.inf
