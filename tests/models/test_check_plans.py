import copy
import json
from typing import Any

import pytest

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.models.check_plans import check_importable, check_plans
from tests.models.conftest import Trained

LAYERS = ["conv_op", "norm_op", "dropout_op", "nonlin"]


def plans(**changes: object) -> dict[str, Any]:
    """Plans as nnU-Net writes them, down to what matters here."""
    architecture = {
        "network_class_name": "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet",
        "arch_kwargs": {
            "conv_op": "torch.nn.modules.conv.Conv3d",
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
            "dropout_op": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": LAYERS,
    }
    configuration = {
        "data_identifier": "nnUNetPlans_3d_fullres",
        "preprocessor_name": "DefaultPreprocessor",
        "normalization_schemes": ["ZScoreNormalization"],
        "resampling_fn_data": "resample_data_or_seg_to_shape",
        "architecture": architecture,
    }
    whole = {
        "dataset_name": "Dataset007_Cord",
        "image_reader_writer": "NibabelIO",
        "label_manager": "LabelManager",
        "configurations": {"3d_fullres": configuration, "mine": {"inherits_from": "3d_fullres", "batch_size": 3}},
    }
    return {**whole, **changes}


def with_layer(key: str, value: object) -> dict[str, Any]:
    changed = copy.deepcopy(plans())
    architecture = changed["configurations"]["3d_fullres"]["architecture"]
    (architecture if key == "network_class_name" else architecture["arch_kwargs"])[key] = value
    return changed


WAYS_OUT = [
    "os.system",
    "posix.system",
    "subprocess.Popen",
    "builtins.eval",
    "torch.hub.load",
    "torch.nn.functional.torch.hub.load",  # begins well, and leads anywhere
    "torch.nn.modules.module.torch.os.system",
    "torch.nn.parallel.distributed.os.system",
    "torch.nn.functional.importlib.import_module",
    "dynamic_network_architectures.architectures.unet.torch.os.system",
    "nnunetv2.training.nnUNetTrainer.nnUNetTrainer.subprocess.Popen",
    "nnunetv2.training.nnUNetTrainer.nnUNetTrainer.nnUNetTrainer",
    "nnunetv2.run.run_training.run_training",
    "torch.nn.functional.conv3d",
    "torch.nn.Conv3d.__init__",
    "torch.nn.NoSuchLayer",
    "torch.nn..Conv3d",
    "torch.nn.Conv3d ",
    "torch.nn",
    "",
    7,
    ["torch.nn.Conv3d"],
]


@pytest.mark.parametrize("key", ["network_class_name", "nonlin"])
@pytest.mark.parametrize("name", WAYS_OUT)
def test_a_plan_may_name_nothing_but_layers(key: str, name: object) -> None:
    with pytest.raises(UnsafeModelError, match="plans.json"):
        check_plans(with_layer(key, name))


def test_a_plan_may_name_what_nnunet_names() -> None:
    check_plans(plans())
    for name in ("PlainConvUNet", "ResidualEncoderUNet"):
        check_importable(f"dynamic_network_architectures.architectures.unet.{name}")
    check_importable("dynamic_network_architectures.architectures.primus.Primus")


def test_an_argument_that_is_not_located_may_say_what_it_likes() -> None:
    check_plans(with_layer("comment", "os.system"))


def test_a_new_argument_becomes_dangerous_once_it_is_listed() -> None:
    changed = with_layer("comment", "os.system")
    changed["configurations"]["3d_fullres"]["architecture"]["_kw_requires_import"] = [*LAYERS, "comment"]
    with pytest.raises(UnsafeModelError, match="os.system"):
        check_plans(changed)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"label_manager": "os"}, "label_manager"),
        ({"image_reader_writer": "os"}, "image_reader_writer"),
        ({"image_reader_writer": {"a": 1}}, "image_reader_writer"),
        ({"dataset_name": "../../Dataset007_Cord"}, "dataset_name"),
        ({"dataset_name": "/etc"}, "dataset_name"),
        ({"configurations": {}}, "with configurations"),
        ({"configurations": {"../x": {}}}, "configurations"),
        ({"configurations": {"a": {"resampling_fn_data": "join"}}}, "resampling_fn_data"),
        ({"configurations": {"a": {"preprocessor_name": "crop_to_nonzero"}}}, "preprocessor_name"),
        ({"configurations": {"a": {"normalization_schemes": ["ABC"]}}}, "normalization_schemes"),
        ({"configurations": {"a": {"previous_stage": "../x"}}}, "previous_stage"),
        ({"configurations": {"a": {"UNet_class_name": "os.system"}}}, "UNet_class_name"),
        ({"configurations": {"a": {"architecture": {"network_class_name": "torch.nn.ReLU"}}}}, "arch_kwargs"),
        ({"configurations": {"a": {"architecture": "os.system"}}}, "network_class_name"),
        ({"deeper": [{"still": {"network_class_name": "os.system"}}]}, "os.system"),
    ],
)
def test_every_name_that_is_looked_up_is_checked(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnsafeModelError, match=reason):
        check_plans(plans(**changes))


def test_plans_of_a_real_training_pass(trained: Trained) -> None:
    real = json.loads((trained.folder / "plans.json").read_text())
    assert set(real["configurations"]) >= {"2d", "3d_fullres", "tiny"}
    check_plans(real)
