"""Making of a default model every check that an import makes of a shared one."""

from pathlib import Path

from nnunet_ext.core.model_name import STOCK_TRAINER
from nnunet_ext.core.read_checkpoint import TrainedModel
from nnunet_ext.models.check_weights import check_weights
from nnunet_ext.models.load import load_model


def verify_default(folder: Path) -> TrainedModel:
    """Load a default model, its files held against its card and its weights against nnU-Net's network.

    Raises
    ------
    EnvironmentProblemError
        Where a file is missing.
    UnsafeModelError
        Where one could run code, was changed, or does not belong to the others.
    """
    model = load_model(folder)
    if model.trainer == STOCK_TRAINER:  # others may build another network, which only they know
        weights = {f"fold {fold.name}": fold.weights for fold in model.folds}
        check_weights(model.plans, model.dataset_json, model.configuration, weights)
    return model
