import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from nnunet_ext.trainers.transforms.border_erosion_dilation import BorderErosionDilation
from tests.trainers.transform_samples import seeded

CORD, LESION, IGNORE = 1, 2, 3
labels_of_any_kind = arrays(
    np.int16, array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=7), elements=st.integers(-1, IGNORE)
)


def moved(labels: torch.Tensor, *, outwards: bool, axes: tuple[int, ...] | None = None) -> torch.Tensor:
    chosen = axes if axes is not None else tuple(range(labels.ndim - 1))
    transform = BorderErosionDilation(LESION, CORD, chosen, 1.0)
    result: torch.Tensor = transform.apply(
        {"segmentation": labels.clone()}, **{**transform.get_parameters(), "outwards": outwards}
    )["segmentation"]
    return result


def lesion_in_cord() -> torch.Tensor:
    labels = torch.zeros((1, 5, 11, 11), dtype=torch.int16)
    labels[0, :, 1:10, 1:10] = CORD
    labels[0, 1:4, 3:8, 3:8] = LESION
    return labels


def test_eroding_takes_one_voxel_off_within_the_plane_only() -> None:
    eroded = moved(lesion_in_cord(), outwards=False, axes=(1, 2))
    expected = lesion_in_cord()
    expected[0, 1:4, 3:8, 3:8] = CORD
    expected[0, 1:4, 4:7, 4:7] = LESION
    assert torch.equal(eroded, expected)


def test_dilating_adds_one_voxel_within_the_plane_only() -> None:
    dilated = moved(lesion_in_cord(), outwards=True, axes=(1, 2))
    expected = lesion_in_cord()
    expected[0, 1:4, 2:9, 3:8] = LESION
    expected[0, 1:4, 3:8, 2:9] = LESION
    assert torch.equal(dilated, expected)


@given(labels_of_any_kind)
def test_eroding_only_turns_lesion_into_cord_and_deletes_no_lesion(array: np.ndarray) -> None:
    eroded = moved(torch.from_numpy(array.copy())[None], outwards=False)[0].numpy()
    changed = eroded != array
    assert (array[changed] == LESION).all()
    assert (eroded[changed] == CORD).all()
    lesions, number = ndimage.label(array == LESION, np.ones((3,) * array.ndim))
    assert set(lesions[eroded == LESION]) == set(range(1, number + 1))


@given(labels_of_any_kind)
def test_dilating_only_turns_cord_into_lesion_beside_a_lesion(array: np.ndarray) -> None:
    dilated = moved(torch.from_numpy(array.copy())[None], outwards=True)[0].numpy()
    changed = dilated != array
    assert (array[changed] == CORD).all()
    assert (dilated[changed] == LESION).all()
    reached = ndimage.distance_transform_cdt(array != LESION, metric="taxicab") == 1
    expected = reached & (array == CORD) if (array == LESION).any() else np.zeros_like(changed)
    assert np.array_equal(changed, expected)


def test_a_lesion_of_few_voxels_stays_whole() -> None:
    labels = lesion_in_cord()
    labels[labels == LESION] = CORD
    labels[0, 2, 5, 5:7] = LESION
    assert torch.equal(moved(labels, outwards=False), labels)


def test_at_the_edge_of_the_patch_nothing_is_taken_off() -> None:
    labels = torch.full((1, 6, 6), CORD, dtype=torch.int16)
    labels[0, :, :4] = LESION
    eroded = moved(labels, outwards=False)
    assert (eroded[0, :, :3] == LESION).all()
    assert (eroded[0, :, 3:] == CORD).all()


@pytest.mark.parametrize("outwards", [True, False])
def test_a_patch_without_lesion_stays(outwards: bool) -> None:
    labels = torch.full((1, 4, 4, 4), CORD, dtype=torch.int16)
    assert torch.equal(moved(labels, outwards=outwards), labels)


def test_only_the_first_channel_and_no_image_is_touched() -> None:
    labels = torch.cat([lesion_in_cord(), lesion_in_cord()])
    image = torch.rand((1, 5, 11, 11))
    result = seeded(BorderErosionDilation(LESION, CORD, (1, 2), 1.0), 0, image=image, segmentation=labels)
    assert torch.equal(result["segmentation"][1], labels[1])
    assert not torch.equal(result["segmentation"][0], labels[0])
    assert result["segmentation"].dtype == torch.int16
    assert torch.equal(result["image"], image)


def test_borders_move_as_often_as_asked_and_both_ways() -> None:
    transform = BorderErosionDilation(LESION, CORD, (1, 2), 0.4)
    before = int((lesion_in_cord() == LESION).sum())
    sizes = [
        int((seeded(transform, seed, segmentation=lesion_in_cord())["segmentation"] == LESION).sum())
        for seed in range(300)
    ]
    smaller, larger = sum(size < before for size in sizes), sum(size > before for size in sizes)
    assert 35 < smaller < 85
    assert 35 < larger < 85
