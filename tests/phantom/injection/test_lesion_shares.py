import numpy as np
import pytest

from nnunet_ext.phantom.injection.cord_course import CordCourse
from nnunet_ext.phantom.injection.lesion_shares import lesion_shares
from nnunet_ext.phantom.lesions import Blob
from nnunet_ext.phantom.tissues import Tissue
from tests.phantom.injection.tube import DEEP, WIDE, Tube


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 0.5, 5.0), (3.0, 1.0, 1.0)])
def test_partial_volumes_add_up_to_the_lesion_on_every_grid(spacing: tuple[float, float, float]) -> None:
    image, cord = Tube(spacing=spacing).make()
    blob = Blob(Tissue.PLAQUE, (30.0, 0.0, 0.0), (9.0, 0.6, 0.6), 0.0, 1)
    shares = lesion_shares([blob], CordCourse.of_mask(cord, image.affine), cord, image.affine)
    volume = float(shares[Tissue.PLAQUE].sum()) * image.voxel_volume_mm3
    assert volume == pytest.approx(4 / 3 * np.pi * 9 * (0.6 * WIDE) * (0.6 * DEEP), rel=0.08)


def test_what_reaches_beyond_the_cord_is_cut_off_and_shares_stay_within_one() -> None:
    image, cord = Tube().make()
    blobs = [Blob(Tissue.OEDEMA, (30.0, 0.5, 0.0), (15.0, 1.5, 1.5), 0.05, 1),
             Blob(Tissue.TUMOUR_CORE, (30.0, 0.0, 0.0), (8.0, 0.6, 0.6), 0.05, 2)]  # fmt: skip
    shares = lesion_shares(blobs, CordCourse.of_mask(cord, image.affine), cord, image.affine)
    total = shares[Tissue.OEDEMA] + shares[Tissue.TUMOUR_CORE]
    assert not total[~cord].any()
    assert total.max() <= 1 + 1e-6
    middle = tuple(np.round(np.argwhere(cord).mean(axis=0)).astype(int))
    assert shares[Tissue.TUMOUR_CORE][middle] == 1, "what comes later lies over what came before"
    assert 0 < shares[Tissue.OEDEMA][total > 0].mean() < 1
