from dataclasses import replace

from nnunet_ext.evaluation.lesions import LesionDefinition
from nnunet_ext.report.review.lesion_notes import lesion_notes
from nnunet_ext.report.sources.found import Found
from tests.report.review.test_compose import composed, view

FOUND = (Found("evaluation", counting=LesionDefinition(26, smallest_mm3=3)),)


def test_two_counts_of_lesions_are_explained() -> None:
    cases = [
        view("a", lesion_X_pred_count=10, n_lesions=9, n_lesions_outside_cord=1),
        view("b", lesion_X_pred_count=8, n_lesions=7),
        view("c", lesion_X_pred_count=0, n_lesions=0),
    ]
    (said,) = lesion_notes(cases, FOUND)
    for words in (
        "same 3 cases", "evaluate counts 18", "biomarkers 16", "a face, an edge or a corner", "a face or an edge",
        "below 3 mm³", "of any size", "1 more outside the cord", "differ in a, b;",
    ):  # fmt: skip
        assert words in said
    assert said in composed(*cases, found=FOUND).notes


def test_counts_that_agree_need_no_words() -> None:
    assert lesion_notes([view("a", lesion_X_pred_count=2, n_lesions=2)], FOUND) == ()
    assert lesion_notes([view("a", lesion_X_pred_count=2)], FOUND) == ()


def test_cases_that_only_one_of_them_counted_are_named() -> None:
    cases = [view("a", lesion_X_pred_count=2, n_lesions=2), view("b", n_lesions=3)]
    assert lesion_notes(cases, FOUND) == ("3 lesions of b are counted by biomarkers only.",)


def test_a_limit_in_voxels_and_one_that_is_not_enough_are_told() -> None:
    rules = LesionDefinition(18, smallest_mm3=9, larger_only=True, smallest_voxels=4)
    (said,) = lesion_notes([view("a", lesion_X_pred_count=1, n_lesions=2)], [replace(FOUND[0], counting=rules)])
    assert "of 9 mm³ or less are none, pieces of fewer than 4 voxels are none" in said
