import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from nnunet_ext.active_learning.curves.budget_area import budget_area
from nnunet_ext.core.errors import DataRefusedError

CURVES = st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1)), min_size=2, max_size=8)


def test_areas_by_hand() -> None:
    assert budget_area([0, 8, 16], [0.1, 0.1, 0.1]) == pytest.approx(0.1)  # nnActive's own example
    assert budget_area([0, 10], [0.2, 0.6]) == pytest.approx(0.4)
    # 8 wide at a mean of 0.5, then 4 wide at 0.8: (4 + 3.2) / 12.
    assert budget_area([0, 8, 12], [0.4, 0.6, 1.0]) == pytest.approx(0.6)


@given(CURVES)
def test_the_area_lies_within_the_values_and_is_scipys_trapezoid(curve: list[tuple[int, float]]) -> None:
    budgets = np.cumsum([step for step, _ in curve]).tolist()
    values = [value for _, value in curve]
    area = budget_area(budgets, values)
    assert area is not None
    assert min(values) - 1e-9 <= area <= max(values) + 1e-9
    assert area == pytest.approx(trapezoid(values, budgets) / (budgets[-1] - budgets[0]))


@given(CURVES, st.integers(1, 9), st.integers(0, 9))
def test_neither_where_the_budget_starts_nor_its_unit_matters(
    curve: list[tuple[int, float]], factor: int, start: int
) -> None:
    budgets = np.cumsum([step for step, _ in curve])
    values = [value for _, value in curve]
    assert budget_area((factor * budgets + start).tolist(), values) == pytest.approx(
        budget_area(budgets.tolist(), values)
    )


def test_a_budget_that_does_not_grow_has_no_area() -> None:
    assert budget_area([8], [0.5]) is None
    assert budget_area([8, 8], [0.5, 0.6]) is None


def test_a_budget_that_falls_is_refused() -> None:
    with pytest.raises(DataRefusedError, match="budgets that rise"):
        budget_area([8, 4], [0.5, 0.6])
