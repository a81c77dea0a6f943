import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.phantom.injection.inject_lesions import inject_lesions
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.tissues import Tissue
from tests.phantom.injection.tube import Tube

KINDS = [Pathology.SCI, Pathology.MS, Pathology.TUMOUR]
GRIDS = [(1.0, 1.0, 1.0), (0.5, 0.5, 5.0), (3.0, 0.8, 0.8)]


@pytest.mark.parametrize("spacing", GRIDS)
@pytest.mark.parametrize("kind", KINDS)
def test_lesions_lie_within_the_cord_and_nothing_changes_away_from_it(
    spacing: tuple[float, float, float], kind: Pathology
) -> None:
    image, cord = Tube(spacing=spacing).make()
    made = inject_lesions(image.data, cord, image.affine, kind, 3)
    assert made.lesion.any()
    assert not made.lesion[~cord].any()
    away = distance_transform_edt(made.lesion == 0, sampling=image.spacing)
    far = away > 4 * max(image.spacing)
    assert np.array_equal(made.image[far], image.data[far])
    assert made.image.dtype == image.data.dtype
    assert set(np.unique(made.tissue[made.lesion > 0])) <= {int(tissue) for tissue in made.differences}


@pytest.mark.parametrize(("fluid", "brighter"), [(1000.0, True), (150.0, False)])
def test_lesions_lie_between_cord_and_fluid(fluid: float, brighter: bool) -> None:
    image, cord = Tube(fluid=fluid).make()
    for seed in range(5):
        made = inject_lesions(image.data, cord, image.affine, Pathology.MS, seed)
        inside = made.lesion > 0
        assert (made.image[inside].mean() > image.data[inside].mean()) == brighter
        assert min(400, fluid) < np.median(made.image[inside]) < max(400, fluid)


def test_blood_is_dark_where_fluid_is_bright() -> None:
    image, cord = Tube().make()
    tried = [inject_lesions(image.data, cord, image.affine, Pathology.SCI, seed) for seed in range(12)]
    made = max(tried, key=lambda made: int(np.count_nonzero(made.tissue == Tissue.HAEMORRHAGE)))
    blood = made.image[made.tissue == Tissue.HAEMORRHAGE]
    assert np.percentile(blood, 25) < 0.8 * np.median(image.data[cord])


@settings(max_examples=10)
@given(st.floats(0.05, 40), st.sampled_from(KINDS))
def test_no_number_is_constant_a_brighter_image_gets_brighter_lesions(factor: float, kind: Pathology) -> None:
    image, cord = Tube(spacing=(1.0, 1.0, 2.0)).make()
    values = image.data.astype(np.float32)
    once = inject_lesions(values, cord, image.affine, kind, 5)
    scaled = inject_lesions(values * np.float32(factor), cord, image.affine, kind, 5)
    assert scaled.image == pytest.approx(factor * once.image, rel=1e-2, abs=factor)
    assert np.array_equal(scaled.lesion, once.lesion)


def test_the_images_own_noise_stays() -> None:
    image, cord = Tube(seed=1).make()
    other, _ = Tube(seed=2).make()
    first, second = (inject_lesions(one.data, cord, one.affine, Pathology.TUMOUR, 4) for one in (image, other))
    inside = (first.lesion > 0) & (distance_transform_edt(cord) > 2)
    before = (image.data[inside].astype(float) - other.data[inside]).std()
    after = (first.image[inside].astype(float) - second.image[inside]).std()
    assert after == pytest.approx(before, rel=0.25)


def test_a_border_is_as_blurred_as_the_image() -> None:
    widths = []
    for blur in (0.3, 0.9):
        image, cord = Tube(noise=2.0, blur=blur).make()
        made = inject_lesions(image.data, cord, image.affine, Pathology.SCI, 6)
        change = np.abs(made.image.astype(float) - image.data)
        widths.append(np.count_nonzero((change > 0.1 * change.max()) & (made.lesion == 0)))
    assert widths[1] > 1.3 * widths[0]


def test_thick_slices_hold_parts_of_lesions() -> None:
    image, cord = Tube(spacing=(0.5, 0.5, 5.0), noise=1.0).make()
    made = inject_lesions(image.data, cord, image.affine, Pathology.SCI, 2)
    change = np.abs(made.image.astype(float) - image.data)[cord]
    some = change[change > 0.05 * change.max()]
    assert np.mean(some < 0.6 * np.percentile(change, 99)) > 0.1, "full or empty voxels only"


def test_the_same_seed_gives_the_same_image_and_another_one_another() -> None:
    image, cord = Tube().make()
    one, again, other = (inject_lesions(image.data, cord, image.affine, Pathology.MS, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.image, again.image)
    assert not np.array_equal(one.lesion, other.lesion)


def test_another_contrast_of_the_same_cord_gets_the_same_lesions() -> None:
    image, cord = Tube().make()
    dark, _ = Tube(fluid=150.0).make()
    one, other = (inject_lesions(i.data, cord, i.affine, Pathology.TUMOUR, (1, 2)) for i in (image, dark))
    assert np.array_equal(one.lesion, other.lesion)


def test_an_empty_mask_is_refused() -> None:
    image, cord = Tube().make()
    with pytest.raises(DataRefusedError, match="two slices"):
        inject_lesions(image.data, np.zeros_like(cord), image.affine, Pathology.MS, 1)


def test_a_large_image_takes_no_longer_than_its_cord() -> None:
    image, cord = Tube(size_mm=(36.0, 36.0, 60.0)).make()
    wide = np.pad(image.data, ((100, 100), (100, 100), (0, 0)))
    begun = time.process_time()
    inject_lesions(image.data, cord, image.affine, Pathology.SCI, 1)
    small = time.process_time() - begun
    begun = time.process_time()
    inject_lesions(wide, np.pad(cord, ((100, 100), (100, 100), (0, 0))), image.affine, Pathology.SCI, 1)
    assert time.process_time() - begun < 5 * small + 0.5
