"""The place below `nnUNet_raw` where a dataset is to stand: taken by no other, written by one process at a time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.leftovers import sweep
from nnunet_ext.core.raw_dataset import RawDataset


def refuse_taken_number(dataset: RawDataset) -> None:
    """Refuse a number that another dataset has: whatever their names, nnU-Net cannot tell the two apart.

    Raises
    ------
    ConflictError
        Naming the other.
    """
    number = dataset.folder.name.split("_")[0]
    for other in sorted(dataset.folder.parent.glob(f"{number}_*")):
        if other != dataset.folder and other.is_dir():
            raise ConflictError(
                f"{other}: has this number already; choose another -d, or -n {other.name[len(number) + 1 :]}"
            )


def beside(dataset: RawDataset, ending: str) -> Path:
    """Name a hidden neighbour of the dataset, on the same disk, so that renaming it into place is atomic."""
    return dataset.folder.with_name(f".{dataset.folder.name}.{ending}")


@contextmanager
def only_writer(dataset: RawDataset) -> Iterator[None]:
    """Hold the place while the block runs; the system lets go of it if the process is killed.

    Files that killed runs left unfinished in the dataset, or in the one that is not whole yet, are deleted first.

    Raises
    ------
    ConflictError
        Where another process holds it.
    """
    dataset.folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(beside(dataset, "lock"), blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise ConflictError(f"{dataset.folder}: another process is writing it; wait for it to end") from error
    try:
        for folder in (dataset.folder, beside(dataset, "unfinished")):
            sweep(folder)
        yield
    finally:
        lock.release()


def stands(dataset: RawDataset) -> bool:
    """Tell whether there is a dataset; one that a kill between the two renames of `swap` hid is put back first.

    Raises
    ------
    ConflictError
        Where another process is between these renames.
    """
    if beside(dataset, "previous").exists():
        with only_writer(dataset):
            finish_interrupted_swap(dataset)
    return dataset.folder.is_dir()


def swap(unfinished: RawDataset, dataset: RawDataset) -> None:
    """Give a dataset that is whole its own name, in place of the one that stands there."""
    previous = beside(dataset, "previous")
    try:
        if dataset.folder.exists():
            dataset.folder.replace(previous)
        unfinished.folder.replace(dataset.folder)
    finally:
        finish_interrupted_swap(dataset)


def finish_interrupted_swap(dataset: RawDataset) -> None:
    """Undo or finish what a kill between the two renames of `swap` left."""
    previous = beside(dataset, "previous")
    if previous.exists() and not dataset.folder.exists():
        previous.replace(dataset.folder)
    shutil.rmtree(previous, ignore_errors=True)
