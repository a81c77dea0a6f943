"""Whether a trainer builds nnU-Net's own network, so that its model can be shared as `nnUNetTrainer`'s."""

from collections.abc import Sequence
from pathlib import Path

from nnunet_ext.core.model_name import STOCK_TRAINER


def builds_stock_network(trainer: str, folders: Sequence[Path]) -> bool | None:
    """Look a trainer up and compare how it builds its network; prediction takes nothing else from a trainer.

    nnU-Net sanctions the new name in this case (its documentation, how-to/share-models-with-custom-trainers).

    Parameters
    ----------
    folders
        Of trainers outside nnU-Net, such as `nnUNet_extTrainer` lists them.

    Returns
    -------
    bool or None
        None where the trainer was not found: then nobody can tell.
    """
    if trainer == STOCK_TRAINER:
        return True
    found = _find(trainer, folders)
    if found is None:
        return None
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer  # noqa: PLC0415 - seconds of import

    return getattr(found, "build_network_architecture", None) is nnUNetTrainer.build_network_architecture


def _find(trainer: str, folders: Sequence[Path]) -> type | None:
    import nnunetv2  # noqa: PLC0415 - seconds of import that asking for help must not cost
    from nnunetv2.utilities.find_class_by_name import recursive_find_python_class  # noqa: PLC0415 - the same

    for folder in folders:
        if folder.is_dir():
            found = recursive_find_python_class(str(folder), trainer, None, cleanup_imports_from_base_folder=True)
            if found is not None:
                return found if isinstance(found, type) else None
    own = Path(nnunetv2.__path__[0])
    try:
        found = recursive_find_python_class(
            str(own / "training" / "nnUNetTrainer"), trainer, "nnunetv2.training.nnUNetTrainer", str(own)
        )
    except ImportError:  # without torchvision one of nnU-Net's own trainers cannot be imported
        return None
    return found if isinstance(found, type) else None
