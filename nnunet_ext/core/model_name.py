"""The name of a trained model, which is nnU-Net's name of its folder."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.other_folder import did_you_mean

STOCK_TRAINER: Final = "nnUNetTrainer"
ASK: Final = "train it again, or ask its authors for the zip that `nnunet_ext model export` writes"
"""What to do where a model is refused."""

_DATASET: Final = re.compile(r"Dataset\d{3,5}_[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
_TRAINER: Final = re.compile(rf"{STOCK_TRAINER}\w*", re.ASCII)
_PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
_PARTS: Final = 3


@dataclass(frozen=True)
class ModelName:
    """`DatasetXXX_NAME/TRAINER__PLANS__CONFIGURATION`.

    Parameters
    ----------
    dataset, trainer, plans, configuration
        As nnU-Net calls them.
    """

    dataset: str
    trainer: str
    plans: str
    configuration: str

    @classmethod
    def parse(cls, parts: Sequence[str]) -> "ModelName | None":
        """Read the names of a dataset's folder and of the model's folder in it; None where they are no such names."""
        if len(parts) != 2 or not is_dataset_name(parts[0]):
            return None
        names = parts[1].split("__")
        if len(names) != _PARTS or not is_trainer_name(names[0]) or not all(map(is_plain_name, names[1:])):
            return None
        return cls(parts[0], *names)

    @classmethod
    def of_folder(cls, folder: Path) -> "ModelName":
        """Read the name of a model's folder in `nnUNet_results`.

        Raises
        ------
        UsageError
            Where it is no such folder.
        """
        folder = folder.resolve()
        name = cls.parse(folder.parts[-2:])
        if name is None or not folder.is_dir():
            raise UsageError(
                f"a model's folder was needed, nnUNet_results/DatasetXXX_NAME/{STOCK_TRAINER}...__PLANS__CONFIG; "
                f"found {folder}; those there are: ls -d $nnUNet_results/Dataset*/*__*__*"
                f"{did_you_mean(folder, lambda other: cls.parse(other.parts[-2:]) is not None)}"
            )
        return name

    @property
    def folder(self) -> PurePosixPath:
        """Where the model lies below `nnUNet_results`, and in a zip."""
        return PurePosixPath(self.dataset) / f"{self.trainer}__{self.plans}__{self.configuration}"

    def with_trainer(self, trainer: str) -> "ModelName":
        """Name the same model as another trainer's."""
        return replace(self, trainer=trainer)


def is_dataset_name(name: str) -> bool:
    """Tell whether this is nnU-Net's name of a dataset's folder."""
    return _DATASET.fullmatch(name) is not None and is_plain_name(name)


def is_trainer_name(name: object) -> bool:
    """Tell whether nnU-Net, and SCT's search for `nnUNetTrainer*`, may look this name up."""
    return isinstance(name, str) and _TRAINER.fullmatch(name) is not None


def is_plain_name(name: object) -> bool:
    """Tell whether nnU-Net may make this a part of a path: one component that leads nowhere else."""
    return isinstance(name, str) and _PART.fullmatch(name) is not None and ".." not in name
