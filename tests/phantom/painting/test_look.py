import numpy as np
import pytest

from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.painting.look import draw_look
from nnunet_ext.phantom.tissues import Tissue

EVERY = [(contrast, 1.0) for contrast in Contrast]


@pytest.mark.parametrize("seed", range(40))
def test_cord_and_fluid_can_be_told_apart_and_nothing_is_rough_in_air(seed: int) -> None:
    look = draw_look(np.random.default_rng(seed), EVERY)
    assert look.brightness.shape == (len(Tissue),)
    assert abs(look.brightness[Tissue.CSF] - look.brightness[Tissue.WHITE_MATTER]) >= 0.08
    assert (look.roughness >= 0).all()
    assert not look.roughness[:, Tissue.AIR].any()
    assert look.brightness[Tissue.MEDULLA] == look.brightness[Tissue.WHITE_MATTER]


def test_grey_matter_is_brighter_than_white_in_most_t2starw() -> None:
    looks = [draw_look(np.random.default_rng(seed), [(Contrast.T2STARW, 1.0)]) for seed in range(60)]
    over = [look.brightness[Tissue.GREY_MATTER] - look.brightness[Tissue.WHITE_MATTER] for look in looks]
    assert min(over) >= 0
    assert np.median(over) > 0.03


def test_a_contrast_without_a_share_is_never_drawn() -> None:
    looks = [draw_look(np.random.default_rng(s), [(Contrast.T2W, 1.0), (Contrast.T1W, 0.0)]) for s in range(40)]
    assert all(look.brightness[Tissue.CSF] > look.brightness[Tissue.WHITE_MATTER] for look in looks)
