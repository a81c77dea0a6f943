"""nnU-Net's variables, as they are set here."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from nnunet_ext.cli.info.problem import Problem
from nnunet_ext.core.environment import EXTERNAL_TRAINERS, FOLDERS, required_folder, trainer_folder
from nnunet_ext.core.errors import EnvironmentProblemError

_CURE: Final = 'eval "$(nnunet_ext env --root DIR)"'


def find_variables(environment: Mapping[str, str]) -> tuple[dict[str, str | None], list[Problem]]:
    """Give each variable as it is set, None where it is not, and what is wrong with them."""
    found = {name: environment.get(name) for name in (*FOLDERS, EXTERNAL_TRAINERS)}
    problems = [problem for name in FOLDERS for problem in _folder_problems(name, environment)]
    return found, [*problems, *_trainer_problems(environment.get(EXTERNAL_TRAINERS, ""))]


def _folder_problems(name: str, environment: Mapping[str, str]) -> list[Problem]:
    try:
        folder = required_folder(name, environment)
    except EnvironmentProblemError as error:
        said, _, cure = str(error).rpartition("; run: ")
        return [Problem(said or str(error), cure if said else _CURE)]
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        return [Problem(f"{name} names {folder}, which {what}", f"mkdir -p '{folder}'")]
    if not os.access(folder, os.W_OK):
        return [Problem(f"{name} names {folder}, where you may not write", f"ls -ld '{folder}'", needed=False)]
    return []


def _trainer_problems(value: str) -> list[Problem]:
    named = [Path(part.strip()) for part in value.split(os.pathsep) if part.strip()]
    missing = [folder for folder in named if not folder.is_dir()]
    problems = [Problem(f"{EXTERNAL_TRAINERS} names {folder}, which is no folder", _CURE, False) for folder in missing]
    if trainer_folder() not in [folder.resolve() for folder in named]:
        told = f"{EXTERNAL_TRAINERS} does not name {trainer_folder()}: nnUNetv2_train does not find our trainers"
        return [*problems, Problem(told, _CURE)]
    return problems
