import json
import re
from dataclasses import replace

import pytest

from nnunet_ext.report.review.case_view import CaseView
from nnunet_ext.report.review.compose import compose
from nnunet_ext.report.review.group_content import GroupContent
from nnunet_ext.report.review.group_page import metric_rows, render_group
from nnunet_ext.report.review.page_names import page_names
from nnunet_ext.report.sources.found import Curves, Found, NamedTable


def view(name: str, reason: str = "", **values: float | None) -> CaseView:
    renamed = {key.replace("_X_", " "): value for key, value in values.items()}
    status = "refused" if reason else "shown"
    return CaseView(name, "here", "T2w", "", "", f"{name}.nii.gz", status, reason, (), ("sc", "lesion"), renamed)


def composed(*cases: CaseView, found: tuple[Found, ...] = ()) -> GroupContent:
    return compose("Title", cases, found, "")


def names(content: GroupContent) -> list[str]:
    return [case.name for case in content.cases]


def test_the_lowest_lesion_dice_comes_first_and_the_refused_last() -> None:
    content = composed(
        view("refused", "torn"), view("good", lesion_X_dsc=0.9), view("unscored"), view("bad", lesion_X_dsc=0.1)
    )
    assert names(content) == ["bad", "good", "unscored", "refused"]
    assert content.order == "worst first: Lesion Dice"


def test_without_a_reference_the_most_uncertain_comes_first() -> None:
    content = composed(view("sure", lesion_X_uncertainty=0.01), view("unsure", lesion_X_uncertainty=0.3))
    assert names(content) == ["unsure", "sure"]


def test_headlines_say_how_many_cases_a_mean_rests_on() -> None:
    content = composed(
        view("one", lesion_X_dsc=0.5, lesion_X_ref_count=2, sc_X_dsc=0.9),
        view("two", lesion_X_dsc=0.7, lesion_X_ref_count=1, sc_X_dsc=1.0),
        view("healthy", lesion_X_dsc=1.0, lesion_X_ref_count=0, sc_X_dsc=None),
        view("torn", "torn"),
    )
    told = {one.label: (one.value, one.note) for one in content.headlines}
    assert told["Cases"] == ("4", "1 refused")
    assert told["Lesion Dice"] == (
        "0.600",
        "mean of 2 cases with a lesion, sd 0.141",
    )  # not inflated by the healthy one
    assert told["Cord Dice"] == ("0.950", "mean of 2 of 4 cases, sd 0.071")


def test_a_case_with_neither_a_lesion_nor_a_predicted_one_does_not_lift_the_mean_f1() -> None:
    content = composed(
        view("one", lesion_X_lesion_f1=0.4, lesion_X_ref_count=2, lesion_X_pred_count=2),
        view("two", lesion_X_lesion_f1=0.6, lesion_X_ref_count=2, lesion_X_pred_count=2),
        view("healthy", lesion_X_lesion_f1=1.0, lesion_X_ref_count=0, lesion_X_pred_count=0),
    )
    told = {one.label: (one.value, one.note) for one in content.headlines}
    assert told["Lesion F1"] == ("0.500", "mean of 2 of 3 cases, sd 0.141")


def test_a_ratio_without_a_denominator_is_no_figure_of_a_case_either() -> None:
    names = ("dsc", "lesion_sensitivity", "lesion_ppv", "lesion_f1", "rel_vol_error")
    empty = dict.fromkeys(("ref_count", "pred_count", "ref_volume_mm3", "pred_volume_mm3"), 0.0)
    values = {**dict.fromkeys(names, 1.0), **empty}
    row = {"region": "lesion", **{name: str(value) for name, value in values.items()}}
    case = replace(view("healthy"), values={f"lesion {name}": value for name, value in values.items()}, metrics=(row,))
    content = composed(case)
    table = metric_rows(case, content, names)
    assert table is not None
    assert table.rows[0][1:] == ("1.000", "–", "–", "–", "–")
    (found,) = re.findall(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', render_group(content), re.S)
    shown = json.loads(found)["cases"][0]["values"]
    assert [shown[f"lesion {name}"] for name in names] == [1.0, None, None, None, None]


def test_distances_are_worst_where_they_are_largest() -> None:
    content = composed(view("a", sc_X_hd95=1.0, sc_X_dsc=0.9), view("b", sc_X_hd95=9.0, sc_X_dsc=0.95))
    directions = {column.key: column.descending for column in content.columns}
    assert directions == {"sc hd95": True, "sc dsc": False}


def test_curves_tables_and_facts_stand_on_the_page() -> None:
    curves = Curves("fold_0", (-0.1, -0.2), (-0.1, -0.15), {"sc": (0.5, 0.6)})
    broken = Curves("fold_1", (-0.1,), (), {})
    table = NamedTable("Comparison of methods", ({"metric": "dsc", "p": "0.04321"},))
    found = Found("training", tables=(table,), curves=(curves, broken), facts={"preset": "anima"})
    content = composed(view("one", lesion_X_dsc=0.5), found=(found,))
    page = render_group(content)
    for words in ("fold_0", "Comparison of methods", "0.04", "anima", "What could not be read", "fold_1"):
        assert words in page


def test_a_page_without_a_single_case_says_so() -> None:
    assert "No case reached this page." in render_group(composed())


@pytest.mark.parametrize("nasty", ["</script><script>alert(1)</script>", "<!--", "\u2028", "&amp;", "{{ 7 * 7 }}"])
def test_no_text_ends_the_script_that_holds_the_data(nasty: str) -> None:
    page = render_group(composed(view(nasty, lesion_X_dsc=0.5)))
    start = page.index('id="data">')
    data = page[start : page.index("</script>", start)]
    assert "</" not in data
    assert "<!--" not in data
    assert page.count("<script") == 2  # the data and the one script of ours
    assert "49" not in data or "49" in nasty


def test_pages_of_cases_have_names_that_any_disk_takes() -> None:
    cases = [view(name) for name in ("sub-1_T2w", "a/b", "a\\b", "..", "A", "a", "é" * 300)]
    given = page_names(cases)
    assert given[0] == "sub-1_T2w.html"
    assert len({name.lower() for name in given}) == len(given)
    assert all(name.isascii() and "/" not in name and "\\" not in name and len(name) < 130 for name in given)
    assert not any(name.startswith(".") for name in given)


def test_figures_of_a_table_are_rounded_and_no_p_value_becomes_zero() -> None:
    row = {"metric": "dsc", "p_adjusted": "0.00004", "mean_a": "15.0881", "rank_biserial": "-0.00002", "n": "12"}
    content = composed(view("one"), found=(Found("agreement", tables=(NamedTable("Comparison", (row,)),)),))
    ((_, table),) = content.tables
    assert table.rows == (("dsc", "<0.001", "15.1", "0", "12"),)
    assert table.columns[1] == "p adjusted"
