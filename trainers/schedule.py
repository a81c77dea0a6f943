"""Short schedules: the same trainer, another number of epochs."""

from functools import cache

from nnunet_ext.trainers.sci import nnUNetTrainerSCI


def scheduled(trainer: type[nnUNetTrainerSCI], epochs: int) -> type[nnUNetTrainerSCI]:
    """Make the variant of `trainer` that stops after `epochs`, with its learning rate falling to zero by then.

    Parameters
    ----------
    trainer
        Any of this package's trainers.
    epochs
        At least 1.

    Returns
    -------
    type
        Named `{trainer}_{epochs}epochs`, so that nnU-Net's results folder and checkpoint say how long it ran.
    """
    return _made_once(trainer, epochs)  # type: ignore[arg-type]  # classes do hash; mypy looks at their instances


@cache  # one class a name: pickle checks that a name leads back to the very same class
def _made_once(trainer: type[nnUNetTrainerSCI], epochs: int) -> type[nnUNetTrainerSCI]:
    # Pickle looks the class up in the module where the name can be asked for.
    members = {"epochs": epochs, "__module__": "nnunet_ext.trainers", "__doc__": trainer.__doc__}
    return type(f"{trainer.__name__}_{epochs}epochs", (trainer,), members)
