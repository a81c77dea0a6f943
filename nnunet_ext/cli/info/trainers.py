"""Which of our trainers nnU-Net finds, by its own look-up."""

import io
import warnings
from contextlib import redirect_stdout
from typing import Final

from nnunet_ext.cli.info.problem import Problem
from nnunet_ext.core.environment import NO_TORCHVISION, has_torchvision
from nnunet_ext.trainers import TRAINERS

_NOT_FOUND: Final = "Could not find requested nnunet trainer"
"""So begins nnU-Net's own error."""


def find_trainers() -> tuple[dict[str, str | None], list[Problem]]:
    """Name the module of each trainer that `nnUNetv2_train -tr` finds here, None where it finds none.

    nnU-Net imports every trainer that there is, its own and those of all folders in `nnUNet_extTrainer`: one that
    cannot be imported hides all others, and is named.
    """
    nothing: dict[str, str | None] = dict.fromkeys(TRAINERS)
    if not has_torchvision():
        said, _, cure = NO_TORCHVISION.rpartition("; run: ")
        return nothing, [Problem(said, cure)]
    found = dict(nothing)
    try:
        from nnunetv2.utilities.find_objects import (  # noqa: PLC0415 - seconds, and it may be missing
            recursive_find_trainer_class_by_name,
        )

        for name in TRAINERS:
            # It says where it looks, and what it imports has warnings of its own.
            with redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
                found[name] = recursive_find_trainer_class_by_name(name).__module__
    except Exception as error:  # noqa: BLE001 - whatever a stranger's trainer raises when it is imported
        if str(error).startswith(_NOT_FOUND):  # why stands where the variables are told of
            return found, []
        told = f"nnU-Net's look-up of trainers ends with {type(error).__name__}: {error}"
        return found, [Problem(told, "mend or remove that file in the folders of nnUNet_extTrainer")]
    return found, []
