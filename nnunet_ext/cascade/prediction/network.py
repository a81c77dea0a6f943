"""The networks of a trained model, built by nnU-Net's own code."""

import copy
import inspect

import torch
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

from nnunet_ext.cascade.prediction.engines import Engine, engine_network
from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.cascade.prediction.trainer import find_trainer
from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.model_name import STOCK_TRAINER
from nnunet_ext.core.trained_model import TrainedModel


def build_networks(
    model: TrainedModel, managed: NnunetModel, engine: Engine, device: torch.device
) -> tuple[torch.nn.Module, ...]:
    """Build one network for each fold, its weights loaded, ready to predict.

    Parameters
    ----------
    model
        Weights, and the name of the trainer whose network they belong to.
    managed
        Its plans in nnU-Net's hands.
    engine
        That runs it.
    device
        To put it on.

    Raises
    ------
    EnvironmentProblemError
        Where the trainer cannot be found.
    UnsafeModelError
        Where the weights are not those of such a network.
    """
    built = _build(model.trainer, managed)
    networks = []
    for fold in model.folds:
        network = copy.deepcopy(built)
        try:
            network.load_state_dict(fold.weights)
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:300]
            raise UnsafeModelError(
                f"{model.name}: the weights of fold {fold.name} are not those of the network that {model.trainer} "
                f"builds from its plans: {reason}"
            ) from error
        ready = engine_network(network.eval(), engine, managed.patch_size, managed.channels)
        networks.append(ready.to(device))
    return tuple(networks)


def _build(trainer: str, managed: NnunetModel) -> torch.nn.Module:
    plans, configuration = managed.plans, managed.configuration
    architecture = (
        configuration.network_arch_class_name,
        configuration.network_arch_init_kwargs,
        configuration.network_arch_init_kwargs_req_import,
    )
    outputs = managed.channels, managed.heads
    if trainer == STOCK_TRAINER:
        # The very call that this trainer makes; to import the trainer for it takes longer than a small image.
        network: torch.nn.Module = get_network_from_plans(
            *architecture, *outputs, allow_init=False, deep_supervision=False
        )
        return network
    build = find_trainer(trainer).build_network_architecture  # type: ignore[attr-defined]  # which nnU-Net checks
    if "plans_manager" in inspect.signature(build).parameters:
        network = build(plans, configuration, *outputs, enable_deep_supervision=False)
    else:  # as trainers were written before nnU-Net 2.7
        network = build(*architecture, *outputs, enable_deep_supervision=False)
    return network
