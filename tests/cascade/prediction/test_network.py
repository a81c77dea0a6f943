from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nnunet_ext.cascade.prediction.engines import Engine
from nnunet_ext.cascade.prediction.network import build_networks
from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.core.environment import EXTERNAL_TRAINERS
from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.read_checkpoint import TrainedModel
from tests.cascade.prediction.tiny_model import PLAIN, TinyModel

pytestmark = pytest.mark.usefixtures("one_thread")

# Before nnU-Net 2.7 trainers got the architecture in three parts.
OLD = """
import torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
class nnUNetTrainerOfOld(nnUNetTrainer):
    @staticmethod
    def build_network_architecture(
        architecture_class_name, arch_init_kwargs, arch_init_kwargs_req_import,
        num_input_channels, num_output_channels, enable_deep_supervision=True,
    ):
        assert enable_deep_supervision is False
        return get_network_from_plans(
            architecture_class_name, arch_init_kwargs, arch_init_kwargs_req_import,
            num_input_channels, num_output_channels, deep_supervision=enable_deep_supervision,
        )
class nnUNetTrainerOfMyOwn(nnUNetTrainer):
    @staticmethod
    def build_network_architecture(
        plans_manager, configuration_manager, num_input_channels, num_output_channels, enable_deep_supervision=True
    ):
        return torch.nn.Conv3d(num_input_channels, num_output_channels, 1)
"""


def build(model: TrainedModel) -> tuple[torch.nn.Module, ...]:
    return build_networks(model, NnunetModel.of(model), Engine.TORCH, torch.device("cpu"))


def answer(network: Any, tiny: TinyModel) -> torch.Tensor:  # noqa: ANN401 - stock's networks have no annotations
    with torch.inference_mode():
        logits: torch.Tensor = network(torch.linspace(-1, 1, tiny.channels * 8 * 16 * 16).reshape(1, -1, 8, 16, 16))
    return logits


@pytest.mark.parametrize(
    "trainer", ["nnUNetTrainer", "nnUNetTrainer_5epochs", "nnUNetTrainerSCI", "nnUNetTrainerOfOld"]
)
def test_each_fold_answers_as_the_network_that_was_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainer: str
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "old.py").write_text(OLD)
    monkeypatch.setenv(EXTERNAL_TRAINERS, str(tmp_path / "old"))
    tiny = TinyModel(PLAIN, folds=2, channels=2, trainer=trainer)
    networks = build(tiny.load(tmp_path / "model"))
    assert len(networks) == 2
    for seed, network in enumerate(networks):
        assert not network.training
        assert torch.equal(answer(network, tiny), answer(tiny.network(seed=seed).eval(), tiny))
    assert not torch.equal(answer(networks[0], tiny), answer(networks[1], tiny))


def test_the_stock_trainer_itself_would_build_the_same(tmp_path: Path) -> None:
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    tiny = TinyModel()
    model = tiny.load(tmp_path)
    managed = NnunetModel.of(model)
    theirs = nnUNetTrainer.build_network_architecture(
        managed.plans, managed.configuration, 1, 2, enable_deep_supervision=False
    )
    (ours,) = build(model)
    assert str(ours) == str(theirs)
    theirs.load_state_dict(model.folds[0].weights)
    assert torch.equal(answer(ours, tiny), answer(theirs.eval(), tiny))


def test_a_trainer_with_a_network_of_its_own_builds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "theirs.py").write_text(OLD)
    monkeypatch.setenv(EXTERNAL_TRAINERS, str(tmp_path / "theirs"))
    model = replace(TinyModel(trainer="nnUNetTrainerOfMyOwn").load(tmp_path / "model"))
    own = replace(model, folds=(replace(model.folds[0], weights=torch.nn.Conv3d(1, 2, 1).state_dict()),))
    (network,) = build(own)
    assert isinstance(network, torch.nn.Conv3d)
    with pytest.raises(UnsafeModelError, match="fold 0 are not those of the network that nnUNetTrainerOfMyOwn builds"):
        build(model)


def test_the_weights_that_were_read_stay_as_they_are(tmp_path: Path) -> None:
    model = TinyModel().load(tmp_path)
    kept = {name: value.clone() for name, value in model.folds[0].weights.items()}
    (network,) = build(model)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert all(torch.equal(value, kept[name]) for name, value in model.folds[0].weights.items())
