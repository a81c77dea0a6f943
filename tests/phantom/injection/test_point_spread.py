import pytest

from nnunet_ext.phantom.injection.point_spread import estimate_point_spread
from tests.phantom.injection.tube import Tube


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 0.5, 4.0), (3.0, 0.8, 0.8)])
@pytest.mark.parametrize("blur", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("fluid", [1000.0, 150.0])
def test_a_known_blur_is_found(spacing: tuple[float, float, float], blur: float, fluid: float) -> None:
    image, cord = Tube(spacing=spacing, blur=blur, fluid=fluid).make()
    spread = estimate_point_spread(image.data, cord, image.affine)
    fine = [voxels for voxels, mm in zip(spread, image.spacing, strict=True) if mm <= 1]
    assert len(fine) >= 2
    assert fine == pytest.approx([blur] * len(fine), abs=0.25)
