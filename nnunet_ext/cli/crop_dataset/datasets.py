"""Find the datasets, and read the JSON files, that `crop-dataset` is told of."""

import json
from pathlib import Path
from typing import Any

from nnunet_ext.core.errors import DataRefusedError


def find_dataset(root: Path, asked: str) -> Path:
    """Find a dataset's folder below one of nnU-Net's roots by its number or name, or take the folder itself."""
    if asked.isdigit():
        found = sorted(folder for folder in root.glob(f"Dataset{int(asked):03d}_*") if folder.is_dir())
    else:
        found = [folder for folder in (root / asked, Path(asked)) if folder.is_dir()][:1]
    if len(found) != 1:
        there = ", ".join(sorted(folder.name for folder in root.glob("Dataset*"))) or "no dataset"
        raise DataRefusedError(f"{asked}: one dataset of this number, name or folder was needed; in {root}: {there}")
    return found[0]


def read_json(file: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read a JSON file that must be there."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataRefusedError(f"{file}: a JSON file was needed: {error}") from error
