"""Every image and label map of a raw dataset, by its content."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import FILE_ENDING, RawDataset
from nnunet_ext.core.tables import Row, read_table, table_text

FILES: Final = "files.tsv"
_COLUMNS: Final = ("file", "bytes", "sha256")
_IMAGES: Final = ("imagesTr", "imagesTs")
_LABELS: Final = ("labelsTr", "labelsTs")


def write_digests(dataset: RawDataset, known: Mapping[str, str]) -> None:
    """Note the content of each file in `files.tsv`, as the last of all that is written.

    Parameters
    ----------
    dataset
        Whole but for this.
    known
        SHA-256 of files whose content is known already, by path in the dataset; the others are read.
    """
    rows = [
        {"file": name, "bytes": str(file.stat().st_size), "sha256": known.get(name) or sha256(file)}
        for name, file in _files(dataset, (*_IMAGES, *_LABELS)).items()
    ]
    write_text(dataset.folder / FILES, table_text(rows, list(_COLUMNS)))


def read_digests(dataset: RawDataset, *, by_time: bool = False) -> dict[str, str]:
    """Say what each image and label map holds now, by path in the dataset.

    Label maps, which people correct, are read. An image is taken to be what `files.tsv` says where it has that size
    and is older than the table, else it is read.

    Parameters
    ----------
    dataset
        A raw dataset.
    by_time
        Whether an image is known by its size and time where there is no table, as in a dataset that is not ours:
        hashing some thousand images takes minutes.

    Returns
    -------
    dict
        Equal values mean equal contents.
    """
    labels = {name: sha256(file) for name, file in _files(dataset, _LABELS).items()}
    return labels | _image_digests(dataset, by_time=by_time)


def carried_digests(dataset: RawDataset) -> dict[str, str]:
    """Say what `files.tsv` is to hold of the files that the next version of the dataset takes over.

    Of label maps that is what it holds now, so that one that a person has edited since stays known as edited.
    """
    written = {name: row["sha256"] for name, row in _listed(dataset).items()}
    return {name: written[name] for name in _files(dataset, _LABELS) if name in written} | _image_digests(dataset)


def edited_labels(dataset: RawDataset) -> set[str]:
    """Name the cases whose label map a person has changed in the dataset itself since it was written."""
    listed = _listed(dataset)
    return {
        file.name.removesuffix(FILE_ENDING)
        for name, file in _files(dataset, _LABELS).items()
        if name in listed and sha256(file) != listed[name]["sha256"]
    }


def _listed(dataset: RawDataset) -> dict[str, Row]:
    table = dataset.folder / FILES
    return {row["file"]: row for row in read_table(table)} if table.is_file() else {}


def _image_digests(dataset: RawDataset, *, by_time: bool = False) -> dict[str, str]:
    listed = _listed(dataset)
    noted_at = (dataset.folder / FILES).stat().st_mtime_ns if listed else 0
    found = {}
    for name, file in _files(dataset, _IMAGES).items():
        stat, row = file.stat(), listed.get(name)
        if by_time and not listed:
            found[name] = f"{stat.st_size} bytes of {stat.st_mtime_ns}"
        elif row is not None and row["bytes"] == str(stat.st_size) and stat.st_mtime_ns < noted_at:
            found[name] = row["sha256"]
        else:
            found[name] = sha256(file)
    return found


def _files(dataset: RawDataset, folders: tuple[str, ...]) -> dict[str, Path]:
    found = [file for folder in folders for file in sorted((dataset.folder / folder).glob(f"[!.]*{FILE_ENDING}"))]
    return {file.relative_to(dataset.folder).as_posix(): file for file in found}
