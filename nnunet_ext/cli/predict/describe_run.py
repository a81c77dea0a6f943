"""What stands in the output folder of `predict` beside the predictions."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.cascade.prediction.case_files import NEUROPOLY_FOLDER, Naming
from nnunet_ext.cascade.prediction.prediction_table import prediction_columns
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.output_place import DESCRIPTION, OutputPlace
from nnunet_ext.core.provenance import derivative_description
from nnunet_ext.core.raw_dataset import FILE_ENDING

_LISTS: Final = frozenset({"training", "test"})
"""Of the cases that the model was trained on, which are not those of the folder."""


def describe_run(
    place: OutputPlace,
    naming: Naming,
    regions: Sequence[str],
    model: tuple[Mapping[str, Any], Mapping[str, Any]],
    raw: Path | None,
) -> None:
    """Write what describes the folder as a whole, the same whichever part of a run writes it.

    The record names no file: a run never is complete, the next one goes on in its folder, and whether a mask may be
    written there is asked mask by mask, see `what_stands`.

    Parameters
    ----------
    place, naming, regions
        The folder, and the names of its files and regions.
    model
        Its `plans.json` and `dataset.json`: nnU-Net's own evaluation asks for both.
    raw
        The BIDS folder that was predicted; None where it was none.
    """
    labels = place.folder / NEUROPOLY_FOLDER
    place.begin((), _links(place.folder, raw) if naming is Naming.BIDS else None)
    write_json(place.folder / "predictions.json", prediction_columns(regions))
    if naming is Naming.NEUROPOLY:
        links = _links(labels, raw)
        described = derivative_description(place.title) | ({"DatasetLinks": links} if links else {})
        write_json(labels / DESCRIPTION, described)
    if naming is Naming.NNUNET:
        plans, dataset = model
        kept = {key: value for key, value in dataset.items() if key not in _LISTS}
        for name, content in (("plans.json", plans), ("dataset.json", {**kept, "file_ending": FILE_ENDING})):
            # nnU-Net writes, and reads, NaN where a dataset has no foreground; `write_json` would refuse it.
            write_text(place.folder / name, json.dumps(content, indent=4, ensure_ascii=False) + "\n")


def _links(folder: Path, raw: Path | None) -> dict[str, str]:
    """Lead to the images from a folder inside theirs; from elsewhere that would name a place on a disk."""
    if raw is None or not folder.resolve().is_relative_to(raw.resolve()):
        return {}
    return {"raw": Path(os.path.relpath(raw.resolve(), folder.resolve())).as_posix()}
