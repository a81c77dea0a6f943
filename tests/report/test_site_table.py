import pandas as pd

from nnunet_ext.evaluation.summary import OVERALL_SITE, SUMMARY_COLUMNS
from nnunet_ext.report.site_table import site_table


def summary(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


SUMMARY = summary(
    (OVERALL_SITE, "sc", "dsc", 5, 5, 0.91234, 0.05),
    (OVERALL_SITE, "lesion", "dsc", 5, 5, 0.8, 0.1),
    (OVERALL_SITE, "lesion", "dsc_in_lesion_cases", 5, 3, 0.6, 0.1),
    (OVERALL_SITE, "lesion", "lesion_free_kept_clean", 5, 2, 0.5, 0.7),
    ("x", "sc", "dsc", 1, 1, 0.9, pd.NA),
    ("x", "lesion", "dsc", 1, 1, 1.0, pd.NA),
    ("x", "lesion", "dsc_in_lesion_cases", 1, 0, pd.NA, pd.NA),
    ("x", "lesion", "lesion_free_kept_clean", 1, 1, 1.0, pd.NA),
    ("y", "sc", "dsc", 1, 1, 0.8, pd.NA),
)


def test_each_site_has_one_row_and_every_row_all_columns() -> None:
    table = site_table(SUMMARY)
    assert [row[0] for row in table.rows] == ["All sites", "x", "y"]
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_regions_bear_their_reader_friendly_names() -> None:
    assert site_table(SUMMARY).columns[2] == "Cord Dice"


def test_means_stand_with_their_spread() -> None:
    overall, single, _ = site_table(SUMMARY).rows
    assert overall[2] == "0.91 ± 0.05"
    assert single[2] == "0.90"


def test_lesion_dice_is_that_of_the_cases_with_a_lesion() -> None:
    table = site_table(SUMMARY)
    lesion = [index for index, title in enumerate(table.columns) if title.startswith("Lesion Dice")]
    assert [table.rows[0][index] for index in lesion] == ["0.60 ± 0.10 (3)"]


def test_lesion_free_cases_are_counted_and_not_averaged() -> None:
    assert [row[-1] for row in site_table(SUMMARY).rows] == ["1 of 2", "1 of 1", "–"]


def test_a_mean_over_no_case_is_not_available_and_says_that_it_rests_on_none() -> None:
    assert site_table(SUMMARY).rows[1][3] == "n/a (0)"


def test_what_a_site_does_not_have_is_a_dash() -> None:
    assert site_table(SUMMARY).rows[2][3] == "–"


def test_an_empty_summary_gives_a_table_without_rows() -> None:
    assert site_table(summary()).rows == ()
