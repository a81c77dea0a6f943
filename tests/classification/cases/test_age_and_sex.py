import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.classification.cases.age_and_sex import age_in_years, sex_codes


@pytest.mark.parametrize(
    ("text", "years"),
    [("34", 34), ("34,5", 34.5), ("34 y", 34), ("034Y", 34), ("18 months", 1.5), ("006M", 0.5), ("89+", 89)],
)
def test_ages_are_read_as_people_write_them(text: str, years: float) -> None:
    assert age_in_years(text) == pytest.approx(years)


def test_the_columns_unit_counts_where_the_cell_has_none() -> None:
    assert age_in_years("18", "months") == 1.5
    assert age_in_years("18 y", "months") == 18


@pytest.mark.parametrize("text", ["old", "30-40", "-3", "400", "1975-03-02", "34 lightyears", ""])
def test_what_is_no_age_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="was needed, found .*write"):
        age_in_years(text)


@given(st.floats(0, 120), st.sampled_from(".,"), st.sampled_from(["", "y", " yrs", " Years"]))
def test_any_age_is_read_back(years: float, point: str, unit: str) -> None:
    assert age_in_years(f"{years:.4f}".replace(".", point) + unit) == pytest.approx(years, abs=1e-4)


def test_sexes_are_read_as_words_and_as_numbers_of_the_standard() -> None:
    assert sex_codes(["F", "male", "Female", "m"]) == {"F": "F", "male": "M", "Female": "F", "m": "M"}
    assert sex_codes(["1", "2", "2.0", "0"]) == {"1": "M", "2": "F", "2.0": "F", "0": ""}


def test_numbers_that_may_be_read_in_two_ways_are_refused() -> None:
    with pytest.raises(ValueError, match="0 and 1 without a 2.*write F and M"):
        sex_codes(["0", "1"])
    with pytest.raises(ValueError, match="found 'yes'"):
        sex_codes(["F", "yes"])
