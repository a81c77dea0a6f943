"""Reading one case, checking it, and writing it as nnU-Net wants it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from nnunet_ext.core.cell_lists import join_list
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.orientation import RAW_AXES, reorient
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import Target
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.dataset_conversion.class_profile import ClassProfile
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.quality import Quality, measure_quality
from nnunet_ext.dataset_conversion.read_channels import read_channels
from nnunet_ext.dataset_conversion.read_label import read_label
from nnunet_ext.dataset_conversion.settle_outside import lesion_voxels_outside, settle_outside
from nnunet_ext.dataset_conversion.training_labels import training_labels


@dataclass(frozen=True)
class ConvertedCase:
    """What became of one case.

    Parameters
    ----------
    plan
        As it was planned, or refused for what was found on reading it.
    lesion_voxels_outside_sc
        Of the lesion mask, before anything was done about them; None where not both are annotated.
    geometry
        What reading and converting had to do: how grids were brought together, values were read, raters fused.
    image_sha256
        Of the source files of its channels, with `;` between them.
    quality
        What was measured; None where it was not converted.
    sources
        SHA-256 of each source file, by its path in the dataset that it comes from.
    files
        SHA-256 of each file that was written, by its path in the raw dataset.
    """

    plan: PlannedCase
    lesion_voxels_outside_sc: int | None = None
    geometry: str = ""
    image_sha256: str = ""
    quality: Quality | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def convert_case(case: PlannedCase, plan: Plan, dataset: RawDataset) -> ConvertedCase:
    """Convert one case; a fault of its files refuses the case and never stops the others.

    Parameters
    ----------
    case
        An included one.
    plan
        Says how to convert it; of its cases nothing is looked at.
    dataset
        Where to write.

    Returns
    -------
    ConvertedCase
        With the case refused, and nothing written, where a file was refused.
    """
    try:
        return _convert(case, plan, dataset)
    except FileRefusedError as error:
        place = error.path.relative_to(case.source.root) if error.path.is_relative_to(case.source.root) else error.path
        return ConvertedCase(case.refuse(f"{place.name}: {error.reason}"))
    except DataRefusedError as error:
        return ConvertedCase(case.refuse(str(error)))


def _convert(case: PlannedCase, plan: Plan, dataset: RawDataset) -> ConvertedCase:
    target = plan.target
    channels = read_channels(case, target.channels, register=plan.register)
    affine = channels.anchor.affine
    masks, read, moved_mm = read_masks(case, channels.anchor, plan)
    policy = "keep" if case.verified else plan.profiles[case.source.name].lesion_outside_cord
    settled, said = settle_outside(masks, policy)
    data = [*channels.data, *(settled[name] for name in target.mask_channels)]
    if any(name in settled for name, _ in target.classes):
        slices = {label.name: label.slices for label in case.labels}
        fused = reorient(Volume(training_labels(target, settled, slices), affine), RAW_AXES)
        write_mask(dataset.label(case.case, case.split), fused.data, fused.affine)
    for index, channel in enumerate(data):
        raw = reorient(Volume(channel, affine), RAW_AXES)
        write_image(dataset.image(case.case, case.split, index), raw.data, raw.affine)
    remarks = [*channels.remarks, *read, *said, *_check_unions(settled, target)]
    return ConvertedCase(
        case,
        lesion_voxels_outside_sc=lesion_voxels_outside(masks),
        geometry=join_list(remarks) or "same grid",
        image_sha256=";".join(channels.sha256),
        quality=measure_quality(channels.anchor, masks, max(moved_mm, channels.moved_mm)),
        sources=source_digests(case, dict(zip(filter(None, case.images), channels.sha256, strict=True))),
    )


def source_digests(case: PlannedCase, known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Hash each file that a case is made of, by its path in its dataset; what is not there has no hash.

    Those that are `known` were hashed on being read already.
    """
    root = case.source.root
    masks = {path: (label.root or root) / path for label in case.labels for _, path in label.files}
    files = {**{image: root / image for image in case.images if image}, **masks}
    found = {name: file for name, file in files.items() if name not in known}
    return {**known, **{name: sha256(file) for name, file in found.items() if file.is_file()}}


def read_masks(case: PlannedCase, image: Volume, plan: Plan) -> tuple[dict[str, Array], list[str], float]:
    """Read the annotated classes' masks; say what was done to them, and how far the farthest was moved, in mm."""
    masks: dict[str, Array] = {}
    remarks: list[str] = []
    moved = 0.0
    for label in case.labels:
        if label.files:
            of_dataset = label.root is None
            profile = plan.profiles[case.source.name].classes[label.name] if of_dataset else ClassProfile((), ())
            resample = plan.resample and of_dataset
            read = read_label(label.root or case.source.root, label, image, profile, resample=resample)
            masks[label.name] = read.data
            moved = max(moved, read.moved_mm)
            looked = () if label.slices is None else (f"looked at in slices {label.slices} only",)
            remarks += [f"{label.name}: {remark}" for remark in (*read.remarks, *looked)]
        elif label.why_empty:
            masks[label.name] = np.zeros(image.data.shape, dtype=np.uint8)
            remarks.append(f"{label.name}: {label.why_empty}")
        else:
            remarks.append(f"{label.name}: not annotated")
    return masks, remarks, moved


def _check_unions(masks: Mapping[str, Array], target: Target) -> list[str]:
    """Say where a class that is the union of others is not."""
    remarks = []
    for whole, parts in target.unions:
        if whole not in masks or not masks[whole].any() or any(part not in masks for part in parts):
            continue  # nobody has drawn it: the parts make it
        drawn, joined = masks[whole] > 0, np.any([masks[part] > 0 for part in parts], axis=0)
        alone, beyond = int((drawn & ~joined).sum()), int((joined & ~drawn).sum())
        if alone or beyond:
            remarks.append(f"{whole}: {alone} voxels in none of its parts, {beyond} of its parts outside it")
    return remarks
