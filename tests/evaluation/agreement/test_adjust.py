import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.evaluation.agreement.adjust import Correction, adjust

P_VALUES = st.lists(st.none() | st.floats(0, 1), max_size=12)


def test_holm_steps_down_as_worked_by_hand() -> None:
    # In order 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1, which must not fall below the one before it.
    assert adjust([0.01, 0.04, 0.03, 0.005], Correction.HOLM) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_bonferroni_multiplies_and_stops_at_one() -> None:
    assert adjust([0.01, 0.4, 0.03], Correction.BONFERRONI) == pytest.approx([0.03, 1.0, 0.09])


def test_a_test_that_was_not_possible_does_not_count() -> None:
    assert adjust([0.01, None, 0.02], Correction.HOLM) == [pytest.approx(0.02), None, pytest.approx(0.02)]


@given(P_VALUES, st.sampled_from(Correction))
def test_a_corrected_value_is_never_smaller_and_never_above_one(
    p_values: list[float | None], correction: Correction
) -> None:
    for raw, adjusted in zip(p_values, adjust(p_values, correction), strict=True):
        assert (raw is None) == (adjusted is None)
        if raw is not None and adjusted is not None:
            assert raw <= adjusted <= 1


@given(P_VALUES)
def test_correcting_keeps_the_order_and_holm_is_never_stricter_than_bonferroni(p_values: list[float | None]) -> None:
    holm, bonferroni = (
        [p for p in adjust(p_values, correction) if p is not None]
        for correction in (Correction.HOLM, Correction.BONFERRONI)
    )
    raw = [p for p in p_values if p is not None]
    order = sorted(range(len(raw)), key=raw.__getitem__)
    assert [holm[index] for index in order] == sorted(holm)
    assert all(step <= whole for step, whole in zip(holm, bonferroni, strict=True))


@given(P_VALUES)
def test_the_order_of_the_tests_does_not_matter(p_values: list[float | None]) -> None:
    flipped = adjust(p_values[::-1], Correction.HOLM)[::-1]
    assert adjust(p_values, Correction.HOLM) == flipped
