"""A dataset by its number, as nnU-Net's own commands take it, or by its name."""

from pathlib import Path

from nnunet_ext.core.errors import DataRefusedError


def find_dataset(root: Path, asked: str) -> Path:
    """Find a dataset's folder below one of nnU-Net's roots by its number or name, or take the folder itself.

    Raises
    ------
    DataRefusedError
        Where there is none, or several have the number.
    """
    if asked.isdigit():
        found = sorted(folder for folder in root.glob(f"Dataset{int(asked):03d}_*") if folder.is_dir())
    else:
        found = [folder for folder in (root / asked, Path(asked)) if folder.is_dir()][:1]
    if len(found) != 1:
        there = ", ".join(sorted(folder.name for folder in root.glob("Dataset*"))) or "no dataset"
        raise DataRefusedError(f"{asked}: one dataset of this number, name or folder was needed; in {root}: {there}")
    return found[0]
