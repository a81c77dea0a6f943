import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.models.check_configuration import check_configuration
from tests.cascade.prediction.tiny_model import TinyModel
from tests.models.conftest import Trained

Change = Callable[[dict[str, Any]], object]


def tiny(plans: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = plans["configurations"]["tiny"]
    return found


def arguments(plans: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = tiny(plans)["architecture"]["arch_kwargs"]
    return found


CHANGES: list[tuple[Change, str]] = [
    (lambda plans: tiny(plans).pop("patch_size"), "patch_size missing"),
    (lambda plans: tiny(plans).update(patch_size=[0, 8, 8]), "patch_size needs"),
    (lambda plans: tiny(plans).update(patch_size=[8, 8.5, 8]), "patch_size needs"),
    (lambda plans: tiny(plans).update(patch_size=[True, 8, 8]), "patch_size needs"),
    (lambda plans: tiny(plans).update(patch_size="888"), "patch_size needs"),
    (lambda plans: tiny(plans).update(patch_size=[8]), "patch_size needs"),
    (lambda plans: tiny(plans).update(patch_size=[100_000] * 3), "fits no memory"),
    (lambda plans: tiny(plans).update(spacing=[1, 1]), "spacing needs 3 numbers"),
    (lambda plans: tiny(plans).update(spacing=[0, 1, 1]), "spacing needs 3 numbers"),
    (lambda plans: tiny(plans).update(spacing=[float("nan"), 1, 1]), "spacing needs 3 numbers"),
    (lambda plans: tiny(plans).update(spacing=[float("inf"), 1, 1]), "spacing needs 3 numbers"),
    (lambda plans: tiny(plans).update(spacing=["1", 1, 1]), "spacing needs 3 numbers"),
    (lambda plans: tiny(plans).update(spacing=[1e-9, 1, 1]), "spacing needs 3 numbers"),
    (lambda plans: plans.update(transpose_forward=[0, 0, 1]), "transpose_forward"),
    (lambda plans: plans.update(transpose_forward=[1, 2, 0]), "transpose_forward"),
    (lambda plans: plans.update(transpose_backward=7), "transpose_forward"),
    (lambda plans: plans.pop("transpose_backward"), "transpose_backward missing"),
    (lambda plans: plans.pop("image_reader_writer"), "image_reader_writer missing"),
    (lambda plans: tiny(plans).update(normalization_schemes=[]), "normalization_schemes needs one entry"),
    (lambda plans: tiny(plans).update(use_mask_for_norm=[None]), "use_mask_for_norm needs true or false"),
    (lambda plans: tiny(plans).update(use_mask_for_norm={}), "use_mask_for_norm needs one entry"),
    (lambda plans: tiny(plans).update(normalization_schemes=["CTNormalization"]), "percentile_00_5"),
    (lambda plans: plans.update(foreground_intensity_properties_per_channel=None), "an entry for it"),
    (lambda plans: tiny(plans).update(resampling_fn_data_kwargs=None), "resampling_fn_data_kwargs needs"),
    (lambda plans: tiny(plans).update(resampling_fn_data_kwargs={"os": "system"}), "unexpected keyword"),
    (lambda plans: tiny(plans)["resampling_fn_data_kwargs"].update(order=50), "order is 50"),
    (lambda plans: tiny(plans)["resampling_fn_data_kwargs"].update(is_seg=True), "is_seg is for label maps"),
    (lambda plans: tiny(plans)["resampling_fn_seg_kwargs"].update(order={}), "resampling_fn_seg_kwargs needs"),
    (lambda plans: tiny(plans).update(inherits_from="tiny"), "inherits from itself"),
    (lambda plans: tiny(plans).update(inherits_from="other"), "one that is not there"),
    (lambda plans: tiny(plans).update(inherits_from=["tiny"]), "inherits_from needs"),
    (lambda plans: tiny(plans).pop("architecture"), "what older plans have"),
    (lambda plans: arguments(plans).update(n_stages=10**9), "no network has that size"),
    (lambda plans: arguments(plans).update(features_per_stage=[10**9, 8, 8]), "no network has that size"),
    (lambda plans: arguments(plans).update(features_per_stage=[float("nan"), 8, 8]), "no network has that size"),
    (lambda plans: arguments(plans).update(n_conv_per_stage=[60_000, 1, 1]), "more than 512 layers"),
    (lambda plans: arguments(plans).update(kernel_sizes=[[3, 3, 3]] * 5000), "more than 512 layers"),
    (lambda plans: arguments(plans).update(norm_op_kwargs={"device": "cpu"}), "says device of a layer"),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_what_no_network_and_no_image_has_is_refused(number: int) -> None:
    change, reason = CHANGES[number]
    plans = copy.deepcopy(TinyModel().plans)
    check_configuration(plans, "tiny", 1)
    change(plans)
    with pytest.raises(UnsafeModelError, match=reason):
        check_configuration(plans, "tiny", 1)


def test_every_configuration_of_a_real_planning_passes(trained: Trained) -> None:
    plans = json.loads((trained.folder / "plans.json").read_text())
    assert set(plans["configurations"]) >= {"2d", "3d_fullres", "tiny"}
    for name in plans["configurations"]:
        check_configuration(plans, name, 1)


def test_a_configuration_may_stand_on_another() -> None:
    plans = TinyModel().plans
    plans["configurations"]["mine"] = {"inherits_from": "tiny", "batch_size": 3}
    check_configuration(plans, "mine", 1)


def test_plans_of_older_versions_are_understood() -> None:
    plans = copy.deepcopy(TinyModel().plans)
    del tiny(plans)["architecture"]
    tiny(plans).update(
        UNet_class_name="PlainConvUNet",
        UNet_base_num_features=32,
        unet_max_num_features=320,
        n_conv_per_stage_encoder=[2, 2, 2],
        n_conv_per_stage_decoder=[2, 2],
        num_pool_per_axis=[2, 2, 2],
        pool_op_kernel_sizes=[[1, 1, 1], [2, 2, 2], [2, 2, 2]],
        conv_kernel_sizes=[[3, 3, 3]] * 3,
    )
    check_configuration(plans, "tiny", 1)
