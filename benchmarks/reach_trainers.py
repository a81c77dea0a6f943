"""Letting nnU-Net's commands find the trainers of this folder."""

import os
from pathlib import Path

from nnunet_ext.core.environment import EXTERNAL_TRAINERS, PYTHON_PATH


def reach_trainers() -> None:
    """Name them in the environment that the commands started from here get, before what stands there."""
    here = Path(__file__).resolve().parent
    for name, folder in ((EXTERNAL_TRAINERS, here / "ext_trainer"), (PYTHON_PATH, here)):
        os.environ[name] = os.pathsep.join(filter(None, (str(folder), os.environ.get(name))))
