"""What a trainer learns from the files of its dataset before it begins."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnunetv2.paths import nnUNet_raw
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from nnunet_ext.core.tables import read_table
from nnunet_ext.trainers.axes import tensor_axis
from nnunet_ext.trainers.derive_spine_plan import derive_spine_plan, stock_spine_plan
from nnunet_ext.trainers.region_knowledge import RegionKnowledge, knowledge_where_ignored
from nnunet_ext.trainers.spine_plan import SpinePlan, read_spine_plan, write_spine_plan


def settle_spine_plan(
    folder: Path,
    dataset_json: Mapping[str, Any],
    plans: Mapping[str, Any],
    configuration: str,
    *,
    epochs: int,
    on_gpu: bool,
    write: bool,
) -> SpinePlan:
    """Read the dataset's spine plan or, where there is none yet, derive it and keep it.

    Parameters
    ----------
    folder
        Of the preprocessed dataset.
    dataset_json, plans
        Its description, and nnU-Net's plans.
    configuration
        Of the plans, whose patches the shares are derived for.
    epochs
        nnU-Net's own number, for a dataset that our converter did not make.
    on_gpu
        Whether there is one.
    write
        Whether this process is the one that writes.
    """
    plan = read_spine_plan(folder)
    if plan is not None:
        return plan
    raw = Path(str(nnUNet_raw)) / folder.name if nnUNet_raw.is_set() else None
    cases, quality = (raw / "cases.tsv", raw / "qc.tsv") if raw is not None else (None, None)
    if cases is None or quality is None or not (cases.is_file() and quality.is_file()):
        plan = stock_spine_plan(epochs)
    else:
        margins = dataset_json.get("crop", {}).get("margins_mm")
        patch_mm = _patch_mm(dataset_json, plans, configuration)
        plan = derive_spine_plan(read_table(cases), read_table(quality), patch_mm, on_gpu=on_gpu, margins=margins)
    if write:
        write_spine_plan(folder, plan)
    return plan


def _patch_mm(dataset_json: Mapping[str, Any], plans: Mapping[str, Any], name: str) -> dict[str, float]:
    """Measure a patch along each direction of the body."""
    configuration = PlansManager(dict(plans)).get_configuration(name)
    patch, spacing = list(configuration.patch_size), list(configuration.spacing)
    file_axes, transposed = dataset_json.get("image_axes_nibabel", "LAS"), plans["transpose_forward"]
    measured = {}
    for direction in ("SI", "AP", "LR"):
        axis = tensor_axis(direction, file_axes, transposed, len(patch))
        slice_mm = plans["original_median_spacing_after_transp"][0]  # of a 2-D patch across that direction
        measured[direction] = float(slice_mm if axis is None else patch[axis] * spacing[axis - len(patch)])
    return measured


def known_where_ignored(
    label_manager: Any,  # noqa: ANN401 - nnU-Net is unannotated
    dataset_json: Mapping[str, Any],
    plan: SpinePlan,
) -> dict[str, RegionKnowledge]:
    """Say what an ignored voxel means in each case that has a class which nobody annotated."""
    if not label_manager.has_regions or "classes" not in dataset_json:
        return {}
    regions = [
        tuple(region) if isinstance(region, (tuple, list)) else (region,) for region in label_manager.foreground_regions
    ]
    classes, within = dataset_json["classes"], dataset_json.get("within", {})
    return {
        case: knowledge_where_ignored(regions, classes, within, [name for name in missing if name in classes])
        for case, missing in plan.not_annotated.items()
    }
