"""Values that the fork of MetricsReloaded used for SCIsegV2 states for its own toy cases.

Its repository ivadomed/MetricsReloaded, commit 0c61d12, test/test_metrics/test_pairwise_measures_neuropoly.py: volumes
of 10 x 10 x 10 voxels of 1 mm, so that its tolerance of one voxel is one of 1 mm. The case of two classes is not here:
its value for the cord rests on a defect (the cord without its lesion, overwritten from both classes).
"""

import math

import pytest

from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.region import MetricGrid, Scoring, score_region
from tests.evaluation.shapes import blank, block

SHAPE = (10, 10, 10)
NOTHING = blank(SHAPE)
COLUMNS = (
    "dsc", "nsd", "rel_vol_error", "lesion_ppv", "lesion_sensitivity", "lesion_f1", "ref_count", "pred_count",
)  # fmt: skip


def bar(first: tuple[int, int], second: tuple[int, int]) -> BoolArray:
    return block(first, second, shape=SHAPE)


TWO = bar((1, 3), (3, 6)) | bar((7, 9), (2, 5))
CASES = {
    "both empty": (NOTHING, NOTHING, (1, math.nan, 0, 1, 1, 1, 0, 0)),
    "reference empty": (NOTHING, bar((5, 7), (2, 5)), (0, 0, 100, 0, 1, 0, 0, 1)),
    "prediction empty": (bar((5, 7), (2, 5)), NOTHING, (0, 0, -100, 0, 0, 0, 1, 0)),
    "partial overlap": (
        bar((4, 5), (3, 6)), bar((4, 8), (2, 5)), (0.26666666666666666, 0.5373134328358209, 300, 1, 1, 1, 1, 1)
    ),
    "one of two cut in half": (
        TWO, bar((1, 3), (3, 6)) | bar((7, 8), (2, 5)), (0.8571428571428571, 1, -25, 1, 1, 1, 2, 2)
    ),
    "one of two missed": (
        TWO, bar((1, 3), (3, 6)),
        (0.6666666666666666, 0.6666666666666666, -50, 1, 0.5, 0.6666666666666666, 2, 1),
    ),
    "both missed": (TWO, NOTHING, (0, 0, -100, 0, 0, 0, 2, 0)),
    "the same": (bar((4, 8), (2, 5)), bar((4, 8), (2, 5)), (1, 1, 0, 1, 1, 1, 1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_default_preset_gives_what_the_fork_states(name: str) -> None:
    reference, prediction, expected = CASES[name]
    row, _ = score_region(
        reference, prediction, MetricGrid((1.0, 1.0, 1.0), 1.0), Scoring(), names=("c", "s", "lesion")
    )
    assert [getattr(row, column) for column in COLUMNS] == pytest.approx(expected, nan_ok=True)
