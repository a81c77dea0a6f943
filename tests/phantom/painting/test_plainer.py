import numpy as np
import pytest

from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.painting.look import Look, draw_look
from nnunet_ext.phantom.painting.plainer import Part, plainer
from nnunet_ext.phantom.tissues import Tissue


def looks() -> list[Look]:
    return [draw_look(np.random.default_rng(seed), [(Contrast.T2STARW, 1.0)]) for seed in range(20)]


def left(look: Look) -> dict[Part, bool]:
    """Say which parts an image still has."""
    grey, white = look.brightness[Tissue.GREY_MATTER], look.brightness[Tissue.WHITE_MATTER]
    return {
        Part.TEXTURE: bool(look.roughness.any()),
        Part.GREY_MATTER: bool(grey != white),
        Part.SLICES: look.slices is not None,
        Part.COIL: look.bias > 0,
        Part.NOISE: look.noise > 0,
    }


@pytest.mark.parametrize("part", list(Part))
def test_what_is_left_out_is_gone_and_all_else_stays(part: Part) -> None:
    for look in looks():
        before, after = left(look), left(plainer(look, frozenset({part})))
        assert not after.pop(part)
        before.pop(part)
        assert after == before
    assert any(left(look)[part] for look in looks())
