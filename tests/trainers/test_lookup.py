import pickle
import subprocess
import sys

import pytest

from nnunet_ext import trainers
from nnunet_ext.core.environment import trainer_folder
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.trainers.axes import tensor_axis
from nnunet_ext.trainers.settings import TrainerSettings


def test_nnunet_finds_one_and_the_same_class_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name

    monkeypatch.setenv("nnUNet_extTrainer", str(trainer_folder()))
    for name in ("nnUNetTrainerSCI", "nnUNetTrainerSCI_37epochs"):
        found = recursive_find_trainer_class_by_name(name)
        assert found is recursive_find_trainer_class_by_name(name)
        assert found is getattr(trainers, name)
        assert found.__name__ == name
        assert pickle.loads(pickle.dumps(found)) is found  # noqa: S301 - our own bytes


@pytest.mark.parametrize("name", trainers.TRAINERS)
def test_every_trainer_and_its_short_schedule_has_the_signature_that_nnunet_reads(name: str) -> None:
    import inspect

    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    expected = list(inspect.signature(nnUNetTrainer.__init__).parameters)
    for trainer in (getattr(trainers, name), getattr(trainers, f"{name}_5epochs")):
        assert trainer.__name__.startswith(name)
        assert list(inspect.signature(trainer.__init__).parameters) == expected
        assert trainers.is_our_trainer(trainer.__name__)
        assert trainer.build_network_architecture is nnUNetTrainer.build_network_architecture  # so it can be renamed


def test_asking_for_the_names_of_the_trainers_imports_no_torch() -> None:
    code = "import sys, nnunet_ext.trainers as t; print(sorted(t.TRAINERS)[0], 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["nnUNetTrainerCordCrop", "False"]


def test_a_schedule_sets_the_number_of_epochs() -> None:
    assert vars(trainers.nnUNetTrainerSCI_250epochs)["epochs"] == 250
    assert vars(trainers.nnUNetTrainerSCI)["epochs"] is None


@pytest.mark.parametrize(
    "name", ["nnUNetTrainerSCI_epochs", "nnUNetTrainerSCI_x5epochs", "nnUNetTrainerNope", "x_5epochs"]
)
def test_other_names_are_not_made_up(name: str) -> None:
    assert not trainers.is_our_trainer(name)
    with pytest.raises(AttributeError, match=name):
        getattr(trainers, name)


def test_settings_come_from_the_plans_and_the_seed_from_the_environment() -> None:
    configuration = {"patch_size": [1], "nnunet_ext": {"iterations_per_epoch": 10, "seed": 1}}
    assert TrainerSettings.read(configuration, {}).seed == 1
    settings = TrainerSettings.read(configuration, {"nnUNet_ext_seed": "7"})
    assert (settings.iterations_per_epoch, settings.seed) == (10, 7)
    assert TrainerSettings.read({}, {}) == TrainerSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iterations_per_epoch", 0),
        ("iterations_per_epoch", "250"),
        ("validation_iterations_per_epoch", float("nan")),
        ("save_every", float("inf")),
        ("save_every", True),
        ("progress_seconds", float("nan")),
        ("adamw_learning_rate", float("inf")),
        ("adamw_learning_rate", "0.1"),
        ("cpu_bf16", "yes"),
    ],
)
def test_a_setting_in_the_plans_that_means_nothing_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(DataRefusedError, match=f"plans, key 'nnunet_ext': {name} needs "):
        TrainerSettings.read({"nnunet_ext": {name: value}}, {})


def test_settings_that_are_no_settings_are_refused() -> None:
    with pytest.raises(DataRefusedError, match="settings by name were needed"):
        TrainerSettings.read({"nnunet_ext": [1]}, {})


def test_a_setting_that_does_not_exist_is_named() -> None:
    with pytest.raises(DataRefusedError, match="unknown iterations_per_epok; known are iterations_per_epoch"):
        TrainerSettings.read({"nnunet_ext": {"iterations_per_epok": 10}}, {})


@pytest.mark.parametrize(
    ("axes", "transpose", "dimensions", "side"),
    [("LAS", [0, 1, 2], 3, 2), ("LAS", [2, 0, 1], 3, 0), ("PSR", [0, 1, 2], 3, 0),
     ("LAS", [0, 1, 2], 2, 1), ("LAS", [2, 0, 1], 2, None)],
)  # fmt: skip
def test_the_left_right_axis_is_found_behind_every_transpose(
    axes: str, transpose: list[int], dimensions: int, side: int | None
) -> None:
    assert tensor_axis("LR", axes, transpose, dimensions) == side
