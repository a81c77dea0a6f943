"""Reading one case, checking it, and writing it as nnU-Net wants it."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.geometry import displacement
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.orientation import RAW_AXES, reorient
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import Target
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.profile import Profile

SAME_GRID: Final = 1e-3
"""Up to this many voxels apart, two grids are the same."""

ADOPTED_WITHIN: Final = 0.5
"""Up to this many voxels, a label takes its image's affine, and the distance is recorded."""


@dataclass(frozen=True)
class ConvertedCase:
    """What became of one image.

    Parameters
    ----------
    plan
        As it was planned, or refused for what was found on reading it.
    voxels
        For each class the number of its voxels before classes are drawn over each other.
    lesion_voxels_outside_sc
        Of the lesion mask; None where the target has not both.
    geometry
        How the labels' grids were brought onto the image's.
    image_sha256
        Of the source file.
    """

    plan: PlannedCase
    voxels: tuple[tuple[str, int], ...] = ()
    lesion_voxels_outside_sc: int | None = None
    geometry: str = ""
    image_sha256: str = ""


def convert_case(plan: PlannedCase, profile: Profile, target: Target, dataset: RawDataset) -> ConvertedCase:
    """Convert one case; a fault of its files refuses the case and never stops the others.

    Parameters
    ----------
    plan
        An included case.
    profile
        Its dataset's thresholds and policies.
    target
        What is segmented.
    dataset
        Where to write.

    Returns
    -------
    ConvertedCase
        With the plan refused, and nothing written, where a file was refused.
    """
    try:
        return _convert(plan, profile, target, dataset)
    except FileRefusedError as error:
        place = error.path.relative_to(plan.source.root) if error.path.is_relative_to(plan.source.root) else error.path
        return ConvertedCase(plan.refuse(f"{place.name}: {error.reason}"))
    except DataRefusedError as error:
        return ConvertedCase(plan.refuse(str(error)))


def _convert(plan: PlannedCase, profile: Profile, target: Target, dataset: RawDataset) -> ConvertedCase:
    image_file = plan.source.root / plan.image
    image = read_volume(image_file)
    masks: dict[str, Array] = {}
    remarks = list(image.notes)
    for label_class, label in plan.labels:
        if label is None:
            masks[label_class] = np.zeros(image.data.shape, dtype=np.uint8)
            remarks.append(f"{label_class}: no file, taken as empty")
            continue
        mask, found = _read_on_grid(plan, label, image, profile.classes[label_class].threshold)
        masks[label_class] = mask.data
        remarks += [f"{label_class}: {remark}" for remark in found]
    voxels = tuple((name, int(np.count_nonzero(mask))) for name, mask in masks.items())
    outside = _outside(masks)
    if outside:
        remarks += _settle_outside(masks, profile.lesion_outside_cord, outside)
    if masks:
        fused = reorient(Volume(target.fuse(masks), image.affine), RAW_AXES)
        write_mask(dataset.label(plan.case, plan.split), fused.data, fused.affine)
    raw = reorient(image, RAW_AXES)
    write_image(dataset.image(plan.case, plan.split), raw.data, raw.affine)
    return ConvertedCase(
        plan,
        voxels=voxels,
        lesion_voxels_outside_sc=outside,
        geometry="; ".join(remarks) or "same grid",
        image_sha256=sha256(image_file),
    )


def _read_on_grid(plan: PlannedCase, label: str, image: Volume, threshold: float | None) -> tuple[Volume, list[str]]:
    """Read a mask and bring it onto its image's grid, or refuse it."""
    path = plan.source.root / label
    mask = read_mask(path) if threshold is None else _above(read_volume(path), threshold)
    if mask.data.shape != image.data.shape:
        reason = f"the mask's shape is {mask.data.shape} and its image's {image.data.shape}; resample it to the image"
        raise FileRefusedError(path, reason)
    remarks = list(mask.notes)
    if threshold is not None:
        remarks.append(f"soft mask cut at {threshold:g}")
    apart = displacement(image.data.shape, image.affine, mask.affine)
    if apart.rms_voxels > ADOPTED_WITHIN:
        distance = f"{apart.centre_mm:.2f} mm at the centre of the volume, {apart.rms_voxels:.2f} voxels over all"
        raise FileRefusedError(path, f"the mask lies {distance} from its image: drawn on another image, or moved")
    if apart.rms_voxels > SAME_GRID:
        remarks.append(
            f"image's affine adopted, {apart.centre_mm:.3f} mm away at the centre of the volume, "
            f"{apart.rms_mm:.3f} mm root mean square"
        )
    values = np.unique(mask.data[mask.data > 0])
    if values.size > 1:
        raise FileRefusedError(path, f"a mask of one class has one value besides 0, found {values.tolist()}")
    if values.size and values[0] != 1:
        remarks.append(f"value {int(values[0])} read as 1")
    return replace(mask, data=(mask.data > 0).astype(np.uint8), affine=image.affine), remarks


def _above(soft: Volume, threshold: float) -> Volume:
    return replace(soft, data=(soft.data > threshold).astype(np.uint8))


def _settle_outside(masks: dict[str, Array], policy: str, outside: int) -> list[str]:
    """Do with lesion voxels outside the cord what the profile says, and say so."""
    found = f"{outside} lesion voxels outside the cord"
    if policy == "error":
        raise DataRefusedError(f"{found}: mend the masks, or set lesion_outside_cord in the profile")
    if policy == "extend_cord":
        masks["sc"] = ((masks["sc"] > 0) | (masks["lesion"] > 0)).astype(np.uint8)
        return [f"{found} made cord"]
    if policy == "clip":
        masks["lesion"] = ((masks["lesion"] > 0) & (masks["sc"] > 0)).astype(np.uint8)
        return [f"{found} removed"]
    return [f"{found} kept"]


def _outside(masks: dict[str, Array]) -> int | None:
    if not {"sc", "lesion"} <= set(masks):
        return None
    return int(np.count_nonzero((masks["lesion"] > 0) & (masks["sc"] == 0)))
