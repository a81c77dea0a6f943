import math
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.evaluation.case import RegionMetrics, evaluate_case
from nnunet_ext.evaluation.preset import PRESETS, SCISEG2, Preset
from nnunet_ext.evaluation.summary import MORE_COLUMNS, OVERALL_SITE, SUMMARY_COLUMNS, summary_table
from nnunet_ext.evaluation.write_scores import metrics_table

Key = tuple[str, str, str]
REGIONS = {"sc": (1, 2), "lesion": (2,)}


def case(name: str, site: str, lesion: int, predicted: int, preset: Preset = SCISEG2) -> list[RegionMetrics]:
    """Make a cord with lesions of so many voxels in a row, of which the shorter lies within the longer."""
    reference = np.zeros((4, 4, 12), dtype=np.uint8)
    reference[1:3, 1:3] = 1
    prediction = reference.copy()
    reference[1, 1, :lesion] = 2
    prediction[1, 1, :predicted] = 2
    return evaluate_case(reference, prediction, 2.0, REGIONS, case=name, site=site, preset=preset)


def summary(*cases: list[RegionMetrics]) -> dict[Key, dict[Hashable, Any]]:
    table = summary_table(metrics_table([row for rows in cases for row in rows]))
    return {(row["site"], row["region"], row["metric"]): row for row in table.to_dict("records")}


EVERYWHERE = (OVERALL_SITE, "lesion")
MIXED = (case("a", "x", 4, 4), case("b", "x", 4, 0), case("c", "y", 0, 0), case("d", "y", 0, 3))


def test_means_stand_for_all_sites_first_and_then_for_each() -> None:
    table = summary(*MIXED)
    assert list(dict.fromkeys(site for site, _, _ in table)) == [OVERALL_SITE, "x", "y"]
    assert table[("x", "lesion", "dsc")]["mean"] == pytest.approx(0.5)
    assert table[("x", "lesion", "dsc")]["sd"] == pytest.approx(math.sqrt(0.5))
    assert table[(OVERALL_SITE, "sc", "dsc")]["mean"] == 1


def test_every_mean_names_the_cases_that_it_rests_on() -> None:
    table = summary(*MIXED)
    everywhere = {metric: row for (site, region, metric), row in table.items() if (site, region) == EVERYWHERE}
    assert {row["n_cases"] for row in everywhere.values()} == {4}
    assert everywhere["dsc"]["n_used"] == 4
    assert everywhere["dsc_in_lesion_cases"]["n_used"] == 2
    assert everywhere["lesion_free_kept_clean"]["n_used"] == 2


def test_dice_over_lesion_cases_leaves_out_the_rightly_empty_ones() -> None:
    table = summary(*MIXED)
    assert table[(OVERALL_SITE, "lesion", "dsc_in_lesion_cases")]["mean"] == pytest.approx((1 + 0) / 2)
    assert table[(OVERALL_SITE, "lesion", "dsc")]["mean"] == pytest.approx((1 + 0 + 1 + 0) / 4)


RATIOS = ("lesion_sensitivity", "lesion_ppv", "lesion_f1")
MISSED = (case("a", "x", 4, 0), case("b", "x", 3, 0), case("c", "y", 0, 0))


def test_a_site_without_lesions_has_no_sensitivity_precision_or_f1() -> None:
    table = summary(*MISSED)
    for metric in (*RATIOS, "rel_vol_error"):
        row = table[("y", "lesion", metric)]
        assert (row["n_cases"], row["n_used"]) == (1, 0)
        assert all(pd.isna(row[name]) for name in ("mean", "sd", "median", "min", "max", "sum"))


def test_where_no_lesion_was_found_no_mean_over_all_sites_says_that_some_were() -> None:
    table = summary(*MISSED)
    found = {metric: table[(OVERALL_SITE, "lesion", metric)] for metric in RATIOS}
    assert [found[metric]["n_used"] for metric in RATIOS] == [2, 0, 2]
    assert found["lesion_sensitivity"]["mean"] == found["lesion_f1"]["mean"] == 0
    assert pd.isna(found["lesion_ppv"]["mean"])  # nothing was predicted that could be right


