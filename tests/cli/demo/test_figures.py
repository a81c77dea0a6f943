import numpy as np
import pytest

from nnunet_ext.cli.demo.figures import Headline, headlines
from nnunet_ext.evaluation.case import RegionMetrics, evaluate_case
from nnunet_ext.evaluation.write_scores import metrics_table

REGIONS = {"sc": (1, 2), "lesion": (2,)}


def _case(name: str, wrong: int) -> list[RegionMetrics]:
    reference = np.zeros((6, 6, 6), np.uint8)
    reference[1:5, 1:5, :] = 1
    reference[2:4, 2:4, 1:5] = 2
    prediction = reference.copy()
    prediction[:wrong] = 0
    return evaluate_case(reference, prediction, 1.0, REGIONS, case=name, site="here")


def figures(rows: list[RegionMetrics], seconds: float = 1.0, peak_bytes: int = 0) -> dict[str, Headline]:
    return {line.label: line for line in headlines(metrics_table(rows), "phantom_", seconds, peak_bytes)}


def test_a_target_stands_over_synthetic_patients_and_not_over_the_users_images() -> None:
    found = figures([*_case("phantom_1", 0), *_case("mine_1", 3)], 90.0, 2**30)
    assert found["Cord Dice"].value == pytest.approx(1.0)
    assert found["Cord Dice"].in_words() == "Cord Dice: 1.000  (wanted: at least 0.9)  mean of 1 held-out cases"
    own = found["Cord Dice, your images"]
    assert own.value is not None
    assert own.value < 0.9
    assert "wanted" not in own.in_words()
    assert found["Lesion Dice"].note == "mean of the 1 held-out cases with a lesion"
    assert found["Minutes"].value == pytest.approx(1.5)
    assert found["Memory, GiB"].value == pytest.approx(1.0)


def test_lesions_invented_in_lesion_free_cases_are_told_beside_the_mean() -> None:
    free = np.zeros((6, 6, 6), np.uint8)
    invented = free.copy()
    invented[3, 3, 3] = 2
    rows = [*_case("phantom_1", 0)]
    rows += evaluate_case(free, free, 1.0, REGIONS, case="phantom_2", site="here")
    rows += evaluate_case(free, invented, 1.0, REGIONS, case="phantom_3", site="here")
    found = figures(rows)
    assert found["Lesion Dice"].value == pytest.approx(1.0)
    assert found["Lesion Dice"].note.endswith("of 2 without, 1 kept clean")


def test_what_was_not_measured_is_not_a_number() -> None:
    found = figures([])
    assert found["Lesion Dice"].value is None
    assert "n/a" in found["Lesion Dice"].in_words()
    assert found["Memory, GiB"].value is None
    assert "Cord Dice, your images" not in found


def test_a_figure_that_misses_what_was_wanted_is_called_so() -> None:
    found = figures(_case("phantom_1", 3), seconds=905.28, peak_bytes=2 * 2**30)
    assert found["Minutes"].in_words().startswith("Minutes: 15.1  (wanted: at most 12: EXCEEDED)")
    assert found["Memory, GiB"].in_words().startswith("Memory, GiB: 2.0  (wanted: at most 6)")
    assert "(wanted: at least 0.9: NOT REACHED)" in found["Cord Dice"].in_words()
