import pytest

from nnunet_ext.active_learning.training.forgetting import FORGETTING_COLUMNS, Learned, forgetting_rows
from nnunet_ext.active_learning.training.matrix import MATRIX_COLUMNS


def matrix(site: str, values: list[str], areas: list[str], column: str = "lesion_dice") -> list[dict[str, str]]:
    return [
        {**dict.fromkeys(MATRIX_COLUMNS, "n/a"), "round": str(at), "site": site, column: value, "cord_area_mm2": area}
        for at, (value, area) in enumerate(zip(values, areas, strict=True))
    ]


def test_gain_is_counted_from_the_first_model_and_forgetting_from_the_one_that_learned_of_the_site_last() -> None:
    rows = [
        *matrix("bern", ["0.2", "0.8", "0.7"], ["50", "50", "55"]),
        *matrix("oslo", ["n/a", "0.4", "0.5"], ["n/a", "40", "40"]),
        *matrix("all", ["0.2", "0.6", "0.6"], ["50", "45", "45"]),
    ]
    one, two = ("a", "lesion", "1"), ("a", "lesion", "2")
    found = {0: frozenset({one}), 1: frozenset({one, two}), 2: frozenset({two, ("b", "lesion", "1")})}
    learned = Learned({"bern": 1}, {"a": "bern", "b": "oslo"}, found)
    bern, oslo, every = forgetting_rows(rows, learned)
    assert tuple(bern) == FORGETTING_COLUMNS
    assert [float(bern[name]) for name in ("first", "last", "gain", "best", "backward_transfer")] == pytest.approx(
        [0.2, 0.7, 0.5, 0.8, -0.1]
    )
    assert float(bern["cord_area_drift_percent"]) == pytest.approx(10)
    assert (bern["lesions_newly_found"], bern["lesions_newly_lost"]) == ("1", "1")
    assert float(oslo["gain"]) == float(oslo["backward_transfer"]) == pytest.approx(0.1)
    assert (every["lesions_newly_found"], every["lesions_newly_lost"]) == ("2", "1")
    assert float(every["backward_transfer"]) == pytest.approx(0)


def test_a_target_without_lesions_is_compared_by_its_cord() -> None:
    rows = matrix("bern", ["0.5", "0.9"], ["n/a", "n/a"], "cord_dice")
    bern, _ = forgetting_rows(rows, Learned({}, {}, {0: frozenset(), 1: frozenset()}))
    assert float(bern["gain"]) == pytest.approx(0.4)
    assert bern["cord_area_drift_percent"] == "n/a"
