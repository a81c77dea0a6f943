"""nnU-Net's plain U-Net, as its plans describe it."""

from collections.abc import Sequence
from typing import Any


def plain_unet(
    features: Sequence[int],
    kernels: Sequence[Sequence[int]],
    strides: Sequence[Sequence[int]],
    convolutions: Sequence[int],
    convolutions_decoder: Sequence[int],
) -> dict[str, Any]:
    """Describe the network for `architecture` in a configuration.

    Parameters
    ----------
    features, kernels, strides, convolutions
        One for each stage, the finest first.
    convolutions_decoder
        One for each stage but the coarsest, the coarsest first.
    """
    return {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": len(features),
            "features_per_stage": list(features),
            "conv_op": "torch.nn.modules.conv.Conv3d",
            "kernel_sizes": [list(kernel) for kernel in kernels],
            "strides": [list(stride) for stride in strides],
            "n_conv_per_stage": list(convolutions),
            "n_conv_per_stage_decoder": list(convolutions_decoder),
            "conv_bias": True,
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
            "norm_op_kwargs": {"eps": 1e-5, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
