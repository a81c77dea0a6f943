"""nnU-Net's plans and description of a dataset of tissue maps."""

from dataclasses import asdict
from typing import Any, Final

from nnunet_ext.core.target import load_target
from nnunet_ext.trainers.plain_unet import plain_unet
from nnunet_ext.trainers.settings import PLANS_KEY
from nnunet_ext.trainers.spine_plan import FACES
from nnunet_ext.trainers.synthetic_recipe import BATCH, FEATURES, LEARNING_RATE, STEPS, Recipe

CONFIGURATION: Final = "3d_fullres"
PLANS_NAME: Final = "SyntheticPlans"
_AXES: Final = "LAS"
_FLAT: Final = 1.5  # a voxel this many times as long as it is wide is not convolved along its length at first


def synthetic_plans(recipe: Recipe, dataset_name: str) -> dict[str, Any]:
    """Write the plans of one recipe, for training and prediction alike.

    Parameters
    ----------
    recipe
        From `RECIPES`.
    dataset_name
        Of the preprocessed folder.
    """
    spacing = list(recipe.spacing)
    stages = len(FEATURES)
    flat = max(spacing) / min(spacing) >= _FLAT
    kernels = [[1, 3, 3] if flat else [3, 3, 3], *([3, 3, 3] for _ in FEATURES[1:])]
    strides = [[1, 1, 1], [1, 2, 2] if flat else [2, 2, 2], *([2, 2, 2] for _ in FEATURES[2:])]
    nothing = dict.fromkeys(("max", "mean", "median", "min", "percentile_00_5", "percentile_99_5", "std"), 0.0)
    return {
        "dataset_name": dataset_name,
        "plans_name": PLANS_NAME,
        "original_median_spacing_after_transp": spacing,
        "original_median_shape_after_transp": list(recipe.patch),
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": nothing},
        "configurations": {
            CONFIGURATION: {
                "data_identifier": f"{PLANS_NAME}_{CONFIGURATION}",
                "preprocessor_name": "DefaultPreprocessor",
                "batch_size": BATCH,
                "patch_size": list(recipe.patch),
                "median_image_size_in_voxels": [float(size) for size in recipe.patch],
                "spacing": spacing,
                "normalization_schemes": ["ZScoreNormalization"],
                "use_mask_for_norm": [False],
                "resampling_fn_data": "resample_data_or_seg_to_shape",
                "resampling_fn_seg": "resample_data_or_seg_to_shape",
                "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
                "resampling_fn_data_kwargs": {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None},
                "resampling_fn_seg_kwargs": {"is_seg": True, "order": 1, "order_z": 0, "force_separate_z": None},
                "resampling_fn_probabilities_kwargs": {
                    "is_seg": False, "order": 1, "order_z": 0, "force_separate_z": None,
                },
                "architecture": plain_unet(
                    FEATURES, kernels, strides, [1, *([2] * (stages - 1))], [*([2] * (stages - 2)), 1]
                ),
                "batch_dice": True,
                "painting": _painting(recipe),
                PLANS_KEY: {
                    "iterations_per_epoch": STEPS,
                    "validation_iterations_per_epoch": 4,
                    "save_every": 1,
                    "adamw_learning_rate": LEARNING_RATE,
                    "cpu_bf16": True,
                },
            }
        },
    }  # fmt: skip


def synthetic_dataset_json(recipe: Recipe) -> dict[str, Any]:
    """Describe a dataset of tissue maps as the images that are painted of them: what a trained model takes."""
    described = {
        **load_target(recipe.target).nnunet_keys(ignore=True),
        "numTraining": recipe.maps,
        "file_ending": ".nii.gz",
        "image_axes_nibabel": _AXES,
    }
    return described | ({"crop": {"margins_mm": dict.fromkeys(FACES, recipe.box_mm)}} if recipe.box_mm else {})


def _painting(recipe: Recipe) -> dict[str, Any]:
    return {
        "pool": list(recipe.pool),
        "margin": list(recipe.margin),
        "contrasts": {str(contrast): share for contrast, share in recipe.contrasts},
        "shares": list(recipe.shares),
        "fields": {**asdict(recipe.fields), "margins_mm": list(recipe.fields.margins_mm)},
        "warp": asdict(recipe.warp),
    }
