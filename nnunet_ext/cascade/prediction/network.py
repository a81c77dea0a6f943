"""The networks of a trained model, built by nnU-Net's own code and handed to an engine."""

import copy
import inspect
from collections.abc import Sequence
from functools import partial

import torch
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

from nnunet_ext.cascade.prediction.engines import Engine
from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.cascade.prediction.openvino_network import OpenVinoNetwork
from nnunet_ext.cascade.prediction.trainer import find_trainer
from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.match_network import refuse_other_weights
from nnunet_ext.core.model_name import ASK, STOCK_TRAINER
from nnunet_ext.core.read_checkpoint import TrainedModel


def build_networks(
    model: TrainedModel, managed: NnunetModel, engine: Engine, device: torch.device
) -> tuple[torch.nn.Module, ...]:
    """Build one network for each fold, its weights loaded, ready to predict.

    Raises
    ------
    EnvironmentProblemError
        Where the trainer cannot be found.
    UnsafeModelError
        Where the weights are not those of such a network.
    """
    build = partial(_build, model.trainer, managed)
    weights = {f"fold {fold.name}": fold.weights for fold in model.folds}
    try:
        refuse_other_weights(build, model.trainer, weights, (managed.channels, *managed.patch_size))
    except UnsafeModelError as error:
        raise UnsafeModelError(f"{model.name}: {error}; {ASK}") from error
    built = build()
    networks = []
    for fold in model.folds:
        network = copy.deepcopy(built)
        network.load_state_dict(fold.weights)
        ready = engine_network(network.eval(), engine, managed.patch_size, managed.channels)
        networks.append(ready.to(device))
    return tuple(networks)


def engine_network(
    network: torch.nn.Module, engine: Engine, patch_size: Sequence[int], channels: int
) -> torch.nn.Module:
    """Hand a network to an engine.

    Parameters
    ----------
    network
        With its weights, in eval mode, on the CPU, giving one tensor. It belongs to the engine from now on.
    engine
        Checked with `check_engine` before.
    patch_size
        Voxels along each axis of a tile: the only size that the result takes.

    Returns
    -------
    Module
        Takes an image (1, channels, *patch_size) and gives new logits (1, outputs, *patch_size), float32. For one
        thread at a time.

    Raises
    ------
    EnvironmentProblemError
        Where the engine cannot run this architecture.
    """
    if engine is Engine.OPENVINO:
        return OpenVinoNetwork(network, (1, channels, *patch_size))
    return Bf16Network(network) if engine is Engine.BF16 else network


class Bf16Network(torch.nn.Module):
    """A network under PyTorch's autocast, which keeps in float32 what needs it; gives float32.

    Parameters
    ----------
    network
        On the CPU, in eval mode.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self._network = network

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Compute logits (1, outputs, ...) of an image (1, channels, ...)."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits: torch.Tensor = self._network(image)
        return logits.float()


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
