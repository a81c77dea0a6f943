import numpy as np
import pytest

from nnunet_ext.classification.measured.design import LEFT_OUT, SKEWED, Row, design, told_columns, usable_columns
from nnunet_ext.classification.measured.scaling import Scaling, fit_scaling
from nnunet_ext.classification.measures.measure_dictionary import measure_dictionary
from nnunet_ext.core.errors import DataRefusedError
from tests.classification.measured.drawn import COLUMNS, draw_rows


def test_what_is_missing_is_nan_however_it_is_said() -> None:
    found = design([{"a": 1.0, "b": None}, {"a": float("nan")}], ("a", "b"))
    assert np.isnan(found).tolist() == [[False, True], [True, True]]
    assert design([], ("a", "b")).shape == (0, 2)
    assert design([{}], ()).shape == (1, 0)


def test_an_infinite_measure_is_refused_by_name() -> None:
    with pytest.raises(DataRefusedError, match="^b: a finite number"):
        design([{"a": 1.0, "b": float("inf")}], ("a", "b"))


def test_where_the_image_was_taken_is_not_fed() -> None:
    names = [column.name for column in measure_dictionary(["T2w", "T1w-gad"])]
    assert set(names) - set(usable_columns(names)) == set(LEFT_OUT)
    assert set(SKEWED) <= set(names)


def test_columns_that_part_nobody_are_left_out() -> None:
    rows: list[Row] = [{"a": 1.0, "b": 2.0, "c": None}, {"a": 3.0, "b": 2.0}, {"a": None, "b": None}]
    assert told_columns(rows, ("a", "b", "c", "d")) == ("a",)
    with pytest.raises(DataRefusedError, match="differs between 3 training patients"):
        told_columns(rows, ("b", "c"))


def test_scaled_measures_of_the_training_patients_are_around_zero_without_gaps() -> None:
    rows = draw_rows(np.arange(60) % 2)
    scaled = fit_scaling(rows, COLUMNS).apply(rows)
    assert scaled.shape == (60, len(COLUMNS))
    assert scaled.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert scaled.std(axis=0) == pytest.approx(1)


def test_a_missing_measure_counts_as_the_median_and_a_volume_as_its_logarithm() -> None:
    rows = [{"total_volume_mm3": value, "age_years": value} for value in (0.0, 10.0, 1000.0)]
    scaling = fit_scaling(rows, ("total_volume_mm3", "age_years"))
    assert scaling.logs == ("total_volume_mm3",)
    assert scaling.medians == pytest.approx((np.log(11), 10))
    assert scaling.apply([{}]) == pytest.approx(scaling.apply([rows[1]]))


@pytest.mark.parametrize(
    "change",
    [{"scales": [0.0]}, {"means": [1.0, 2.0]}, {"medians": ["1"]}, {"logs": ["b"]}, {"columns": "a"}, {"more": 1}],
)
def test_damaged_scalings_are_refused(change: dict[str, object]) -> None:
    good = {"columns": ["a"], "logs": [], "medians": [0.0], "means": [0.0], "scales": [1.0]}
    assert Scaling.from_json(good).to_json() == good
    with pytest.raises((ValueError, TypeError)):
        Scaling.from_json(good | change)
