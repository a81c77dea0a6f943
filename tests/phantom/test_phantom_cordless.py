import numpy as np
import pytest

from nnunet_ext.phantom.cordless import draw_cordless_map
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.tissue_maps import MapKind, draw_tissue_map
from nnunet_ext.phantom.tissues import CORD_TISSUES, Tissue

SHAPE, SPACING = (30, 60, 54), (6.0, 4.0, 4.0)
NEVER = {*CORD_TISSUES, Tissue.MEDULLA, Tissue.BRAINSTEM}


@pytest.mark.parametrize("seed", range(12))
def test_a_cordless_body_has_several_tissues_and_none_of_a_cord(seed: int) -> None:
    tissue = draw_cordless_map(SHAPE, SPACING, np.random.default_rng(seed))
    assert tissue.shape == SHAPE
    assert tissue.dtype == np.uint8
    found = set(map(Tissue, np.unique(tissue)))
    assert len(found) >= 3
    assert not found & NEVER


def test_the_same_chance_draws_the_same_body_and_some_are_heads() -> None:
    first, again = (draw_cordless_map(SHAPE, SPACING, np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(first, again)
    heads = [
        (draw_cordless_map(SHAPE, SPACING, np.random.default_rng(seed)) == Tissue.BRAIN).mean() > 0.05
        for seed in range(40)
    ]
    assert 2 < sum(heads) < 30


def test_as_many_maps_are_cordless_as_were_asked_for() -> None:
    def shares(cordless: float) -> float:
        kind = MapKind((20, 40, 36), (9.0, 6.0, 6.0), ((Pathology.HEALTHY, 1.0),), cordless)
        maps = [draw_tissue_map(kind, np.random.default_rng(seed)) for seed in range(30)]
        return float(np.mean([not np.isin(one, CORD_TISSUES).any() for one in maps]))

    assert shares(1.0) == 1.0
    assert 0.3 < shares(0.6) < 0.95
