import json

import numpy as np
import pytest

from nnunet_ext.classification.measured.normal import NormalModel, fit_normal
from nnunet_ext.core.errors import DataRefusedError
from tests.classification.measured.drawn import COLUMNS, draw_rows

TRUTH = np.arange(100) % 2


@pytest.fixture(scope="module")
def usual() -> NormalModel:
    return fit_normal(draw_rows(TRUTH), COLUMNS)


def test_few_patients_of_the_same_kind_are_unlike(usual: NormalModel) -> None:
    found = usual.judge(draw_rows(np.arange(400) % 2, seed=3))
    assert sum(each.is_unlike for each in found) <= 20  # one in a hundred, of a limit that is itself drawn
    assert sum(bool(each.outside) for each in found) > sum(each.is_unlike for each in found)


def test_who_is_far_off_is_unlike_and_the_measures_are_named(usual: NormalModel) -> None:
    typical = draw_rows(TRUTH[:1])[0]
    (found,) = usual.judge([dict(typical, dorsal_position=40.0, enhancement=-30.0)])
    assert found.is_unlike
    assert found.outside == ("dorsal_position", "enhancement")


def test_measures_that_are_usual_each_but_not_together_are_unlike() -> None:
    first = np.random.default_rng(0).normal(size=200)
    rows = [{"a": float(value), "b": float(value) + 0.01 * place % 0.1} for place, value in enumerate(first)]
    (together, apart) = fit_normal(rows, ("a", "b")).judge([{"a": 1.5, "b": 1.5}, {"a": 1.5, "b": -1.5}])
    assert not together.is_unlike
    assert apart.is_unlike
    assert apart.outside == ()


def test_a_missing_measure_is_nothing_unusual(usual: NormalModel) -> None:
    (found,) = usual.judge([{}])
    assert not found.is_unlike
    assert found.outside == ()
    assert usual.judge([]) == []


def test_most_training_patients_are_within_the_limit_and_all_within_the_ranges(usual: NormalModel) -> None:
    found = usual.judge(draw_rows(TRUTH))
    assert sum(each.is_unlike for each in found) <= 1
    assert all(each.outside == () for each in found)


def test_measures_that_say_the_same_and_constant_ones_do_no_harm() -> None:
    rows = [{"a": float(place), "b": 2.0 * place, "c": 1.0} for place in range(10)]
    model = fit_normal(rows, ("a", "b", "c"))
    assert model.scaling.columns == ("a", "b")
    assert np.isfinite(model.limit)
    with pytest.raises(DataRefusedError, match="differs between"):
        fit_normal(rows, ("c",))


def test_numbers_come_back_and_damaged_ones_are_refused(usual: NormalModel) -> None:
    good = json.loads(json.dumps(usual.to_json()))
    assert NormalModel.from_json(good) == usual
    lines = good["precision"]
    changes: list[dict[str, object]] = [
        {"limit": None},
        {"precision": lines[1:]},
        {"precision": [[-each for each in line] for line in lines]},
        {"usual": {}},
        {"usual": {name: [1.0, 0.0] for name in good["usual"]}},
        {"more": 1},
    ]
    for change in changes:
        with pytest.raises(ValueError, match=r".+"):
            NormalModel.from_json(good | change)
