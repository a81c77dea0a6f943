"""What a trainer learns from the files of its dataset before it begins."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nnunetv2.paths import nnUNet_raw

from nnunet_ext.core.tables import read_table
from nnunet_ext.trainers.axes import tensor_axis
from nnunet_ext.trainers.derive_spine_plan import derive_spine_plan, stock_spine_plan
from nnunet_ext.trainers.region_knowledge import RegionKnowledge, knowledge_where_ignored
from nnunet_ext.trainers.spine_loader import PlaceLabels
from nnunet_ext.trainers.spine_plan import SpinePlan, read_spine_plan, write_spine_plan


def settle_spine_plan(
    folder: Path,
    dataset_json: Mapping[str, Any],
    transpose_forward: Sequence[int],
    configuration: Any,  # noqa: ANN401 - nnU-Net is unannotated
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
    dataset_json
        Its description.
    transpose_forward, configuration
        Of nnU-Net's plans.
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
        patch_mm = _patch_mm(dataset_json, transpose_forward, configuration)
        plan = derive_spine_plan(read_table(cases), read_table(quality), patch_mm, on_gpu=on_gpu)
    if write:
        write_spine_plan(folder, plan)
    return plan


def _patch_mm(dataset_json: Mapping[str, Any], transpose_forward: Sequence[int], configuration: Any) -> float:  # noqa: ANN401
    """Measure a patch along the cord."""
    patch, spacing = list(configuration.patch_size), list(configuration.spacing)
    axis = tensor_axis("SI", dataset_json.get("image_axes_nibabel", "LAS"), transpose_forward, len(patch))
    if axis is None:  # slices across the cord
        return float(spacing[0])
    return float(patch[axis] * spacing[axis - len(patch)])


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


def place_labels(dataset_json: Mapping[str, Any]) -> PlaceLabels:
    """Find which label values are worth a patch: those of lesions or of a whole tumour, and those of the cord."""
    values = {
        name: tuple(value) if isinstance(value, list) else (value,) for name, value in dataset_json["labels"].items()
    }
    lesion = values.get("lesion") or values.get("whole") or ()
    cord = values.get("sc", ())
    return PlaceLabels(lesion, (*cord, *values.get("ignore", ())) if cord else ())
