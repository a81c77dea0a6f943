import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.trainers.epoch_log import (
    duration,
    named_dice,
    nan_safe_average,
    progress_line,
    progress_table,
)

SCORES = st.lists(st.floats(0, 1) | st.just(math.nan), max_size=30)


@given(SCORES)
def test_the_average_is_finite_bounded_and_blind_to_nan(values: list[float]) -> None:
    averages = nan_safe_average(values)
    assert len(averages) == len(values)
    assert all(0 <= average <= 1 for average in averages)
    finite = [value for value in values if not math.isnan(value)]
    if finite:
        assert averages[-1] == pytest.approx(nan_safe_average(finite)[-1])


def test_without_nan_it_is_nnunet_s_own_average() -> None:
    expected = 0.2
    for value in (0.4, 0.8):
        expected = 0.9 * expected + 0.1 * value
    assert nan_safe_average([0.2, 0.4, 0.8])[-1] == pytest.approx(expected)


def test_a_region_without_a_voxel_has_no_number() -> None:
    assert named_dice(["sc", "lesion"], [0.91, math.nan]) == "sc 0.9100  lesion n/a"


def test_a_progress_line_says_how_long_the_rest_takes() -> None:
    line = progress_line(epoch=(2, 3), step=(10, 50), seconds_per_step=2.0, loss=0.25)
    assert "epoch 2/3  step 10/50" in line
    assert line.endswith("left: 3 min")  # 40 + 50 steps of 2 s


@pytest.mark.parametrize(("seconds", "text"), [(3, "3 s"), (600, "10 min"), (9000, "2.5 h")])
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_table_has_a_row_for_each_finished_epoch() -> None:
    logged: dict[str, Any] = {
        "train_losses": [0.5, 0.4],
        "val_losses": [0.6],
        "lrs": [0.01, 0.009],
        "epoch_start_timestamps": [10.0, 20.0],
        "epoch_end_timestamps": [18.0],
        "dice_per_class_or_region": [[np.float32(0.5), np.float32("nan")]],
    }
    header, row = progress_table(["sc", "lesion"], logged).splitlines()
    assert dict(zip(header.split("\t"), row.split("\t"), strict=True)) == {
        "epoch": "0", "train_loss": "0.5", "val_loss": "0.6", "learning_rate": "0.01", "seconds": "8",
        "dice_sc": "0.5", "dice_lesion": "n/a",
    }  # fmt: skip