def test_a_false_lesion_counts_against_precision_and_f1_and_not_in_the_sensitivity() -> None:
    table = summary(case("a", "x", 0, 3), case("b", "x", 4, 4))
    used = [table[("x", "lesion", metric)] for metric in RATIOS]
    assert [(row["n_used"], row["mean"]) for row in used] == [(1, 1.0), (2, 0.5), (2, 0.5)]


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=5), st.sampled_from(list(PRESETS))
)
def test_a_mean_of_detection_is_that_of_the_cases_that_have_something_to_detect(
    sizes: list[tuple[int, int]], name: str
) -> None:
    rows = [row for n, (lesion, found) in enumerate(sizes) for row in case(f"c{n}", "x", lesion, found, PRESETS[name])]
    table = {(row["region"], row["metric"]): row for row in summary_table(metrics_table(rows)).to_dict("records")}
    lesions = [row for row in rows if row.region == "lesion"]
    kept = [row.lesion_sensitivity for row in lesions if row.ref_count]
    assert table["lesion", "lesion_sensitivity"]["n_used"] == len(kept)
    if kept:
        assert table["lesion", "lesion_sensitivity"]["mean"] == pytest.approx(np.mean(np.array(kept, dtype=float)))


def test_one_of_two_lesion_free_cases_was_kept_clean() -> None:
    assert summary(*MIXED)[("y", "lesion", "lesion_free_kept_clean")]["mean"] == pytest.approx(0.5)


def test_a_mean_over_no_case_is_missing_and_not_zero() -> None:
    table = summary(*MIXED)
    for key in (("y", "lesion", "dsc_in_lesion_cases"), ("x", "lesion", "lesion_free_kept_clean")):
        assert table[key]["n_used"] == 0
        assert pd.isna(table[key]["mean"])


def test_the_spread_of_one_case_is_missing() -> None:
    table = summary(case("a", "x", 4, 2))
    assert table[("x", "lesion", "dsc")]["mean"] == pytest.approx(2 * 2 / 6)
    assert pd.isna(table[("x", "lesion", "dsc")]["sd"])


def test_lesion_columns_are_not_summarised_for_the_cord() -> None:
    table = summary(*MIXED)
    assert (OVERALL_SITE, "lesion", "lesion_f1") in table
    assert (OVERALL_SITE, "sc", "lesion_f1") not in table


def test_no_case_gives_no_row_but_all_columns() -> None:
    table = summary_table(metrics_table([]))
    assert len(table) == 0
    assert tuple(table.columns) == (*SUMMARY_COLUMNS, *MORE_COLUMNS)


def test_a_site_with_the_name_of_all_sites_is_refused() -> None:
    with pytest.raises(DataRefusedError, match="no site may begin"):
        summary(case("a", OVERALL_SITE, 1, 1))


def test_a_case_that_stands_twice_is_refused_by_name() -> None:
    with pytest.raises(DataRefusedError, match="twin"):
        summary(case("twin", "x", 1, 1), case("twin", "x", 1, 1))


def test_median_quartiles_extremes_and_sum_stand_beside_the_mean() -> None:
    row = summary(*MIXED, case("e", "y", 4, 2))[(OVERALL_SITE, "lesion", "dsc")]
    values = sorted([1, 0, 1, 0, 2 * 2 / 6])
    assert (row["min"], row["max"], row["median"]) == pytest.approx((0, 1, values[2]))
    assert row["iqr"] == pytest.approx(float(np.subtract(*np.percentile(values, [75, 25]))))
    assert row["sum"] == pytest.approx(sum(values))


def test_contrasts_have_rows_where_there_are_several() -> None:
    table = metrics_table([row for rows in MIXED for row in rows])
    table["contrast"] = ["T2w" if name in "ab" else "T1w" for name in table["case"]]
    found = summary_table(table)
    assert list(found["site"].unique()) == [OVERALL_SITE, "x", "y", "(contrast T1w)", "(contrast T2w)"]
    table["contrast"] = "T2w"
    assert list(summary_table(table)["site"].unique()) == [OVERALL_SITE, "x", "y"]


def test_cases_that_were_not_scored_are_counted_and_not_averaged() -> None:
    table = metrics_table([row for rows in MIXED for row in rows])
    table["status"] = "ok"
    of_a = table["case"] == "a"
    table.loc[of_a, "status"] = "refused"
    table.loc[of_a, ["dsc", "ref_count", "pred_count"]] = pd.NA
    found = {row["metric"]: row for row in summary_table(table).to_dict("records") if row["region"] == "lesion"
             and row["site"] == OVERALL_SITE}  # fmt: skip
    assert (found["dsc"]["n_cases"], found["dsc"]["n_used"], found["dsc"]["n_not_scored"]) == (4, 3, 1)
    assert found["dsc_in_lesion_cases"]["n_used"] == 1
    assert found["lesion_free_kept_clean"]["n_used"] == 2
