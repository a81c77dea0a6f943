"""Values of other people's code for masks and numbers that a seed makes: other_tools.json has tools and versions.

DeepMind's other figures weight surface elements by their area, so that only its percentile of distances is ours.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnunet_ext.evaluation.agreement.confidence_interval import Bootstrap
from nnunet_ext.evaluation.agreement.intraclass import intraclass
from nnunet_ext.evaluation.agreement.paired_test import paired_test
from nnunet_ext.evaluation.overlap import BoolArray, count_voxels
from nnunet_ext.evaluation.surface import surface_metrics

SPACING = (0.5, 0.8, 2.0)
SEEDS = range(6)


def stored(tool: str, values: str = "values") -> dict[str, Any]:
    content = json.loads((Path(__file__).parent / "other_tools.json").read_text())
    found: dict[str, Any] = content[tool][values]
    return found


def two_masks(seed: int) -> tuple[BoolArray, BoolArray]:
    """Make five blocks, and the same moved by a voxel along an axis of the seed's."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((16, 16, 16), dtype=np.bool_)
    for _ in range(5):
        at, size = rng.integers(0, 12, 3), rng.integers(2, 5, 3)
        mask[tuple(slice(start, start + length) for start, length in zip(at, size, strict=True))] = True
    return mask, np.roll(mask, 1, axis=seed % 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_overlap_is_what_scikit_learn_gives(seed: int) -> None:
    counts = count_voxels(*two_masks(seed))
    expected = stored("scikit-learn")[str(seed)]
    found = {"dsc": counts.dice, "precision": counts.precision, "sensitivity": counts.sensitivity}
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_hd95_is_what_deepminds_surface_distance_gives(seed: int) -> None:
    found = surface_metrics(*two_masks(seed), SPACING, 1.0)
    assert found.hd95 == pytest.approx(stored("surface-distance")[str(seed)]["hd95"], rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_intraclass_correlation_is_what_pingouin_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    subjects, raters = (8, 2) if seed < 2 else (12, 4)
    noise, bias = (1, 4, 8, 3)[seed], (0, 3, 0, 5)[seed]
    ratings = rng.normal(50, 10, (subjects, 1)) + rng.normal(0, noise, (subjects, raters)) + np.arange(raters) * bias
    icc, interval = intraclass(ratings)
    expected = stored("pingouin", "icc")[str(seed)]
    assert icc == pytest.approx(expected["icc"], rel=1e-10)
    assert (interval.low, interval.high) == pytest.approx(expected["ci"], abs=0.0051)


@pytest.mark.parametrize("seed", range(4))
def test_the_signed_rank_test_is_what_pingouin_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=20)
    found = paired_test(a, a + rng.normal(0.3, 1, 20), Bootstrap(100, 0))
    expected = stored("pingouin", "wilcoxon")[str(seed)]
    assert (found.wilcoxon_w, found.p) == pytest.approx((expected["W"], expected["p"]), rel=1e-10)
    assert found.rank_biserial == pytest.approx(-expected["rbc"])  # pingouin's difference is a - b
