import numpy as np
import pytest

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.phantom.injection.cord_signal import measure_signal
from tests.phantom.injection.tube import Tube


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 0.5, 4.0), (3.0, 0.8, 0.8)])
@pytest.mark.parametrize("fluid", [1000.0, 150.0])
def test_cord_fluid_and_noise_are_measured_whichever_is_brighter(
    spacing: tuple[float, float, float], fluid: float
) -> None:
    image, cord = Tube(spacing=spacing, fluid=fluid).make()
    signal = measure_signal(image.data, cord, image.affine)
    assert signal.fluid_is_bright == (fluid > 400)
    assert signal.cord == pytest.approx(400, rel=0.1)
    assert signal.fluid == pytest.approx(fluid, abs=0.25 * abs(fluid - 400))
    assert signal.noise == pytest.approx(15, rel=0.6)
    assert np.abs(signal.level[cord] - 400).max() < 60


def test_a_cord_that_looks_like_its_surroundings_is_refused() -> None:
    image, cord = Tube(fluid=400.0, around=400.0, noise=60.0).make()
    with pytest.raises(DataRefusedError, match="told from what lies around it"):
        measure_signal(image.data, cord, image.affine)


def test_a_mask_that_fills_the_image_is_refused() -> None:
    image, cord = Tube().make()
    with pytest.raises(DataRefusedError, match="fills its field of view"):
        measure_signal(image.data, np.ones_like(cord), image.affine)
