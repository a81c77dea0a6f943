"""Writing the outputs of a case, its sidecars last: which model made it of what, how, and what a reader must know."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import reduce
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.centreline import Centreline, centreline
from nnunet_ext.cascade.prediction.case_files import CaseFiles, sidecar_of
from nnunet_ext.cascade.prediction.post_process import Change
from nnunet_ext.cascade.prediction.predict_case import PredictedCase
from nnunet_ext.cascade.prediction.what_stands import OUTPUTS, known_hashes
from nnunet_ext.core.atomic import atomic_path, write_json, write_text
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.provenance import generated_by, sha256
from nnunet_ext.core.tables import table_text
from nnunet_ext.core.volume import Volume

CENTRELINE_COLUMNS: Final = {
    "slice": "Index of the slice along the axis of the image that goes up or down, from 0",
    "x_mm": "Place in the world, to the right (RAS+)",
    "y_mm": "Place in the world, forwards (RAS+)",
    "z_mm": "Place in the world, upwards (RAS+)",
    "length_mm": "Way along the cord from its lowest slice",
    "measured": "1 where the slice has cord, 0 where the smooth line bridges a gap",
}


def sidecar(
    predicted: PredictedCase,
    inputs: Sequence[Mapping[str, str]],
    recipe: Mapping[str, Any],
    about: Mapping[str, Any],
    *,
    linked: bool = False,
) -> dict[str, Any]:
    """Describe a case. No path, host or date is in it: it may be shared.

    Parameters
    ----------
    inputs
        Name and SHA-256 of each image.
    recipe
        What decides the result besides the images: models with their checksums, settings, rules. Its keys stand at
        the top, so that a later run can tell whether it would do the same.
    about
        What else is to be told: versions, device.
    linked
        Whether `raw` is a name for the dataset of the images, so that BIDS's `Sources` can name them.

    Returns
    -------
    dict
        `Box` holds all that was segmented in; where that is a row of boxes along the cord, `Along` lists them.
    """
    return {
        "GeneratedBy": [generated_by()],
        "SpatialReference": "orig",
        **({"Sources": [f"bids:raw:{one['Name']}" for one in inputs]} if linked else {}),
        "Inputs": [dict(one) for one in inputs],
        **recipe,
        **about,
        "Box": _box(predicted),
        "PostProcessingChanges": [_change(change) for change in predicted.changes],
        "Warnings": list(predicted.warnings),
    }


def write_case(
    files: CaseFiles,
    predicted: PredictedCase,
    grid: Volume,
    model: tuple[Labelling, str],
    content: Mapping[str, Any],
) -> None:
    """Write all that `files` names.

    A sidecar says that its segmentation is done: those of an earlier run go first, and the new ones come last. It holds
    the SHA-256 of everything that was written, so that a later run knows what nobody has touched since; meanwhile a
    journal does.

    Parameters
    ----------
    grid
        The input: shape, affine and forms of everything that is written, bit by bit.
    model
        Its regions, for one label map, and the name of nnU-Net's reader in its plans.
    """
    known, regions = known_hashes(files), model[0]
    with ExitStack() as stack:
        staged = {file: stack.enter_context(atomic_path(file)) for file in files.outputs}
        _draw(files, staged, predicted, grid, regions)
        _for_ensemble(files, staged, predicted, grid, model)
        made = {file.name: sha256(path) for file, path in staged.items()}
        write_json(files.journal, {OUTPUTS: {name: sorted({made[name], *known.get(name, ())}) for name in made}})
        for file in files.sidecars:
            file.unlink(missing_ok=True)
    told = {**content, OUTPUTS: made}
    if files.centreline is not None:
        columns = {name: {"Description": text} for name, text in CENTRELINE_COLUMNS.items()}
        write_json(sidecar_of(files.centreline), {**told, "Type": "ROI", "Columns": columns})
    if files.label_map is not None:
        labels = {name: list(values) for name, values in regions.regions}
        write_json(sidecar_of(files.label_map), {**told, "Labels": labels, "RegionsClassOrder": list(regions.order)})
    for region, file in files.masks:
        write_json(sidecar_of(file), {**told, "Type": "ROI", "Region": region})
    files.journal.unlink()


def _draw(
    files: CaseFiles, staged: Mapping[Path, Path], predicted: PredictedCase, grid: Volume, regions: Labelling
) -> None:
    """Write everything under names that are not final."""
    if files.label_map is not None:
        write_mask(staged[files.label_map], regions.draw(predicted.masks), grid.affine, grid.forms)
    for region, file in files.masks:
        write_mask(staged[file], predicted.masks[region], grid.affine, grid.forms)
    for region, file in files.probabilities:
        write_image(staged[file], predicted.probabilities[region], grid.affine, grid.forms)
    for region, file in files.disagreement:
        write_image(staged[file], predicted.disagreement[region], grid.affine, grid.forms)
    if files.centreline is not None and files.centreline_table is not None:
        cord = np.zeros(grid.data.shape, dtype=np.bool_) if predicted.cord is None else predicted.cord
        line = centreline(Volume(cord, grid.affine))
        write_mask(staged[files.centreline], line.draw(grid.data.shape), grid.affine, grid.forms)
        write_text(staged[files.centreline_table], _table(line))


def _for_ensemble(
    files: CaseFiles,
    staged: Mapping[Path, Path],
    predicted: PredictedCase,
    grid: Volume,
    model: tuple[Labelling, str],
) -> None:
    if files.for_ensemble and files.label_map is not None:
        # nnU-Net's readers: seconds of import that asking for help must not cost.
        from nnunet_ext.cascade.prediction.for_ensemble import EnsembleFiles, write_for_ensemble  # noqa: PLC0415

        arrays = EnsembleFiles(*(staged[file] for file in files.for_ensemble))
        write_for_ensemble(arrays, staged[files.label_map], predicted.probabilities, grid, *model)


def _table(line: Centreline) -> str:
    texts = [
        [f"{value:d}" if name in {"slice", "measured"} else f"{value:.4f}" for value in values]
        for name, values in line.columns().items()
    ]
    rows = [dict(zip(CENTRELINE_COLUMNS, row, strict=True)) for row in zip(*texts, strict=True)]
    return table_text(rows, list(CENTRELINE_COLUMNS), delimiter=",")


def _box(predicted: PredictedCase) -> dict[str, Any] | None:
    if not predicted.boxes or predicted.margins is None:
        return None
    along = {"Along": [_ends(box) for box in predicted.boxes]} if len(predicted.boxes) > 1 else {}
    return {
        **_ends(reduce(Box.union, predicted.boxes)),
        "MarginsMm": predicted.margins.by_face(),
        "Growths": predicted.growths,
        **along,
    }


def _ends(box: Box) -> dict[str, list[int]]:
    return {"FirstVoxel": list(box.start), "LastVoxel": [stop - 1 for stop in box.stop]}


def _change(change: Change) -> dict[str, Any]:
    return {
        "Rule": change.rule,
        "Region": change.region,
        "Voxels": change.voxels,
        "Components": change.components,
        "VolumeMm3": change.volume_mm3,
    }
