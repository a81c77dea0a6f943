"""Augmentation for one dataset: from settings to transforms."""

from collections.abc import Mapping, Sequence
from typing import Final

from batchgeneratorsv2.transforms.base.basic_transform import BasicTransform, ImageOnlyTransform
from batchgeneratorsv2.transforms.utils.random import RandomTransform

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.rounding import more_than
from nnunet_ext.trainers.transforms.augmentation import AXES, SpineAugmentation
from nnunet_ext.trainers.transforms.bias_along_cord import BiasAlongCord
from nnunet_ext.trainers.transforms.border_erosion_dilation import BorderErosionDilation
from nnunet_ext.trainers.transforms.channel_dropout import ChannelDropout
from nnunet_ext.trainers.transforms.ghosting import Ghosting
from nnunet_ext.trainers.transforms.metal_void import MetalVoid
from nnunet_ext.trainers.transforms.on_channels import OnChannels
from nnunet_ext.trainers.transforms.rician_noise import RicianNoise
from nnunet_ext.trainers.transforms.thick_slices import ThickSlices

_LEAST_THICKENING: Final = 1.5  # voxels; slices thinner than that look like those that were scanned
_COARSE: Final = 2.0  # times the finest spacing: beyond it an axis runs across slices


def spine_transforms(
    patch_size: Sequence[int],
    axes: Mapping[str, int | None],
    settings: SpineAugmentation,
    *,
    spacing: Sequence[float],
    lesion_label: int | None = None,
    inside_label: int = 1,
    image_channels: Sequence[int] | None = None,
) -> list[BasicTransform]:
    """Make the transforms of a training, in the order in which the artefacts come about.

    Parameters
    ----------
    patch_size
        Voxels along each axis of the patch, two or three.
    axes
        For each of SI, AP and LR the axis of the patch, without the channel; None where a 2D patch lacks it.
    settings
        How often and how strongly.
    spacing
        Of the patch, mm along each axis. Ghosts and lesion borders keep to axes at most twice as coarse as the finest,
        since phase is encoded within slices, and one thick slice more is not a border drawn differently.
    lesion_label, inside_label
        Values of lesion and cord in the label; without a lesion no border is moved.
    image_channels
        Channels that are images; None where all are, and none is a mask.

    Returns
    -------
    list of BasicTransform
        For `insert_spine_transforms`, which knows where each belongs.

    Raises
    ------
    UsageError
        Where patch, spacing and axes do not fit each other.
    """
    _check(patch_size, axes, spacing)
    fine = [axis for axis, mm in enumerate(spacing) if not more_than(mm, _COARSE * min(spacing))]
    transforms: list[BasicTransform] = []
    for probability, transform in _intensity_transforms(axes, settings, spacing, fine):
        if probability > 0:
            chosen = transform if image_channels is None else OnChannels(transform, image_channels)
            transforms.append(RandomTransform(chosen, apply_probability=probability))
    if settings.channel_dropout_probability > 0:
        dropout = settings.channel_dropout_probability, settings.channel_dropout_fill
        transforms.append(ChannelDropout(*dropout, image_channels))
    if settings.border_probability > 0 and lesion_label is not None:
        transforms.append(BorderErosionDilation(lesion_label, inside_label, fine, settings.border_probability))
    return transforms


def _intensity_transforms(
    axes: Mapping[str, int | None], settings: SpineAugmentation, spacing: Sequence[float], fine: Sequence[int]
) -> list[tuple[float, ImageOnlyTransform]]:
    """Pair each transform that this patch allows with its probability: body, coil, k-space, noise, resampling."""
    metal = MetalVoid(
        spacing,
        axes["SI"],
        axes["AP"],
        radius_mm=settings.metal_radius_mm,
        elongation=settings.metal_elongation,
        rim=settings.metal_rim,
        shift_voxels=settings.metal_shift_voxels,
    )
    made: list[tuple[float, ImageOnlyTransform]] = [(settings.metal_probability, metal)]
    along = _present(axes, ("SI", "AP"))  # in an axial 2D patch the coil's signal falls off with depth
    if along:
        made.append((settings.bias_probability, BiasAlongCord(along[0], settings.bias_strength)))
    phase = [axis for axis in _present(axes, settings.ghosting_axes) if axis in fine]
    if phase:
        ghosting = Ghosting(phase, settings.ghosting_period, settings.ghosting_strength)
        made.append((settings.ghosting_probability, ghosting))
    made.append((settings.noise_probability, RicianNoise(settings.noise_sigma)))
    thickness = _thickness(_present(axes, settings.thick_slices_axes), settings.thick_slices_mm, spacing)
    if thickness:
        made.append((settings.thick_slices_probability, ThickSlices(thickness, settings.thick_slices_nearest)))
    return made


def _thickness(
    axes: Sequence[int], slices_mm: tuple[float, float], spacing: Sequence[float]
) -> dict[int, tuple[float, float]]:
    """Give the range of slice thickness in voxels for each axis along which slices can still get thicker."""
    in_voxels = {axis: (max(1.0, slices_mm[0] / spacing[axis]), slices_mm[1] / spacing[axis]) for axis in axes}
    return {axis: (low, high) for axis, (low, high) in in_voxels.items() if high >= _LEAST_THICKENING}


def _present(axes: Mapping[str, int | None], names: Sequence[str]) -> list[int]:
    return [axis for name in names if (axis := axes[name]) is not None]


def _check(patch_size: Sequence[int], axes: Mapping[str, int | None], spacing: Sequence[float]) -> None:
    dimensions = len(patch_size)
    if dimensions not in (2, 3) or len(spacing) != dimensions:
        raise UsageError(
            f"spine augmentation: two or three axes with a spacing each were needed, "
            f"found a patch of {list(patch_size)} and spacing {list(spacing)}"
        )
    given = sorted(axis for axis in axes.values() if axis is not None)
    if set(axes) != set(AXES) or given != list(range(dimensions)):
        raise UsageError(
            f"spine augmentation: {', '.join(AXES)} were needed, each with an axis of the patch from 0 to "
            f"{dimensions - 1} or None, found {dict(axes)}"
        )
