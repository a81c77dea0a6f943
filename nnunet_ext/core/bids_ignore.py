"""What the BIDS validator is to pass over in a derivative."""

import os
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_text

_NAME: Final = ".bidsignore"
_LINES: Final = (
    "# BIDS has no names for tables, pages, logs and label maps:",
    "/*",
    "!/dataset_description.json",
    "!/README*",
    "!/sub-*",
    "/sub-*.*",  # a file, where a subject's folder has no full stop
    "# nor for a disagreement of networks, and the points of a line:",
    "*_disagreement.nii.gz",
    "*_mask.csv",
)


def write_bids_ignore(folder: Path, *others: str) -> None:
    """Write `.bidsignore`, unless there is one, which somebody may have edited.

    Without a line here the validator reports every file that BIDS does not name as an error. The folders of subjects
    are not ignored: what stands there has to have valid names.

    Parameters
    ----------
    folder
        A derivative, with its `dataset_description.json`.
    others
        More patterns, as in a `.gitignore`.
    """
    file = folder / _NAME
    if not os.path.lexists(file):
        write_text(file, "".join(f"{line}\n" for line in (*_LINES, *others)))
