"""The place below `nnUNet_raw` where a dataset is to stand: taken by no other, written by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from nnunet_ext.core.errors import ConflictError
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
        yield
    finally:
        lock.release()
