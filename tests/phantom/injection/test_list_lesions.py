import numpy as np
import pytest

from nnunet_ext.phantom.injection.inject_lesions import inject_lesions
from nnunet_ext.phantom.injection.list_lesions import list_lesions
from nnunet_ext.phantom.lesions import Pathology
from tests.phantom.injection.tube import Tube


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 0.5, 5.0)])
def test_lesions_are_listed_from_the_top_with_all_their_volume(spacing: tuple[float, float, float]) -> None:
    image, cord = Tube(spacing=spacing, size_mm=(36.0, 36.0, 100.0)).make()
    made = inject_lesions(image.data, cord, image.affine, Pathology.MS, 8)
    lesions = list_lesions(image.data, made, cord, image.affine)
    assert len(lesions) > 1
    heights = [lesion.centre_mm[2] for lesion in lesions]
    assert heights == sorted(heights, reverse=True)
    assert sum(one.volume_mm3 for one in lesions) == pytest.approx(int(made.lesion.sum()) * image.voxel_volume_mm3)
    assert all(lesion.tissues == ("plaque",) and lesion.contrast > 0 for lesion in lesions)
    assert all(spacing[2] <= lesion.length_mm < 60 for lesion in lesions)


def test_of_a_tumour_that_is_named_first_which_fills_most_of_it() -> None:
    image, cord = Tube().make()
    made = inject_lesions(image.data, cord, image.affine, Pathology.TUMOUR, 1)
    [tumour] = list_lesions(image.data, made, cord, image.affine)
    values, counts = np.unique(made.tissue[made.tissue > 0], return_counts=True)
    assert len(tumour.tissues) == len(values) > 1
    assert counts.max() == np.count_nonzero(made.tissue == values[counts.argmax()])
    assert set(tumour.tissues) <= {"oedema", "tumour_core", "cavity"}
