import numpy as np
import pytest

from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.classification.measured.choose import recommend
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array

TRUTH = np.arange(120) % 4
FEW = Resampling(times=300)


def sure(share: float, now_and_then: tuple[float, float] = (0.0, 0.0)) -> Array:
    """So sure of the truth, and surer or less so in patients that alternate."""
    said = np.clip(share + np.random.default_rng(0).normal(0, 0.05, len(TRUTH)), 0.05, 0.85)
    said += np.where(np.arange(len(TRUTH)) // 4 % 2, *now_and_then)
    rest = np.repeat((1 - said)[:, None] / 3, 4, axis=1)
    rest[np.arange(len(TRUTH)), TRUTH] = said
    return rest


A_LITTLE_BETTER = (0.07, -0.05)


def test_the_simplest_that_is_as_good_as_the_best_is_recommended() -> None:
    found = recommend(TRUTH, {"both": sure(0.7, A_LITTLE_BETTER), "network": sure(0.4), "logistic": sure(0.7)}, FEW)
    assert (found.evidence, found.best) == ("logistic", "both")
    assert list(found.losses) == ["logistic", "network", "both"]
    assert "logistic" in found.reason
    assert "not significantly worse" in found.reason


def test_a_network_that_beats_the_measures_is_recommended_with_what_they_lack() -> None:
    found = recommend(TRUTH, {"logistic": sure(0.4), "boosting": sure(0.45), "network": sure(0.8)}, FEW)
    assert (found.evidence, found.best) == ("network", "network")
    assert set(found.behind) == {"logistic", "boosting"}
    assert "logistic is simpler and worse by" in found.reason
    assert "boosting is simpler and worse by" in found.reason


def test_between_the_simplest_and_the_best_one_in_the_middle_can_be_recommended() -> None:
    found = recommend(TRUTH, {"logistic": sure(0.4), "boosting": sure(0.7), "both": sure(0.7, A_LITTLE_BETTER)}, FEW)
    assert (found.evidence, found.best) == ("boosting", "both")
    assert "logistic is simpler and worse by" in found.reason


def test_of_equals_the_simpler_is_the_best_and_a_single_one_has_no_rival() -> None:
    assert recommend(TRUTH, {"both": sure(0.6), "boosting": sure(0.6)}, FEW).best == "boosting"
    alone = recommend(TRUTH, {"network": sure(0.6)}, FEW)
    assert alone.evidence == "network"
    assert "only evidence" in alone.reason
    assert recommend([0], {"logistic": sure(0.4)[:1], "both": sure(0.9)[:1]}, FEW).evidence == "logistic"


def test_unknown_evidences_none_and_no_patient_are_refused() -> None:
    for given in ({}, {"guess": sure(0.5)}):
        with pytest.raises(DataRefusedError, match="evidences of logistic"):
            recommend(TRUTH, given, FEW)
    with pytest.raises(DataRefusedError, match="a patient"):
        recommend([], {"logistic": np.zeros((0, 4))}, FEW)
