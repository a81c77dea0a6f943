import time
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnunet_ext.trainers.axes import patch_affine
from nnunet_ext.trainers.transforms.inject_lesions import InjectLesions
from tests.phantom.injection.tube import Tube
from tests.trainers.transform_samples import seeded

CORD, LESION, IGNORE = 1, 2, 3
KINDS = ("sci", "ms", "tumor")


def patch(channels: int = 1, **of_tube: Any) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:  # noqa: ANN401
    """Give images as nnU-Net normalises them, labels, and how they lie."""
    tubes = [Tube(fluid=1000.0 if number == 0 else 150.0, **of_tube).make() for number in range(channels)]
    images = [(image.data - image.data.mean()) / image.data.std() for image, _ in tubes]
    labels = torch.from_numpy(tubes[0][1].astype(np.int16))[None]
    return torch.from_numpy(np.stack(images).astype(np.float32)), labels, tubes[0][0].affine


def injecting(affine: np.ndarray, probability: float = 1.0, channels: tuple[int, ...] = (0,)) -> InjectLesions:
    return InjectLesions(LESION, CORD, IGNORE, affine, channels=channels, kinds=KINDS, probability=probability)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([(1.0, 1.0, 1.0), (0.7, 0.7, 3.0), (3.0, 0.9, 0.9)]))
def test_lesions_lie_in_the_cord_and_the_label_says_where(seed: int, spacing: tuple[float, float, float]) -> None:
    image, labels, affine = patch(spacing=spacing)
    made = seeded(injecting(affine), seed, image=image, segmentation=labels)
    lesion = made["segmentation"] == LESION
    assert lesion.any()
    assert (labels[lesion] == CORD).all()
    assert torch.equal(made["segmentation"] > 0, labels > 0), "the cord is what it was"
    change = (made["image"] - image).abs()
    assert change[lesion].mean() > 10 * change[labels == 0].mean()


@pytest.mark.parametrize("value", [LESION, IGNORE])
def test_a_patch_with_a_lesion_or_with_voxels_that_nobody_annotated_stays_as_it_is(value: int) -> None:
    image, labels, affine = patch()
    place = tuple(torch.nonzero(labels == CORD)[0])
    labels[place] = value
    made = seeded(injecting(affine), 1, image=image, segmentation=labels)
    assert torch.equal(made["image"], image)
    assert torch.equal(made["segmentation"], labels)


@pytest.mark.parametrize("fault", ["no cord", "short cord", "no contrast"])
def test_a_patch_where_no_lesion_could_be_seen_stays_as_it_is(fault: str) -> None:
    image, labels, affine = patch()
    if fault == "no cord":
        labels[:] = 0
    elif fault == "short cord":
        labels[..., 8:] = 0
    else:
        image = torch.from_numpy(np.random.default_rng(1).normal(0, 1, image.shape).astype(np.float32))
    made = seeded(injecting(affine), 1, image=image, segmentation=labels)
    assert torch.equal(made["image"], image)
    assert torch.equal(made["segmentation"], labels)


def test_as_many_patches_get_lesions_as_are_asked_for() -> None:
    image, labels, affine = patch(spacing=(2.0, 2.0, 3.0))
    made = (seeded(injecting(affine, 0.4), seed, image=image, segmentation=labels) for seed in range(100))
    got = [bool((one["segmentation"] == LESION).any()) for one in made]
    assert 0.25 < np.mean(got) < 0.55


def test_every_image_channel_shows_the_same_lesions_in_its_own_contrast_and_a_mask_channel_none() -> None:
    image, labels, affine = patch(channels=3)
    made = seeded(injecting(affine, channels=(0, 1)), 2, image=image, segmentation=labels)
    lesion = made["segmentation"][0] == LESION
    change = (made["image"] - image)[:, lesion].mean(dim=1)
    assert change[0] > 0 > change[1]
    assert change[2] == 0


def test_what_is_padding_has_no_say() -> None:
    image, labels, affine = patch()
    plain = seeded(injecting(affine), 3, image=image, segmentation=labels)
    wide = (5, 7, 3, 4, 6, 2)
    padded = {
        "image": torch.nn.functional.pad(image, wide),
        "segmentation": torch.nn.functional.pad(labels, wide, value=-1),
    }
    made = seeded(injecting(affine), 3, **padded)
    inner = (..., slice(6, -2), slice(3, -4), slice(5, -7))
    assert torch.equal(made["segmentation"][inner], plain["segmentation"])
    assert torch.equal(made["image"][inner], plain["image"])
    assert torch.equal(made["segmentation"] == -1, padded["segmentation"] == -1)


def test_a_patch_takes_milliseconds() -> None:
    image, labels, affine = patch(size_mm=(64.0, 96.0, 96.0))
    transform = injecting(affine)
    begun = time.process_time()
    for seed in range(5):
        seeded(transform, seed, image=image, segmentation=labels)
    assert (time.process_time() - begun) / 5 < 0.25


@given(st.sampled_from(["LAS", "RAS", "PIR"]), st.permutations([0, 1, 2]))
def test_a_patch_lies_as_its_file_does(axes: str, transposed: list[int]) -> None:
    spacing = (3.0, 1.0, 2.0)
    affine = patch_affine(axes, transposed, spacing)
    assert nib.affines.voxel_sizes(affine) == pytest.approx(spacing)
    assert "".join(nib.aff2axcodes(affine)) == "".join(axes[::-1][axis] for axis in transposed)
