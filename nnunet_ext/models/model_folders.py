"""Where the models lie in a zip that somebody packed, and where they belong."""

from collections.abc import Iterable
from typing import Final

from nnunet_ext.core.errors import UnsafeModelError, UsageError
from nnunet_ext.core.model_name import ModelName, is_dataset_name
from nnunet_ext.models.entry_names import PLANS
from nnunet_ext.models.harmless import is_harmless

UNNAMED: Final = "unnamed"
"""In the place of a model's folder whose name nobody tells: its checkpoints do, once they are unpacked."""


def model_folders(entries: Iterable[str], dataset: str = "") -> dict[str, str]:
    """Find the folders of models by their name, or by a `plans.json`, however many folders stand above them.

    Parameters
    ----------
    entries
        Names of all that the zip holds.
    dataset
        Name of the dataset's folder, in the place of the zip's own or where that is missing.

    Returns
    -------
    dict
        For each folder in the zip, empty for its root, the place below `nnUNet_results`.

    Raises
    ------
    UnsafeModelError
        Where the name of a dataset is missing, or two folders would get one place.
    UsageError
        Where `dataset` is no such name, or there are several datasets to give it to.
    """
    if dataset and not is_dataset_name(dataset):
        raise UsageError(f"--as needs nnU-Net's name of a dataset, such as Dataset501_CordLesion; found {dataset!r}")
    folders = {folder for entry in entries if (folder := _model_around(entry)) is not None}
    own = {_dataset_of(folder) for folder in folders}
    if dataset and len(own) > 1:
        raise UsageError(f"--as gives one dataset its name, and there are {', '.join(sorted(filter(None, own)))}")
    found: dict[str, str] = {}
    for folder in sorted(folders):
        place = f"{dataset or _dataset_of(folder)}/{_model_of(folder)}"
        if place.startswith("/"):
            raise UnsafeModelError(
                f"{folder or 'its files'}: no file of a model stands below a dataset's folder, DatasetXXX_NAME; say "
                f"what it is to be called: --as DatasetXXX_NAME, for instance --as Dataset501_CordLesion"
            )
        if place.lower() in map(str.lower, found.values()):
            raise UnsafeModelError(f"{place}: stands twice; zip only one of them")
        found[folder] = place
    return {folder: found[folder] for folder in sorted(found, key=len, reverse=True)}  # the innermost counts


def _model_around(entry: str) -> str | None:
    """Name the folder of the model that an entry belongs to; None where it belongs to none."""
    folder, _, name = entry.rpartition("/")
    parts = folder.split("/") if folder else []
    if not all(parts) or {".", ".."}.intersection(parts) or is_harmless(f"{folder}/x"):
        return None
    named = (index for index, part in enumerate(parts) if _is_model(part))
    if (at := next(named, None)) is not None:
        return "/".join(parts[: at + 1])
    return folder if name == PLANS else None


def _is_model(name: str) -> bool:
    return ModelName.parse(("Dataset001_x", name)) is not None


def _dataset_of(folder: str) -> str:
    above, _, name = folder.rpartition("/")
    dataset = name if _model_of(folder) == UNNAMED else above.rpartition("/")[2]
    return dataset if is_dataset_name(dataset) else ""


def _model_of(folder: str) -> str:
    name = folder.rpartition("/")[2]
    return name if _is_model(name) else UNNAMED
