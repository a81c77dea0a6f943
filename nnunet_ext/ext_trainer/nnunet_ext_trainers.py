"""The one file that `nnUNet_extTrainer` points to: it hands on the trainers of the installed package.

nnU-Net imports every module of the folder and then forgets it. A class defined here could not be pickled into a worker
process, and two look-ups would give two different classes; one that merely passes through here has neither fault.
"""

from nnunet_ext import trainers


def __getattr__(name: str) -> type:
    """Look `name` up among the trainers, the `_Nepochs` variants included."""
    found: type = getattr(trainers, name)
    return found
