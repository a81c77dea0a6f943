"""nnU-Net's environment variables, set from one root folder."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
_AROUND: Final = " \t\r\n\v\f\xa0\u200b\ufeff\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
"""What people and editors put around a path: blanks, line ends, marks of byte order, quotation marks."""

NO_TORCHVISION: Final = (
    "torchvision was needed and is not installed: nnU-Net imports every trainer that it has when it looks for one, and "
    "one of them wants it; run: pip install torchvision"
)


@contextmanager
def environment_variable(variable: str, value: str) -> Iterator[None]:
    """Give a variable of this process another value for a while, for what reads it from nowhere else."""
    before = os.environ.get(variable)
    os.environ[variable] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


def nnunet_variables(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that make plain nnU-Net commands work on one root folder, its three folders below it.

    `nnUNet_extTrainer` keeps what it already names in the environment, and names our folder once.
    """
    root = root.expanduser().resolve()
    folders = {variable: str(root / folder) for variable, folder in FOLDERS.items()}
    return {**folders, EXTERNAL_TRAINERS: _appended(environment.get(EXTERNAL_TRAINERS, ""), trainer_folder())}


def shell_exports(variables: Mapping[str, str]) -> str:
    """Write `export` lines, quoted for any path, to be read by `eval` in sh, bash and zsh."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def trainer_folder() -> Path:
    """Find the folder that `nnUNet_extTrainer` must name, wherever the package is installed."""
    return Path(nnunet_ext.__file__).resolve().parent / "ext_trainer"


def has_torchvision() -> bool:
    """Tell whether torchvision is installed, without importing it."""
    try:
        return find_spec("torchvision") is not None
    except (ImportError, ValueError):
        return False


def require_torchvision() -> None:
    """Make sure that nnU-Net can look for a trainer.

    Raises
    ------
    EnvironmentProblemError
        Where torchvision is not installed.
    """
    if not has_torchvision():
        raise EnvironmentProblemError(NO_TORCHVISION)


def required_folder(variable: str, environment: Mapping[str, str]) -> Path:
    """Read one of nnU-Net's folder variables.

    Raises
    ------
    EnvironmentProblemError
        Where it is not set, or stock nnU-Net would look elsewhere; see `folder_of`.
    """
    folder = folder_of(variable, environment)
    if folder is None:
        command = 'eval "$(nnunet_ext env --root DIR)"'
        raise EnvironmentProblemError(f"the variable {variable} was needed and is not set; run: {command}")
    return folder


def preprocessed_folder(dataset: str, environment: Mapping[str, str]) -> Path | None:
    """Name a dataset's folder in `nnUNet_preprocessed`, whether it is there or not; None without that variable.

    Raises
    ------
    EnvironmentProblemError
        See `folder_of`.
    """
    root = folder_of("nnUNet_preprocessed", environment)
    return None if root is None else root / dataset


def folder_of(variable: str, environment: Mapping[str, str]) -> Path | None:
    """Read one of nnU-Net's folder variables as stock nnU-Net does, to the letter; None where it is not set.

    nnU-Net takes every character for a part of the path: `~`, quotation marks that a settings file kept, a blank or a
    carriage return at its end. To tidy them here would have the two of us work in different folders.

    Raises
    ------
    EnvironmentProblemError
        Where that is not the folder that is meant, with the line to type.
    """
    value = environment.get(variable, "")
    bare = value.strip(_AROUND)
    if not bare:
        return None
    meant = os.path.expanduser(bare)  # noqa: PTH111 - a text is held against a text
    if not Path(value).is_dir():  # in which case `$` is a letter of a folder's name
        meant = os.path.expandvars(meant)
    if meant != value:
        raise EnvironmentProblemError(
            f"the variable {variable} is {value!a}, and nnU-Net takes that to the letter, which is another folder than "
            f"{meant!a}; run: export {variable}={shlex.quote(meant)} (and mend it where it is set: ~/.bashrc, .env, "
            f"the job's script)"
        )
    return Path(value)


def _appended(existing: str, folder_of_ours: Path) -> str:
    ours = str(folder_of_ours)
    folders = [folder for folder in existing.split(os.pathsep) if folder.strip()]
    return os.pathsep.join(folders if ours in folders else [*folders, ours])
