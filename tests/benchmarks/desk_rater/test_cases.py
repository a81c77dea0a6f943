import numpy as np
import pytest
from desk_rater.cases import FAULTS, find_faults


def test_faults_are_counted_by_lesion_and_share_the_wrong_voxels() -> None:
    truth, predicted = np.zeros((2, 30, 20, 9), dtype=np.bool_)
    truth[2:6, 2:6, 2:6] = predicted[2:6, 2:6, 2:6] = True  # as it should be
    truth[10:14, 2:6, 2:6] = predicted[12:16, 2:6, 2:6] = True  # half of it, and as much beside it
    truth[20:23, 2:5, 2:4] = True  # missed
    predicted[20:22, 12:14, 2:4] = True  # false
    found = find_faults(truth, predicted)
    assert (found.false, found.missed, found.outlined) == (1, 1, 1)
    assert (found.false_voxels, found.missed_voxels, found.outline_voxels) == (8, 18, 64)
    assert found.worst == "outline"
    assert sum(found.share(fault) for fault in FAULTS) == pytest.approx(1)
    assert found.dice == pytest.approx(2 * 96 / (146 + 136))
