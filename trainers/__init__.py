"""Trainers that `nnUNetv2_train -tr` finds by name.

`nnUNet_extTrainer` points at `nnunet_ext/ext_trainer`, whose one file hands on what stands here. The classes
themselves live in the installed package, so that workers started with spawn or forkserver can unpickle them. Each is
imported when it is asked for: nnU-Net and torch take seconds.
"""

from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Final

TRAINERS: Final = MappingProxyType(
    {
        "nnUNetTrainerSCI": "sci",
        "nnUNetTrainerSCIActive": "sci_active",
        "nnUNetTrainerCordLocalizer": "cord_localizer",
        "nnUNetTrainerCordCrop": "cord_crop",
        "nnUNetTrainerTumor": "tumor",
        "nnUNetTrainerMSLesion": "ms_lesion",
        "nnUNetTrainerSynthetic": "synthetic",
    }
)
"""For each trainer the module that it lives in."""


def is_our_trainer(name: str) -> bool:
    """Tell whether a name is one of our trainers', or of its variant for any number of epochs.

    All of them build nnU-Net's own network; a test holds them to it.
    """
    return _parts(name)[0] in TRAINERS


def __getattr__(name: str) -> type:
    """Give a trainer, or its variant for any number of epochs: `nnUNetTrainerSCI_20epochs` and its like."""
    base, epochs = _parts(name)
    if base not in TRAINERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: type = getattr(import_module(f"{__name__}.{TRAINERS[base]}"), base)
    return found if epochs is None else scheduled(found, epochs)


@cache  # one class a name: pickle checks that a name leads back to the very same class
def scheduled(trainer: type, epochs: int) -> type:
    """Make the variant of a trainer that stops after `epochs`, with its learning rate falling to zero by then.

    It is named `{trainer}_{epochs}epochs`, so that nnU-Net's results folder and checkpoint say how long it ran.
    """
    # Pickle looks the class up in the module where the name can be asked for.
    members = {"epochs": epochs, "__module__": __name__, "__doc__": trainer.__doc__}
    return type(f"{trainer.__name__}_{epochs}epochs", (trainer,), members)


def _parts(name: str) -> tuple[str, int | None]:
    """Split a name into the trainer's and the number of epochs; None where it says none."""
    base, _, schedule = name.rpartition("_")
    number = schedule.removesuffix("epochs")
    if base in TRAINERS and schedule == f"{number}epochs" and number.isdigit():
        return base, int(number)
    return name, None
