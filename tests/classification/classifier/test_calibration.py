import numpy as np
import pytest

from nnunet_ext.classification.classifier.calibration import Calibration
from nnunet_ext.core.errors import UsageError


def drawn(patients: int, seed: int) -> Calibration:
    """Patients whose truth is drawn by the very probabilities."""
    rng = np.random.default_rng(seed)
    said = rng.dirichlet([0.6] * 4, patients)
    return Calibration(np.array([rng.choice(4, p=each) for each in said]), said)


def test_sets_hold_the_truth_about_as_often_as_asked() -> None:
    found = []
    for seed in range(40):
        new = drawn(200, seed + 1000)
        inside = drawn(200, seed).sets(new.probabilities, 0.9)
        found.append(inside[np.arange(200), new.truth].mean())
    assert abs(np.mean(found) - 0.9) < 0.015


def test_a_higher_coverage_gives_no_smaller_set() -> None:
    taught, new = drawn(100, 1), drawn(50, 2)
    small, large = (taught.sets(new.probabilities, coverage).sum() for coverage in (0.7, 0.95))
    assert small < large


def test_what_is_written_is_read_back() -> None:
    taught = drawn(20, 3)
    again = Calibration.of_content(taught.content())
    assert np.array_equal(again.probabilities, taught.probabilities)
    assert np.array_equal(again.truth, taught.truth)


@pytest.mark.parametrize("wrong", [{"truth": [0, 1]}, {"probabilities": [[0.5, np.nan]] * 20}, {"probabilities": [1]}])
def test_numbers_that_do_not_fit_are_refused(wrong: dict[str, list[object]]) -> None:
    with pytest.raises(ValueError, match="patients|number|array"):
        Calibration.of_content({**drawn(20, 3).content(), **wrong})


def test_a_coverage_of_one_is_refused() -> None:
    with pytest.raises(UsageError, match="coverage"):
        drawn(20, 3).sets(np.full((1, 4), 0.25), 1.0)
