from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from desk_rater.brushing import Brushing
from desk_rater.hand import Hand
from desk_rater.known import Known
from desk_rater.rater import Rater
from desk_rater.tally import BUTTON, POINT, THINK

from nnunet_ext.evaluation.overlap import dice
from tests.benchmarks.desk_rater.array_screen import ArrayScreen

SHAPE = (24, 20, 12)
Bool = npt.NDArray[np.bool_]


def ball(middle: tuple[int, int, int], radius: float) -> Bool:
    return np.asarray(((np.indices(SHAPE).T - middle).T ** 2).sum(axis=0) <= radius**2)


FREE = np.pad(np.ones((22, 18, 12), dtype=np.bool_), ((1, 1), (1, 1), (0, 0)))
TRUE, FALSE = ball((7, 9, 6), 3.3), ball((17, 9, 5), 2.5)
NOTHING = np.zeros(SHAPE)


def rater(mask: Bool, probability: npt.NDArray[np.float64] = NOTHING, truth: Bool = TRUE, free: Bool = FREE) -> Rater:
    hand = Hand(ArrayScreen(mask, free, probability))
    known = Known(truth, free, (1.0, 1.0, 1.0))
    return Rater(known, hand, Brushing(known, 2, hand.grip))


def test_the_brush_alone_paints_a_missed_lesion_with_at_most_one_stroke_a_slice() -> None:
    one = rater(NOTHING > 0)
    assert one.correct(one_click=False) == ""
    assert dice(TRUE, one.hand.screen.mask()) >= 0.9
    tally = one.hand.tally
    assert 0 < tally.strokes == tally.tools["brush"] <= 7
    assert (tally.clicks, tally.notches) == (0, 0)


def test_the_brush_alone_erases_a_false_lesion_and_mends_an_outline_on_the_way() -> None:
    one = rater(np.roll(TRUE, 1, axis=0) | FALSE)
    assert one.correct(one_click=False) == ""
    assert dice(TRUE, one.hand.screen.mask()) >= 0.9
    assert one.hand.tally.tools["erase"] >= 5


def test_a_false_lesion_costs_one_click_and_no_stroke() -> None:
    one = rater(TRUE | FALSE)
    assert one.correct(one_click=True) == ""
    assert (one.hand.screen.mask() == TRUE).all()
    tally = one.hand.tally
    assert (tally.clicks, tally.strokes, dict(tally.tools)) == (1, 0, {"remove": 1})
    assert tally.keys == 1  # to the slice of its middle, five below


def test_a_missed_lesion_is_added_by_a_click_and_the_wheel_where_the_model_nearly_found_it() -> None:
    probability = 0.9 - 0.15 * np.sqrt(((np.indices(SHAPE).T - (7, 9, 6)).T ** 2).sum(axis=0))
    one = rater(NOTHING > 0, probability)
    assert one.correct(one_click=True) == ""
    tally = one.hand.tally
    assert (tally.clicks, tally.strokes, tally.tools["add"]) == (1, 0, 1)
    assert tally.notches >= 1
    assert dice(TRUE, one.hand.screen.mask()) >= 0.9


def test_what_a_click_adds_wrongly_is_undone_before_the_brush_is_taken() -> None:
    probability = np.full(SHAPE, 0.9)  # that grows all over the cord
    one = rater(NOTHING > 0, probability)
    assert one.correct(one_click=True) == ""
    assert one.hand.tally.tools["undo"] == 1
    brush = rater(NOTHING > 0)
    brush.correct(one_click=False)
    assert one.hand.tally.strokes <= brush.hand.tally.strokes + 1
    assert one.hand.tally.seconds > brush.hand.tally.seconds


def test_a_lesion_outside_the_cord_is_given_up() -> None:
    free = FREE.copy()
    free[:9] = False
    one = rater(NOTHING > 0, free=free)
    assert one.correct(one_click=True) == "the lesion lies outside the predicted cord"
    assert one.hand.tally.seconds == 0


def test_what_is_good_already_costs_nothing() -> None:
    for one_click in (True, False):
        one = rater(TRUE)
        assert one.correct(one_click=one_click) == ""
        assert one.hand.tally.seconds == 0


@pytest.mark.parametrize("seed", range(4))
def test_brushing_takes_as_long_as_was_estimated(seed: int) -> None:
    mask = np.roll(TRUE, np.random.default_rng(seed).integers(-2, 3, 3), (0, 1, 2)) | FALSE
    one = rater(mask)
    estimated = one.brush.left(mask)
    one.correct(one_click=False)
    assert one.hand.tally.seconds == pytest.approx(estimated)
    assert estimated > one.hand.tally.strokes * (THINK + POINT + 2 * BUTTON)


def test_a_hand_that_is_further_away_takes_longer() -> None:
    one = rater(NOTHING > 0)
    best = one.brush.best(NOTHING > 0, one.hand.grip)
    assert best is not None
    grip = replace(one.hand.grip, tool="b", slice=best[1], size=best[0].size)
    near = grip.seconds(*best, (1.0, 1.0))
    assert replace(grip, slice=best[1] - 1).seconds(*best, (1.0, 1.0)) > near
    assert replace(grip, tool="e").seconds(*best, (1.0, 1.0)) > near
