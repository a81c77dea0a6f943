"""What a trainer learns from the files of its dataset before it begins."""

import os
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nnunetv2.paths import nnUNet_raw
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from nnunet_ext.core.dataset_files.fingerprint import digest_of
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import read_table
from nnunet_ext.trainers.axes import tensor_axis
from nnunet_ext.trainers.derive_spine_plan import derive_spine_plan, stock_spine_plan
from nnunet_ext.trainers.region_knowledge import RegionKnowledge, knowledge_where_ignored
from nnunet_ext.trainers.renew_spine_plan import renew_spine_plan, spine_plan_lock
from nnunet_ext.trainers.spine_plan import EVERY, FILE, SpinePlan, read_spine_plan, write_spine_plan

_AGAIN: Final = "have the dataset converted again"


def settle_spine_plan(
    folder: Path, dataset_json: Mapping[str, Any], plans: Mapping[str, Any], configuration: str | None, *, write: bool
) -> tuple[SpinePlan, list[str]]:
    """Read the dataset's spine plan and renew in it what the dataset's tables suggest now; edited values stay.

    Parameters
    ----------
    folder
        Of the preprocessed dataset.
    dataset_json, plans
        Its description, and nnU-Net's plans.
    configuration
        Of the plans, whose patches shares are derived for; None for none.
    write
        Whether this process is the one that keeps it.

    Returns
    -------
    tuple
        The plan, and sentences for the log: what was renewed, what was kept as edited, what could not be looked at.
    """
    write = write and os.access(folder, os.W_OK)  # a cluster may offer preprocessed data to be read only
    with spine_plan_lock(folder) if write else nullcontext():
        known = read_spine_plan(folder)
        derived, said = _derive(folder, dataset_json, plans, configuration)
        if known is None:
            plan = derived or stock_spine_plan()
            said.append("made from the dataset's tables" if derived else "made without them, with nnU-Net's own values")
        elif derived is None:
            plan = known
        else:
            plan, changes = renew_spine_plan(known, derived, _fields(known, derived))
            said += changes
        if write and plan != known:
            write_spine_plan(folder, plan)
    if configuration is not None and not {configuration, EVERY} & set(plan.sampling):
        said.append(f"no shares for {configuration}: its patches show foreground as nnU-Net's do")
    said += [f"{name}: no training case is named so; not used" for name in plan.unknown_cases()]
    return plan, [f"{FILE}, {sentence}" for sentence in said]


def _derive(
    folder: Path, dataset_json: Mapping[str, Any], plans: Mapping[str, Any], configuration: str | None
) -> tuple[SpinePlan | None, list[str]]:
    """Derive the plan from the tables of the raw dataset; None where they are not there, and why."""
    if not nnUNet_raw.is_set():
        return None, ["used as it stands: nnUNet_raw is not set, where the dataset's tables would be"]
    raw = Path(str(nnUNet_raw)) / folder.name
    cases, quality, _ = tables = raw / "cases.tsv", raw / "qc.tsv", raw / "dataset.json"
    if not cases.is_file():
        return None, [f"used as it stands: {cases} is not there to renew it from"]
    said = [] if quality.is_file() else [f"{quality} is missing: what it measured cannot be derived"]
    patches = {} if configuration is None else {configuration: _patch_mm(dataset_json, plans, configuration)}
    rows, included = read_table(quality, ["case"]) if quality.is_file() else [], read_table(cases, ["case"])
    with refuse_malformed(quality, "what convert measured was needed", _AGAIN):
        margins = dataset_json.get("crop", {}).get("margins_mm")
        plan = derive_spine_plan(included, rows, patches, margins=margins)
    return replace(plan, derived_from=digest_of([sha256(file) if file.is_file() else "" for file in tables])), said


def _fields(known: SpinePlan, derived: SpinePlan) -> list[str]:
    """Name what is derived here: margins of a dataset that is not cropped are `crop-dataset`'s to derive."""
    theirs = known.crop_margins_mm and not derived.crop_margins_mm
    return [name for name in derived.values() if not (theirs and name == "crop_margins_mm")]


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
