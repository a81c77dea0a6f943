from collections.abc import Mapping
from typing import Any

import pytest
import torch

from nnunet_ext.core.errors import UsageError
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation
from nnunet_ext.trainers.transforms.spine_transforms import spine_transforms
from tests.trainers.transform_samples import seeded

IMAGES = ["MetalVoid", "BiasAlongCord", "Ghosting", "RicianNoise", "ThickSlices"]
SAGITTAL: Mapping[str, int | None] = {"LR": 0, "SI": 1, "AP": 2}


def made(
    patch: tuple[int, ...],
    axes: Mapping[str, int | None],
    spacing: tuple[float, ...],
    settings: SpineAugmentation | None = None,
    **options: Any,  # noqa: ANN401 - options of the function under test
) -> dict[str, Any]:
    chosen = settings or SpineAugmentation()
    transforms = spine_transforms(patch, axes, chosen, spacing=spacing, **options)
    inner = [getattr(transform, "transform", transform) for transform in transforms]
    return {type(transform).__name__: transform for transform in inner}


def test_all_that_the_settings_name_are_made() -> None:
    settings = SpineAugmentation(channel_dropout_probability=0.2)
    transforms = made((16, 128, 128), SAGITTAL, (3.3, 0.9, 0.9), settings, lesion_label=2)
    assert list(transforms) == [*IMAGES, "ChannelDropout", "BorderErosionDilation"]


def test_a_probability_of_zero_leaves_a_transform_out() -> None:
    never = {f"{name}_probability": 0.0 for name in ("thick_slices", "bias", "metal", "ghosting", "noise", "border")}
    assert (
        spine_transforms((8, 8, 8), SAGITTAL, SpineAugmentation.from_content(never), spacing=(1, 1, 1), lesion_label=2)
        == []
    )


def test_without_a_lesion_label_no_border_moves() -> None:
    assert list(made((16, 128, 128), SAGITTAL, (3.3, 0.9, 0.9))) == IMAGES


def test_across_thick_slices_neither_borders_nor_ghosts_move() -> None:
    axial = {"SI": 0, "AP": 1, "LR": 2}
    transforms = made((16, 128, 128), axial, (4.0, 0.5, 0.5), lesion_label=2)
    assert transforms["BorderErosionDilation"].axes == (1, 2)
    assert transforms["Ghosting"].axes == (1,)
    isotropic = made((96, 96, 96), axial, (1.0, 1.0, 1.0), lesion_label=2)
    assert isotropic["BorderErosionDilation"].axes == (0, 1, 2)
    assert isotropic["Ghosting"].axes == (1, 0)


def test_slices_get_as_many_voxels_thick_as_their_millimetres_are() -> None:
    settings = SpineAugmentation(thick_slices_mm=(2.0, 5.0))
    thickness = made((16, 128, 128), SAGITTAL, (2.5, 0.5, 0.5), settings)["ThickSlices"].thickness
    assert thickness == {1: (4.0, 10.0), 0: (1.0, 2.0)}


def test_slices_that_are_thick_already_are_left_alone() -> None:
    thickness = made((16, 128, 128), SAGITTAL, (4.0, 0.5, 0.5))["ThickSlices"].thickness
    assert list(thickness) == [1]
    only_across = SpineAugmentation(thick_slices_axes=("LR",))
    assert "ThickSlices" not in made((16, 128, 128), SAGITTAL, (4.0, 0.5, 0.5), only_across)


def test_the_bias_follows_the_cord_or_the_depth_where_the_patch_lies_across_it() -> None:
    assert made((16, 128, 128), SAGITTAL, (3.3, 0.9, 0.9))["BiasAlongCord"].axis == 1
    across = {"SI": None, "AP": 0, "LR": 1}
    assert made((128, 128), across, (0.5, 0.5))["BiasAlongCord"].axis == 0


def test_a_mask_given_as_a_channel_is_left_alone_by_all() -> None:
    artefacts = ("thick_slices", "bias", "metal", "ghosting", "noise", "channel_dropout")
    settings = SpineAugmentation.from_content({f"{name}_probability": 1.0 for name in artefacts})
    image = torch.rand((3, 8, 24, 24))
    data = {"image": image, "segmentation": torch.zeros((1, 8, 24, 24), dtype=torch.int16)}
    for transform in spine_transforms((8, 24, 24), SAGITTAL, settings, spacing=(1, 1, 1), image_channels=(0, 2)):
        changed = seeded(transform, 1, **data)["image"]
        assert torch.equal(changed[1], image[1])
        assert not torch.equal(changed, image)


@pytest.mark.parametrize(
    ("patch", "axes", "spacing"),
    [
        ((16, 64, 64), SAGITTAL, (1.0, 1.0)),
        ((16,), {"SI": 0, "AP": None, "LR": None}, (1.0,)),
        ((16, 64, 64), {"SI": 0, "AP": 1, "LR": None}, (1.0, 1.0, 1.0)),
        ((16, 64, 64), {"SI": 0, "AP": 1, "LR": 1}, (1.0, 1.0, 1.0)),
        ((64, 64), {"SI": 1, "AP": 2, "LR": None}, (1.0, 1.0)),
        ((16, 64, 64), {"S": 0, "A": 1, "L": 2}, (1.0, 1.0, 1.0)),
    ],
)
def test_axes_that_do_not_fit_the_patch_are_refused(
    patch: tuple[int, ...], axes: Mapping[str, int | None], spacing: tuple[float, ...]
) -> None:
    with pytest.raises(UsageError, match="needed.*found"):
        spine_transforms(patch, axes, SpineAugmentation(), spacing=spacing)
