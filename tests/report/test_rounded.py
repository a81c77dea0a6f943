import pytest

from nnunet_ext.report.rounded import rounded, rounded_p


@pytest.mark.parametrize(
    ("value", "text"),
    [(15.088, "15.1"), (1234.56, "1235"), (0.04567, "0.046"), (-2.14e-05, "0"), (0.886, "0.886"), (999.96, "1000"),
     (0.0, "0"), (-0.5, "-0.5"), (float("inf"), "inf"), (12345678.9, "12345679")],
)  # fmt: skip
def test_a_figure_has_the_digits_that_say_something(value: float, text: str) -> None:
    assert rounded(value) == text


def test_a_small_p_value_is_never_zero() -> None:
    assert rounded_p(0.00004) == "<0.001"
    assert rounded_p(0.0123) == "0.012"
