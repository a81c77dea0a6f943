import pytest
import torch
from hypothesis import given

from nnunet_ext.trainers.transforms.metal_void import MetalVoid
from tests.strategies import SEEDS
from tests.trainers.transform_samples import AIR, cord, metal_void, seeded, tissue

SHAPE = (16, 48, 64)


@pytest.mark.parametrize("seed", range(6))
def test_it_leaves_a_hole_as_dark_as_air_with_a_bright_rim(seed: int) -> None:
    image = tissue(SHAPE)
    holed = seeded(metal_void(SHAPE), seed, image=image, segmentation=cord(SHAPE))["image"]
    inside = holed[0, :, :, 4:]
    assert float(inside.min()) == pytest.approx(AIR, abs=0.05)
    assert float(inside.max()) > 2.0 + 0.5 * (2.0 - AIR)
    dark = (inside < 0).float().mean()
    assert 0.001 < float(dark) < 0.15


@given(SEEDS)
def test_the_cord_stays_visible_beside_the_hole(seed: int) -> None:
    image, labels = tissue(SHAPE), cord(SHAPE)
    holed = seeded(metal_void(SHAPE), seed, image=image, segmentation=labels)["image"]
    signal = (holed - AIR) / (image - AIR)
    assert float(signal[labels > 0].min()) > 0.5


def test_all_holes_of_a_patch_lie_on_one_side_of_the_cord_and_both_sides_occur() -> None:
    labels, transform = cord(SHAPE), metal_void(SHAPE)
    sides = set()
    for seed in range(20):
        torch.manual_seed(seed)
        voids = transform.get_parameters(image=tissue(SHAPE), segmentation=labels)["voids"]
        fronts = {void.centre[2] > SHAPE[2] / 2 for void in voids}
        assert len(fronts) == 1
        sides |= fronts
    assert sides == {True, False}


def test_without_a_label_the_holes_lie_anywhere() -> None:
    transform = metal_void(SHAPE)
    torch.manual_seed(0)
    nothing = torch.zeros((1, *SHAPE), dtype=torch.int16)
    drawn = [transform.get_parameters(image=tissue(SHAPE), segmentation=nothing)["voids"] for _ in range(40)]
    places = torch.tensor([void.centre for voids in drawn for void in voids]) / torch.tensor(SHAPE)
    assert ((places >= 0) & (places <= 1)).all()
    assert (places.amax(dim=0) - places.amin(dim=0) > 0.8).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_image_moves_by_no_more_voxels_than_asked(seed: int) -> None:
    # Brightness rises by one a voxel along each axis, so that a shift can be read off it.
    image = torch.stack(torch.meshgrid(*(torch.arange(size).float() for size in SHAPE), indexing="ij")).sum(dim=0)[None]
    transform = metal_void(SHAPE, rim=0.0, shift=1.5)
    torch.manual_seed(seed)
    # One alone, as the hole of a neighbour is moved along.
    void = transform.get_parameters(image=image, segmentation=cord(SHAPE))["voids"][0]
    still, moved = (
        transform.apply({"image": image.clone()}, voids=[void._replace(shift=shift)])["image"] for shift in (0.0, 1.5)
    )
    difference = (moved - still).abs()
    assert 0.2 < float(difference.max()) <= 1.5 + 1e-3


def test_neighbours_share_the_shift() -> None:
    transform = metal_void(SHAPE, shift=1.5)
    torch.manual_seed(0)
    drawn = [transform.get_parameters(image=tissue(SHAPE))["voids"] for _ in range(20)]
    assert {len(voids) for voids in drawn} == {1, 2, 3}
    assert all(sum(void.shift for void in voids) == pytest.approx(1.5) for voids in drawn)


def test_far_from_the_metal_the_image_is_untouched() -> None:
    image = torch.randn((2, *SHAPE), generator=torch.Generator().manual_seed(0))
    holed = seeded(metal_void(SHAPE), 3, image=image, segmentation=cord(SHAPE))["image"]
    changed = ((holed - image).abs() > 1e-3).any(dim=0)
    assert 0.0 < float(changed.float().mean()) < 0.6


def test_both_channels_show_the_same_metal() -> None:
    holed = seeded(metal_void(SHAPE), 5, image=tissue(SHAPE, channels=2), segmentation=cord(SHAPE))["image"]
    assert torch.equal(holed[0], holed[1])


def test_radii_are_millimetres() -> None:
    ranges = {"radius_mm": (6.0, 6.0), "elongation": (1.0, 1.0), "rim": (1.0, 1.0), "shift_voxels": (0.0, 0.0)}
    voids = MetalVoid([3.0, 1.0, 0.5], 1, 2, **ranges).get_parameters(image=tissue(SHAPE))["voids"]
    assert all(void.radii == [2.0, 6.0, 12.0] for void in voids)


def test_an_implant_beyond_the_patch_changes_nothing() -> None:
    ranges = {"radius_mm": (4.0, 4.0), "elongation": (1.0, 1.0), "rim": (1.0, 1.0), "shift_voxels": (1.0, 1.0)}
    transform = MetalVoid([1.0] * 3, 1, 2, **ranges)
    image = tissue(SHAPE)
    voids = transform.get_parameters(image=image)["voids"]
    beyond = [void._replace(centre=[-50.0, 20.0, 200.0]) for void in voids]
    assert torch.equal(transform.apply({"image": image.clone()}, voids=beyond)["image"], image)
