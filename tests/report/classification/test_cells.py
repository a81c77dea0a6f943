import pytest

from nnunet_ext.report.classification.cells import area, decimals, p_value, percent

ROW = {"value": "0.824", "low": "0.7", "high": "0.91"}


def test_a_share_stands_in_percent_with_its_interval() -> None:
    assert percent(ROW) == "82 % [70, 91]"
    assert percent({**ROW, "low": "n/a", "high": "n/a"}) == "82 %"
    assert percent({**ROW, "value": "n/a"}) == percent(None) == "–"


@pytest.mark.parametrize(("value", "words"), [("0.04", "+4"), ("-0.04", "−4"), ("0.0", "0"), ("-0.0001", "0")])
def test_a_difference_has_a_sign_unless_it_is_none(value: str, words: str) -> None:
    assert percent({**ROW, "value": value, "low": "n/a"}, points=True) == words


def test_an_area_has_two_digits() -> None:
    assert area(ROW) == "0.82 [0.70, 0.91]"
    assert area({**ROW, "value": "-0.125"}, signed=True) == "−0.12 [+0.70, +0.91]"
    assert area({**ROW, "value": "-0.001"}, signed=True).startswith("0.00 ")


def test_what_is_missing_is_a_dash() -> None:
    assert (p_value("n/a"), p_value("0.0004"), p_value("0.04")) == ("–", "<0.001", "0.040")
    assert (decimals("n/a"), decimals("0.12345")) == ("–", "0.123")
