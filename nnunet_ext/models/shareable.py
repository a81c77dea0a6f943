"""What of a model's JSON files may leave the house."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nnunet_ext.core.errors import DataRefusedError

# Lists of what is kept, not of what is dropped: nobody knows what else a lab writes into these files.
_DATASET_KEYS: Final = frozenset(
    {
        "channel_names", "modality", "labels", "regions_class_order", "numTraining", "file_ending",
        "overwrite_image_reader_writer", "image_orientation", "image_axes_nibabel", "target", "classes", "within",
        "unions", "licence", "license",
    }
)  # fmt: skip
_PLANS_KEYS: Final = frozenset(
    {
        "dataset_name", "plans_name", "original_median_spacing_after_transp", "original_median_shape_after_transp",
        "image_reader_writer", "transpose_forward", "transpose_backward", "configurations", "experiment_planner_used",
        "label_manager", "foreground_intensity_properties_per_channel", "foreground_intensity_properties_by_modality",
    }
)  # fmt: skip
_CONFIGURATION_KEYS: Final = frozenset(
    {
        "inherits_from", "data_identifier", "preprocessor_name", "batch_size", "patch_size",
        "median_image_size_in_voxels", "spacing", "normalization_schemes", "use_mask_for_norm", "batch_dice",
        "resampling_fn_data", "resampling_fn_seg", "resampling_fn_probabilities", "resampling_fn_data_kwargs",
        "resampling_fn_seg_kwargs", "resampling_fn_probabilities_kwargs", "architecture", "previous_stage",
        "next_stage", "UNet_class_name", "UNet_base_num_features", "n_conv_per_stage_encoder",
        "n_conv_per_stage_decoder", "num_pool_per_axis", "pool_op_kernel_sizes", "conv_kernel_sizes",
        "unet_max_num_features",
    }
)  # fmt: skip
_PRIVATE: Final = {
    "a subject": re.compile(r"(?<![A-Za-z0-9])sub-[A-Za-z0-9]+"),
    "a local path": re.compile(r"(?<![\w.:/])(?:~|/[\w.-]+)/[\w.-]+|(?<![A-Za-z0-9])[A-Za-z]:\\|\\\\\w"),
}


@dataclass(frozen=True)
class Shareable:
    """A file's content for others, its keys in their order, and the keys that stay here."""

    content: dict[str, Any]
    left_out: tuple[str, ...]


def shareable_dataset_json(content: Mapping[str, Any]) -> Shareable:
    """Keep what prediction needs, `image_orientation` and the licence; the list of cases stays here.

    Of the crop to the cord that a dataset went through its margins are kept, and the name of its source is not.
    """
    kept = _kept(content, _DATASET_KEYS)
    crop = content.get("crop")
    if not isinstance(crop, Mapping) or "margins_mm" not in crop:
        return kept
    left_out = [key for key in kept.left_out if key != "crop"] + [f"crop.{key}" for key in crop if key != "margins_mm"]
    return Shareable({**kept.content, "crop": {"margins_mm": crop["margins_mm"]}}, tuple(left_out))


def shareable_plans(plans: Mapping[str, Any]) -> Shareable:
    """Keep nnU-Net's own keys, of the plans and of each configuration."""
    kept = _kept(plans, _PLANS_KEYS)
    left_out = list(kept.left_out)
    configurations = {}
    for name, configuration in kept.content["configurations"].items():
        if not isinstance(configuration, Mapping):
            raise DataRefusedError(f"plans.json: the configuration {name!r:.100} needs settings by name; plan anew")
        of_this = _kept(configuration, _CONFIGURATION_KEYS)
        configurations[name] = of_this.content
        left_out.extend(f"{name}.{key}" for key in of_this.left_out)
    return Shareable({**kept.content, "configurations": configurations}, tuple(left_out))


def refuse_private(where: str, text: str) -> None:
    """Refuse a text that looks as if it named a patient or a place on somebody's disk.

    Raises
    ------
    DataRefusedError
        With the words that look so.
    """
    for what, pattern in _PRIVATE.items():
        if found := pattern.search(text):
            raise DataRefusedError(
                f"{where} would tell {what}: {found.group()!r}; nothing was exported. Take it out where it comes from"
            )


def _kept(content: Mapping[str, Any], keys: frozenset[str]) -> Shareable:
    kept = {key: value for key, value in content.items() if key in keys}
    return Shareable(kept, tuple(key for key in content if key not in keys))
