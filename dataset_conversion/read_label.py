"""Reading a class's mask, or those of its raters as one."""

from pathlib import Path

from nnunet_ext.core.volume import Volume
from nnunet_ext.dataset_conversion.class_profile import ClassProfile, RaterRule
from nnunet_ext.dataset_conversion.planned_case import PlannedLabel
from nnunet_ext.dataset_conversion.raters import fuse_raters
from nnunet_ext.dataset_conversion.read_on_grid import OnGrid, read_on_grid


def read_label(
    root: Path, label: PlannedLabel, image: Volume, profile: ClassProfile, *, resample: bool = False
) -> OnGrid:
    """Read what people drew of one class, on the grid of its image.

    Parameters
    ----------
    root
        Of the dataset.
    label
        With a file at least.
    image
        In the file's own axes.
    profile
        Of the class: what its masks mean, and how several raters' become one.
    resample
        Whether masks on another grid are resampled, rather than refused.

    Raises
    ------
    FileRefusedError
        Where a mask is damaged, holds other values than declared, or lies elsewhere than its image.
    """
    read = {rater: read_on_grid(root / path, image, profile, resample=resample) for rater, path in label.files}
    remarks = [f"{rater}: {remark}" if rater else remark for rater, mask in read.items() for remark in mask.remarks]
    moved = max(mask.moved_mm for mask in read.values())
    if profile.raters in list(RaterRule):
        sizes = ", ".join(f"{rater or 'unnamed'} {int(mask.data.sum())}" for rater, mask in read.items())
        remarks.append(f"raters by rule {profile.raters}: {sizes} voxels")
        rule = RaterRule(profile.raters)
        fused = fuse_raters({r: m.data for r, m in read.items()}, rule, rater=profile.rater or None)
        return OnGrid(fused, tuple(remarks), moved)
    return OnGrid(next(iter(read.values())).data, tuple(remarks), moved)
