"""Models with the weights of chance: what they draw is a texture that hangs on every voxel, so that any slip shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.read_checkpoint import TrainedModel
from nnunet_ext.core.volume import Volume
from nnunet_ext.models.load import load_model

CORD_LESION: Mapping[str, Any] = {
    "labels": {"background": 0, "sc": [1, 2], "lesion": 2},
    "regions_class_order": [1, 2],
}
PLAIN: Mapping[str, Any] = {"labels": {"background": 0, "cord": 1, "canal": 2, "ignore": 3}}

LINEAR: Mapping[str, Any] = {"is_seg": False, "order": 1, "order_z": 0, "force_separate_z": None}
CUBIC: Mapping[str, Any] = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}


@dataclass(frozen=True)
class TinyModel:
    """A model that fits into a test.

    Parameters
    ----------
    labels
        What `dataset.json` says of them.
    patch, spacing
        Of the configuration: three numbers or, for a 2-D one, two.
    channels, folds
        How many.
    reader
        Of the plans.
    transpose
        Of the plans, forward.
    mirrored
        Axes of the patch that may be mirrored.
    dataset
        More keys of `dataset.json`.
    configuration
        More keys of the configuration.
    trainer
        Named in the checkpoints.
    """

    labels: Mapping[str, Any] = field(default_factory=lambda: CORD_LESION)
    patch: Sequence[int] = (8, 16, 16)
    spacing: Sequence[float] = (1.0, 1.0, 1.0)
    channels: int = 1
    folds: int = 1
    reader: str = "NibabelIO"
    transpose: Sequence[int] = (0, 1, 2)
    mirrored: tuple[int, ...] | None = (0, 1)
    dataset: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    trainer: str = "nnUNetTrainer"

    @property
    def dataset_json(self) -> dict[str, Any]:
        names = {str(channel): f"MRI{channel}" for channel in range(self.channels)}
        return {"channel_names": names, **self.labels, "numTraining": 1, "file_ending": ".nii.gz", **self.dataset}

    @property
    def plans(self) -> dict[str, Any]:
        forward = list(self.transpose)
        per_channel = {str(channel): {"mean": 100.0, "std": 20.0} for channel in range(self.channels)}
        return {
            "dataset_name": "Dataset900_Tiny",
            "plans_name": "nnUNetPlans",
            "original_median_spacing_after_transp": [1.0, 1.0, 1.0],
            "image_reader_writer": self.reader,
            "transpose_forward": forward,
            "transpose_backward": [forward.index(axis) for axis in range(3)],
            "label_manager": "LabelManager",
            "foreground_intensity_properties_per_channel": per_channel,
            "configurations": {"tiny": {**self._configuration(), **self.configuration}},
        }

    def write(self, folder: Path) -> Path:
        """Write it as nnU-Net leaves a model, and give the folder."""
        import torch

        write_json(folder / "plans.json", self.plans)
        write_json(folder / "dataset.json", self.dataset_json)
        for fold in range(self.folds):
            content = {
                "network_weights": self.network(seed=fold).state_dict(),
                "trainer_name": self.trainer,
                "init_args": {"configuration": "tiny"},
                "inference_allowed_mirroring_axes": self.mirrored,
            }
            (folder / f"fold_{fold}").mkdir(parents=True)
            torch.save(content, folder / f"fold_{fold}" / "checkpoint_final.pth")
        return folder

    def in_memory(self) -> TrainedModel:
        """Give it without weights."""
        return TrainedModel("tiny", self.plans, self.dataset_json, "tiny", self.trainer, self.mirrored, ())

    def load(self, folder: Path) -> TrainedModel:
        return load_model(self.write(folder))

    def network(self, seed: int) -> Any:  # noqa: ANN401 - nnU-Net ships no annotations
        import torch
        from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

        architecture = self._configuration()["architecture"]
        named = len(set(self.labels["labels"]) - {"ignore"})
        heads = named - 1 if "regions_class_order" in self.labels else named
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = get_network_from_plans(
                architecture["network_class_name"],
                architecture["arch_kwargs"],
                architecture["_kw_requires_import"],
                self.channels,
                heads,
                deep_supervision=False,
            )
        for layer in network.decoder.seg_layers:  # so that no head has the upper hand everywhere
            layer.weight.data -= layer.weight.data.mean(dim=1, keepdim=True)
        return network

    def _configuration(self) -> dict[str, Any]:
        axes = len(self.patch)
        return {
            "data_identifier": "tiny",
            "preprocessor_name": "DefaultPreprocessor",
            "batch_size": 2,
            "patch_size": list(self.patch),
            "spacing": list(self.spacing),
            "normalization_schemes": ["ZScoreNormalization"] * self.channels,
            "use_mask_for_norm": [False] * self.channels,
            "resampling_fn_data": "resample_data_or_seg_to_shape",
            "resampling_fn_data_kwargs": dict(CUBIC),
            "resampling_fn_seg": "resample_data_or_seg_to_shape",
            "resampling_fn_seg_kwargs": {**LINEAR, "is_seg": True},
            "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
            "resampling_fn_probabilities_kwargs": dict(LINEAR),
            "architecture": {
                "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
                "arch_kwargs": {
                    "n_stages": 3,
                    "features_per_stage": [4, 8, 8],
                    "conv_op": f"torch.nn.modules.conv.Conv{axes}d",
                    "kernel_sizes": [[3] * axes] * 3,
                    "strides": [[1] * axes, [2] * axes, [2] * axes],
                    "n_conv_per_stage": [1, 1, 1],
                    "n_conv_per_stage_decoder": [1, 1],
                    "conv_bias": True,
                    "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{axes}d",
                    "norm_op_kwargs": {"eps": 1e-5, "affine": True},
                    "dropout_op": None,
                    "dropout_op_kwargs": None,
                    "nonlin": "torch.nn.LeakyReLU",
                    "nonlin_kwargs": {"inplace": True},
                },
                "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
            },
        }


def noise(
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    axes: str = "LAS",
    *,
    seed: int = 1,
    turned: float = 0.0,
    air: int = 0,
) -> Volume:
    """Make an image of smooth noise, oblique by `turned` radians, with planes of zeros at two of its sides."""
    generator = np.random.default_rng(seed)
    values = generator.normal(100, 20, shape).astype(np.float32)
    values += 40 * np.sin(np.arange(shape[0]) / 3)[:, None, None].astype(np.float32)
    if air:
        values[:air] = 0
        values[:, -air:] = 0
    rotation = nib.eulerangles.euler2mat(turned, turned / 2, turned / 3)
    affine = nib.affines.from_matvec(rotation @ np.diag([-spacing[0], *spacing[1:]]), (30, -20, 10))
    return reorient(Volume(values, affine), axes)
