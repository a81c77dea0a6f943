"""`nnunet_ext crop-dataset --fix-plans`: each box is normalised as a whole."""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from nnunet_ext.cascade.plans import PlansChange, find_plans, force_full_normalisation
from nnunet_ext.cli.find_dataset import find_dataset
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


def _plans_files(asked: str) -> list[Path]:
    if asked.endswith(".json"):
        return [Path(asked)]
    folder = find_dataset(required_folder("nnUNet_preprocessed", os.environ), asked)
    files = find_plans(folder)
    if not files:
        raise DataRefusedError(
            f"{folder}: plans were needed and nnU-Net has made none; "
            f"run: nnUNetv2_plan_and_preprocess -d {_number(folder)} --no_pp"
        )
    return files


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
