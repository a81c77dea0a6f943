"""nnU-Net's environment variables, set from one root folder."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import nnunet_ext
from nnunet_ext.core.errors import EnvironmentProblemError

FOLDERS: Final = {
    "nnUNet_raw": "raw",
    "nnUNet_preprocessed": "preprocessed",
    "nnUNet_results": "results",
}
"""nnU-Net's three variables and the folder below the root that each gets."""

EXTERNAL_TRAINERS: Final = "nnUNet_extTrainer"
PYTHON_PATH: Final = "PYTHONPATH"


@dataclass(frozen=True)
class NnunetVariables:
    """The values that make plain nnU-Net commands work on one root folder.

    Parameters
    ----------
    raw, preprocessed, results
        nnU-Net's three folders.
    external_trainers
        Value of `nnUNet_extTrainer`: what stood there before, and our folder once.
    python_path
        Value of `PYTHONPATH` where it has to change, else None: without torchvision nnU-Net finds no external trainer,
        and a stand-in that can be imported is put behind what stood there before.
    """

    raw: Path
    preprocessed: Path
    results: Path
    external_trainers: str
    python_path: str | None = None

    @classmethod
    def below(cls, root: Path, environment: Mapping[str, str], *, torchvision: bool | None = None) -> "NnunetVariables":
        """Lay nnU-Net's folders out below `root`, keeping what `nnUNet_extTrainer` already names.

        Parameters
        ----------
        root
            Folder of the three.
        environment
            As it is now.
        torchvision
            Whether it is installed; looked up where None.
        """
        root = root.expanduser().resolve()
        raw, preprocessed, results = (root / folder for folder in FOLDERS.values())
        trainers = _appended(environment.get(EXTERNAL_TRAINERS, ""), trainer_folder())
        installed = has_torchvision() if torchvision is None else torchvision
        python_path = None if installed else _appended(environment.get(PYTHON_PATH, ""), stand_in_folder())
        return cls(raw, preprocessed, results, trainers, python_path)

    def as_mapping(self) -> dict[str, str]:
        """Give variable names and values."""
        values = (str(self.raw), str(self.preprocessed), str(self.results), self.external_trainers)
        variables = dict(zip((*FOLDERS, EXTERNAL_TRAINERS), values, strict=True))
        return variables if self.python_path is None else {**variables, PYTHON_PATH: self.python_path}

    def shell_exports(self) -> str:
        """Write `export` lines, quoted for any path, to be read by `eval` in sh, bash and zsh."""
        return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.as_mapping().items())


def trainer_folder() -> Path:
    """Find the folder that `nnUNet_extTrainer` must name, wherever the package is installed."""
    return Path(nnunet_ext.__file__).resolve().parent / "ext_trainer"


def stand_in_folder() -> Path:
    """Find the folder that holds what stands in for torchvision."""
    return Path(nnunet_ext.__file__).resolve().parent / "stand_ins"


def has_torchvision() -> bool:
    """Tell whether the real torchvision is installed, without importing it."""
    found = find_spec("torchvision")
    return found is not None and not (found.origin or "").startswith(str(stand_in_folder()))


def required_folder(variable: str, environment: Mapping[str, str]) -> Path:
    """Read one of nnU-Net's folder variables.

    Raises
    ------
    EnvironmentProblemError
        Where it is not set.
    """
    value = environment.get(variable, "").strip()
    if not value:
        command = 'eval "$(nnunet_ext env --root DIR)"'
        raise EnvironmentProblemError(f"the variable {variable} was needed and is not set; run: {command}")
    return Path(value).expanduser()


def preprocessed_folder(dataset: str, environment: Mapping[str, str]) -> Path | None:
    """Name a dataset's folder in `nnUNet_preprocessed`, whether it is there or not; None without that variable."""
    root = environment.get("nnUNet_preprocessed", "").strip()
    return Path(root).expanduser() / dataset if root else None


def _appended(existing: str, folder_of_ours: Path) -> str:
    ours = str(folder_of_ours)
    folders = [folder for folder in existing.split(os.pathsep) if folder.strip()]
    return os.pathsep.join(folders if ours in folders else [*folders, ours])
