"""How a derivative names the BIDS dataset that it was made from."""

import os
from pathlib import Path
from typing import Final

RAW: Final = "raw"
"""Name of the dataset of the images, in `DatasetLinks` and in BIDS URIs such as ``bids:raw:sub-01/anat/...``."""


def raw_link(folder: Path, raw: Path | None) -> dict[str, str]:
    """Lead to the images from a folder inside theirs; from elsewhere that would name a place on a disk.

    Returns
    -------
    dict
        As BIDS's `DatasetLinks`; empty where nothing leads there.
    """
    if raw is None or not folder.resolve().is_relative_to(raw.resolve()):
        return {}
    return {RAW: Path(os.path.relpath(raw.resolve(), folder.resolve())).as_posix()}
