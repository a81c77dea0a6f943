"""Finding the trainer that builds a model's network, as nnU-Net itself does."""

import os
from typing import Final

from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name

from nnunet_ext.core.environment import EXTERNAL_TRAINERS, environment_variable, require_torchvision, trainer_folder
from nnunet_ext.core.errors import EnvironmentProblemError

_ADVICE: Final = (
    f"put the folder of the file that defines it into {EXTERNAL_TRAINERS} (export {EXTERNAL_TRAINERS}=FOLDER), "
    "or ask for the model as `nnunet_ext model export` writes it"
)


def find_trainer(name: str) -> type:
    """Find a trainer's class: in nnU-Net, then in the folders of `nnUNet_extTrainer`, then among our own.

    Raises
    ------
    EnvironmentProblemError
        Where there is none, the file that defines it cannot be imported, or torchvision is missing.
    """
    require_torchvision()
    folders = [folder for folder in os.environ.get(EXTERNAL_TRAINERS, "").split(os.pathsep) if folder.strip()]
    if str(trainer_folder()) not in folders:
        folders.append(str(trainer_folder()))
    searched = f"searched in: nnU-Net itself, {', '.join(folders)}"
    try:
        with environment_variable(EXTERNAL_TRAINERS, os.pathsep.join(folders)):
            found = recursive_find_trainer_class_by_name(name)
    except (RuntimeError, AssertionError) as error:  # so nnU-Net says that there is none, or that it is no trainer
        raise EnvironmentProblemError(
            f"the trainer {name} was needed, as it builds the model's network, and was not found; {searched}; {_ADVICE}"
        ) from error
    except (ImportError, SyntaxError) as error:
        raise EnvironmentProblemError(
            f"the trainer {name} was needed, as it builds the model's network, and could not be imported: {error}; "
            f"{searched}; {_ADVICE}"
        ) from error
    if not isinstance(found, type):
        raise EnvironmentProblemError(f"the trainer {name} was needed, and is no class; {searched}; {_ADVICE}")
    return found
