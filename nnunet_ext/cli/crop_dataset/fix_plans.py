"""`nnunet_ext crop-dataset --fix-plans`: each box is normalised as a whole."""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nnunet_ext.cascade.plans import PlansChange, force_full_normalisation
from nnunet_ext.core.environment import required_folder
from nnunet_ext.core.errors import DataRefusedError


@dataclass(frozen=True)
class FixPlans:
    """Have nnU-Net's plans normalise each box as a whole.

    Parameters
    ----------
    plans
        Number or name of a planned dataset, or one plans file.
    json
        Whether the answer is JSON.
    """

    plans: str
    json: bool

    def run(self) -> int:
        """Change the plans, and say what was changed."""
        changes = {file: force_full_normalisation(file) for file in _plans_files(self.plans)}
        for file, found in changes.items():
            for change in found:
                _warn_of_stale_cases(file.parent, change)
            if not self.json:
                print(f"{file}: {'; '.join(map(_change_in_words, found)) or 'nothing had to be changed'}")
        if self.json:
            print(json.dumps({str(file): [asdict(change) for change in found] for file, found in changes.items()}))
        return 0


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
    except (OSError, ValueError, RecursionError) as error:
        raise DataRefusedError(f"{file}: a JSON file was needed: {error}") from error


def _plans_files(asked: str) -> list[Path]:
    if asked.endswith(".json"):
        return [Path(asked)]
    folder = find_dataset(required_folder("nnUNet_preprocessed", os.environ), asked)
    files = [file for file in sorted(folder.glob("*.json")) if _has_configurations(read_json(file))]
    if not files:
        raise DataRefusedError(
            f"{folder}: plans were needed and nnU-Net has made none; "
            f"run: nnUNetv2_plan_and_preprocess -d {_number(folder)} --no_pp"
        )
    return files


def _has_configurations(content: object) -> bool:
    return isinstance(content, dict) and "configurations" in content


def _warn_of_stale_cases(folder: Path, change: PlansChange) -> None:
    cases = folder / change.data_identifier
    if change.data_identifier and cases.is_dir():
        print(
            f"nnunet_ext crop-dataset: warning: {cases}: preprocessed by the plans as they were; "
            f"run: nnUNetv2_preprocess -d {_number(folder)} -c {change.configuration}",
            file=sys.stderr,
        )


def _number(folder: Path) -> str:
    """Take a dataset's number from the name of its folder, as nnU-Net's commands want it."""
    return folder.name.removeprefix("Dataset").split("_")[0].lstrip("0") or "ID"


def _change_in_words(change: PlansChange) -> str:
    return f"{change.configuration}: use_mask_for_norm off for channel {', '.join(map(str, change.channels))}"
