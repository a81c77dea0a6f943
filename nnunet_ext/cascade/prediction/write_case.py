"""Writing the outputs of a case, its sidecars last."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from nnunet_ext.cascade.centreline import Centreline, centreline
from nnunet_ext.cascade.prediction.case_files import CaseFiles, sidecar_of
from nnunet_ext.cascade.prediction.predict_case import PredictedCase
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.volume import Volume

CENTRELINE_COLUMNS: Final = {
    "slice": "Index of the slice along the axis of the image that goes up or down, from 0",
    "x_mm": "Place in the world, to the right (RAS+)",
    "y_mm": "Place in the world, forwards (RAS+)",
    "z_mm": "Place in the world, upwards (RAS+)",
    "length_mm": "Way along the cord from its lowest slice",
    "measured": "1 where the slice has cord, 0 where the smooth line bridges a gap",
}


def write_case(
    files: CaseFiles, predicted: PredictedCase, grid: Volume, regions: Labelling, content: Mapping[str, Any]
) -> None:
    """Write all that `files` names.

    A sidecar says that its segmentation is done: those of an earlier run go first, and the new ones come last.

    Parameters
    ----------
    files
        Where to.
    predicted
        The case.
    grid
        The input: shape, affine and orientation of everything that is written.
    regions
        Of the model, for one label map.
    content
        Of the sidecars.
    """
    for file in files.sidecars:
        file.unlink(missing_ok=True)
    if files.label_map is not None:
        write_mask(files.label_map, regions.draw(predicted.masks), grid.affine)
    for region, file in files.masks:
        write_mask(file, predicted.masks[region], grid.affine)
    for region, file in files.probabilities:
        write_image(file, predicted.probabilities[region], grid.affine)
    for region, file in files.disagreement:
        write_image(file, predicted.disagreement[region], grid.affine)
    _write_centreline(files, predicted, grid, content)
    if files.label_map is not None:
        labels = {name: list(values) for name, values in regions.regions}
        write_json(sidecar_of(files.label_map), {**content, "Labels": labels, "RegionsClassOrder": list(regions.order)})
    for region, file in files.masks:
        write_json(sidecar_of(file), {**content, "Type": "ROI", "Region": region})


def _write_centreline(files: CaseFiles, predicted: PredictedCase, grid: Volume, content: Mapping[str, Any]) -> None:
    if files.centreline is None or files.centreline_table is None:
        return
    cord = np.zeros(grid.data.shape, dtype=np.bool_) if predicted.cord is None else predicted.cord
    line = centreline(Volume(cord, grid.affine))
    write_mask(files.centreline, line.draw(grid.data.shape), grid.affine)
    write_text(files.centreline_table, _table(line))
    columns = {name: {"Description": text} for name, text in CENTRELINE_COLUMNS.items()}
    write_json(sidecar_of(files.centreline), {**content, "Columns": columns})


def _table(line: Centreline) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CENTRELINE_COLUMNS)
    columns = line.columns()
    whole = {"slice", "measured"}
    texts = [
        [f"{value:d}" if name in whole else f"{value:.4f}" for value in columns[name]] for name in CENTRELINE_COLUMNS
    ]
    writer.writerows(zip(*texts, strict=True))
    return buffer.getvalue()
