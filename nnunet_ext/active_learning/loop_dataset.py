"""The labelled dataset of a loop: the one that was named, or the one that its first training made."""

import re
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.core.errors import UsageError

MADE: Final = "dataset"
"""The event of a loop without labels that has a dataset of its own from now on, whose name is its field `dataset`."""

_NUMBER: Final = re.compile(r"\.?Dataset(\d{3})_")
_FIRST: Final = 501  # below, the numbers of the Decathlon and of people's own first datasets lie


def dataset_of(rounds: Rounds, settings: ActiveSettings) -> str:
    """Give nnU-Net's name of the dataset; empty where there is none yet."""
    made = [str(entry.fields["dataset"]) for entry in Journal(rounds.journal).entries() if entry.event == MADE]
    return settings.dataset or (made[-1] if made else "")


def free_name(folders: list[Path], target: str) -> str:
    """Name a dataset for a loop, with the next number that none has.

    Parameters
    ----------
    folders
        Where datasets lie: nnU-Net's raw folder, its preprocessed one and that of its results.
    target
        Name of the target.

    Raises
    ------
    UsageError
        Where no number is left.

    Examples
    --------
    >>> free_name([], "cord-lesion")
    'Dataset501_CordLesionLoop'
    """
    entries = (entry for folder in folders if folder.is_dir() for entry in folder.iterdir())
    taken = {int(match[1]) for entry in entries if (match := _NUMBER.match(entry.name))}
    number = next((one for one in range(_FIRST, 1000) if one not in taken), None)
    if number is None:
        raise UsageError(f"a free number of a dataset from {_FIRST} to 999 was needed, and all are taken; remove some")
    name = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^0-9A-Za-z]+", target))
    return f"Dataset{number}_{name}Loop"
