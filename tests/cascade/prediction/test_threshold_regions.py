import numpy as np

from nnunet_ext.cascade.prediction.threshold_regions import threshold_regions
from tests.core.test_labels import CORD_LESION, PLAIN


def test_a_lower_threshold_takes_more_and_the_cord_holds_its_lesions() -> None:
    values = np.linspace(0, 1, 27, dtype=np.float32).reshape(3, 3, 3)
    probabilities = {"sc": values, "lesion": values[::-1]}
    sizes = []
    for threshold in (0.2, 0.5, 0.8):
        masks = threshold_regions(probabilities, CORD_LESION, threshold)
        np.testing.assert_array_equal(masks["lesion"], values[::-1] > threshold)
        np.testing.assert_array_equal(masks["sc"], (values > threshold) | (values[::-1] > threshold))
        sizes.append(masks["lesion"].sum())
    assert sizes == sorted(sizes, reverse=True)


def test_of_plain_labels_a_voxel_belongs_to_the_most_probable_alone() -> None:
    cord = np.array([[[0.4, 0.3, 0.9, 0.1]]], dtype=np.float32)
    lesion = np.array([[[0.3, 0.4, 0.1, 0.2]]], dtype=np.float32)
    masks = threshold_regions({"sc": cord, "lesion": lesion}, PLAIN, 0.25)
    assert masks["sc"].ravel().tolist() == [True, False, True, False]
    assert masks["lesion"].ravel().tolist() == [False, True, False, False]
