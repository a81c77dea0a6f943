"""What stands in the output folder of `predict` beside the predictions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.cascade.prediction.case_files import NEUROPOLY_FOLDER, Naming
from nnunet_ext.cascade.prediction.prediction_table import prediction_columns
from nnunet_ext.cli.predict.raw_link import raw_link
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.bids_ignore import write_bids_ignore
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
    place.begin((), raw_link(place.folder, raw))
    write_json(place.folder / "predictions.json", prediction_columns(regions))
    if naming is Naming.NEUROPOLY:
        links = raw_link(labels, raw)
        described = derivative_description(place.title) | ({"DatasetLinks": links} if links else {})
        write_json(labels / DESCRIPTION, described)
        write_bids_ignore(labels, "*_label-*")  # none of the labs' names is one of BIDS'
    if naming is Naming.NNUNET:
        plans, dataset = model
        kept = {key: value for key, value in dataset.items() if key not in _LISTS}
        for name, content in (("plans.json", dict(plans)), ("dataset.json", {**kept, "file_ending": FILE_ENDING})):
            write_json(place.folder / name, content, allow_nan=True)  # as nnU-Net has it without any foreground
