"""Where the image of a case lies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.core.names import FIRST_CHANNEL, image_stem
from nnunet_ext.core.pair_names import pair_names
from nnunet_ext.core.tables import TableRow, read_table

_FOLDERS: Final = ("imagesTs", "imagesTr")
_NO_IMAGES: Final = frozenset({"derivatives", "sourcedata", "code"})


def find_images(folder: Path, cases: Sequence[str]) -> dict[str, Path]:
    """Look for the images of cases in a folder.

    Parameters
    ----------
    folder
        A raw dataset of nnU-Net, one of its image folders, a BIDS dataset, or any folder of images. Nothing in it is
        opened, and nothing below `derivatives`, `sourcedata` or `code` is an image.
    cases
        Identifiers: whole names are compared, never beginnings; what may differ, see `pair_names`.

    Returns
    -------
    dict
        Of the cases whose image was found once; of two files of one name neither is taken.
    """
    once = images_in(folder)
    partners = pair_names(cases, once).partners
    return {case: once[name] for case, name in partners.items()}


def images_in(folder: Path) -> dict[str, Path]:
    """List the images of a folder, see `find_images`, by their stems, nnU-Net's number of the first channel left out.

    Masks that lie among them are listed, too: names alone tell them apart.
    """
    files: dict[str, list[Path]] = {}
    for path in sorted(_files(folder)):
        if (stem := image_stem(path.name)) is not None:
            files.setdefault(stem, []).append(path)
    return {stem.removesuffix(FIRST_CHANNEL): paths[0] for stem, paths in files.items() if len(paths) == 1}


def raw_dataset_above(path: Path) -> Path | None:
    """Give the raw dataset that a file lies in; None where it is in none."""
    return next(
        (folder for folder in path.parents if (folder / "dataset.json").is_file() and _has_images(folder)), None
    )


def cases_of(dataset: Path) -> dict[str, TableRow]:
    """Read `cases.tsv` of a raw dataset by case; empty where it has none."""
    table = dataset / "cases.tsv"
    return {row["case"]: row for row in read_table(table, ["case"])} if table.is_file() else {}


def _has_images(folder: Path) -> bool:
    return any((folder / name).is_dir() for name in _FOLDERS)


def _files(folder: Path) -> list[Path]:
    if _has_images(folder):
        return [path for name in _FOLDERS if (folder / name).is_dir() for path in (folder / name).iterdir()]
    return [path for path in folder.rglob("*") if not _NO_IMAGES & set(path.relative_to(folder).parts)]
