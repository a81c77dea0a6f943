"""The output folder of `predict`: never within the input, never one that holds something else."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.cascade.prediction.case_files import NEUROPOLY_FOLDER
from nnunet_ext.cascade.prediction.naming import Naming
from nnunet_ext.cascade.prediction.prediction_table import prediction_columns
from nnunet_ext.cli.predict.inputs import Layout
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.names import ENDINGS
from nnunet_ext.core.provenance import generated_by
from nnunet_ext.core.raw_dataset import FILE_ENDING

DICTIONARY: Final = "predictions.json"
"""Describes the table; a folder that holds it is one of ours."""

_BIDS_VERSION: Final = "1.10.0"


def refuse_place(out: Path, inputs: Sequence[Path], layout: Layout) -> None:
    """Refuse an output folder that would change the input, or mix with what others wrote.

    Raises
    ------
    UsageError
        Where it is a file, or lies in the input; `BIDS/derivatives/NAME` is where BIDS wants it, and is taken.
    ConflictError
        Where other files stand in it: a mask drawn by hand must not be overwritten.
    """
    if out.name.lower().endswith(ENDINGS) or out.is_file():
        raise UsageError(f"-o {out}: a folder was needed; each region becomes a file in it")
    for given in (path.resolve() for path in inputs if path.is_dir()):
        place = out.resolve()
        if place.is_relative_to(given):
            inner = place.relative_to(given).parts
            if layout is not Layout.BIDS or inner[:1] != ("derivatives",) or len(inner) < 2:
                better = given / "derivatives" / "nnunet_ext" if layout is Layout.BIDS else "a folder beside it"
                raise UsageError(f"-o {out}: lies in the input, which is only ever read; try: -o {better}")
    if out.is_dir() and not (out / DICTIONARY).is_file():
        others = sorted(entry.name for entry in out.iterdir() if not entry.name.startswith("."))
        if others:
            raise ConflictError(
                f"-o {out}: holds {', '.join(others[:3])}, which this command did not write; choose another folder"
            )


def describe_run(
    out: Path,
    naming: Naming,
    regions: Sequence[str],
    model: tuple[Mapping[str, Any], Mapping[str, Any]],
    raw: Path | None,
) -> None:
    """Write what describes the folder as a whole, the same whichever part of a run writes it.

    Parameters
    ----------
    out
        The folder.
    naming
        Of its files.
    regions
        Names.
    model
        Its `plans.json` and `dataset.json`: nnU-Net's own evaluation asks for both.
    raw
        The BIDS folder that was predicted; None where it was none.
    """
    write_json(out / DICTIONARY, prediction_columns(regions))
    if naming is Naming.NNUNET:
        plans, dataset = model
        write_json(out / "plans.json", dict(plans))
        write_json(out / "dataset.json", {**dataset, "file_ending": FILE_ENDING})
        return
    folder = out / NEUROPOLY_FOLDER if naming is Naming.NEUROPOLY else out
    description: dict[str, Any] = {
        "Name": "Predictions of nnunet_ext",
        "BIDSVersion": _BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [generated_by()],
    }
    if raw is not None and folder.resolve().is_relative_to(raw.resolve()):  # elsewhere it would name a place on a disk
        description["DatasetLinks"] = {"raw": Path(os.path.relpath(raw.resolve(), folder.resolve())).as_posix()}
    write_json(folder / "dataset_description.json", description)
