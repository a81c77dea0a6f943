import pytest

from nnunet_ext.active_learning.curves.curves_table import CurvePoint
from nnunet_ext.active_learning.curves.runs import Runs
from nnunet_ext.core.errors import DataRefusedError
from tests.active_learning.curves.made_curves import points, runs


def test_only_the_points_of_one_region_and_metric_count() -> None:
    other = CurvePoint("bald", 0, 0, 0, "sc", "dsc", 0.9)
    made = Runs.of([other, *points({"bald": [[0.1, 0.3]]})], "lesion", "dsc")
    assert made.at("bald", 0) == {0: 0.1}
    assert made.areas("bald") == {0: pytest.approx(0.2)}
    assert made.lines("bald") == (((0, 0.1), (8, 0.3)),)


def test_a_run_that_is_not_finished_has_no_area_that_could_be_compared() -> None:
    made = runs({"bald": [[0.1, 0.3, 0.5], [0.1, 0.3, None]], "random": [[0.1, 0.2]]})
    assert made.areas("bald") == {0: pytest.approx(0.3)}
    assert made.areas("random") == {}
    assert made.at("bald", 2) == {0: 0.5}
    assert made.lines("bald")[1] == ((0, 0.1), (8, 0.3), (16, None))


def test_a_metric_that_nobody_measured_is_refused_by_name() -> None:
    with pytest.raises(DataRefusedError, match="values of hd95 of lesion were needed"):
        Runs.of(points({"bald": [[0.1]]}), "lesion", "hd95")
