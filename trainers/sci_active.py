"""The trainer of the correction loop: a model that goes on learning from corrected cases."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from torch import Tensor, nn

from nnunet_ext.core.errors import DataRefusedError, EnvironmentProblemError, UsageError
from nnunet_ext.core.read_checkpoint import read_checkpoint
from nnunet_ext.trainers.sci import nnUNetTrainerSCI

WARM_START_VARIABLE: Final = "nnUNet_ext_warm_start"


class nnUNetTrainerSCIActive(nnUNetTrainerSCI):
    """`nnUNetTrainerSCI`, going on from a trained model with a tenth of the learning rate.

    ``export nnUNet_ext_warm_start=.../fold_0/checkpoint_final.pth`` names the model. All of its weights are taken, the
    output layers too, which ``nnUNetv2_train -pretrained_weights`` would draw anew; and the file is read without
    running anything in it. Corrected cases stand in the spine plan as `new_cases`; the others are rehearsed with
    `rehearsal_share`.
    """

    learning_rate_factor: ClassVar[float] = 0.1
    rehearse: ClassVar[bool] = True

    def on_train_start(self) -> None:
        """Take the weights, unless a training goes on that has taken them already."""
        if not self.was_initialized:
            self.initialize()
        if self.current_epoch == 0:
            file = warm_start_file(os.environ)
            take_weights(self._bare_network(), read_checkpoint(file).weights, file)
            self.print_to_log_file(f"Warm start from {file.parent.name}/{file.name}")
        super().on_train_start()

    def _bare_network(self) -> nn.Module:
        """Take the network out of what DDP and torch.compile wrap it in."""
        network: nn.Module = self.network.module if self.is_ddp else self.network
        return getattr(network, "_orig_mod", network)


def warm_start_file(environment: Mapping[str, str]) -> Path:
    """Find the checkpoint to start from.

    Raises
    ------
    UsageError
        Where none is named: to train from scratch is another trainer's work.
    EnvironmentProblemError
        Where it does not exist.
    """
    named = environment.get(WARM_START_VARIABLE, "").strip()
    if not named:
        raise UsageError(
            f"nnUNetTrainerSCIActive goes on from a trained model, and {WARM_START_VARIABLE} names none; "
            f"try: export {WARM_START_VARIABLE}=$nnUNet_results/DatasetXXX_NAME/TRAINER__PLANS__CONFIG/fold_0/"
            "checkpoint_final.pth, or train from scratch with -tr nnUNetTrainerSCI"
        )
    file = Path(named)
    if not file.is_file():
        raise EnvironmentProblemError(
            f"{WARM_START_VARIABLE}={file}: no such file; those there are: ls $nnUNet_results/Dataset*/*/fold_*/*.pth"
        )
    return file


def take_weights(network: nn.Module, weights: Mapping[str, Tensor], file: Path) -> None:
    """Load a checkpoint's weights into a network, all of them or none.

    Raises
    ------
    DataRefusedError
        Where the checkpoint is of another network: other plans, channels or regions.
    """
    own = network.state_dict()
    other = sorted(set(own) ^ set(weights)) or [name for name, one in own.items() if one.shape != weights[name].shape]
    if other:
        raise DataRefusedError(
            f"{file}: weights of this very network were needed, and {len(other)} differ, {other[0]} first. A model can "
            "only go on with the plans, channels and regions that it was trained with: copy its plans.json into the "
            "preprocessed folder and name it with -p"
        )
    network.load_state_dict(dict(weights))
