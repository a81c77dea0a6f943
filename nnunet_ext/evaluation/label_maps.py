"""What the values of the label maps at a place mean."""

from pathlib import Path
from typing import Final

from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.target import load_target
from nnunet_ext.evaluation.mask_files import LABEL_FOLDERS

_DATASET: Final = "dataset.json"


def labelling_of(place: Path, target: str | None) -> Labelling | None:
    """Take it from the target that the user names, else from nnU-Net's file; None where nobody says.

    Parameters
    ----------
    place
        A mask, or a folder of masks.
    target
        Name of a shipped target, or a TOML file.

    Raises
    ------
    DataRefusedError
        Where the file or the target cannot be read.
    """
    if target is not None:
        return Labelling.of_target(load_target(target))
    folder = place if place.is_dir() else place.parent
    # A fold's validation cases lie two folders below their dataset.json.
    for file in (folder / _DATASET, folder.parent / _DATASET, folder.parent.parent / _DATASET):
        if file.is_file():
            return Labelling.of_dataset_json(read_json_object(file, f"nnU-Net's {_DATASET} was needed"), str(file))
    return None


def holds_label_maps(place: Path) -> bool:
    """Tell whether the masks at a place are label maps, whatever their names are."""
    folder = place if place.is_dir() else place.parent
    return (folder / _DATASET).is_file() or folder.name in LABEL_FOLDERS
