"""Where zero signal lies in an image that nnU-Net has normalised."""

from typing import Final

import torch

_DARKEST_SHARE: Final = 0.005


def dark_level(channel: torch.Tensor) -> float:
    """Estimate which value stands for no signal.

    Physics acts on magnitudes, which start at zero; z-scoring has moved that zero to a value nobody wrote down. It is
    not the minimum, since nnU-Net's cubic resampling overshoots below air at sharp edges. In a patch without any air
    or bone the estimate is too bright, and what builds on it is milder than meant.

    Parameters
    ----------
    channel
        Any shape, at least one voxel.

    Returns
    -------
    float
        The 0.5th percentile; the value itself where the channel holds only one.
    """
    values = channel.flatten()
    rank = max(1, round(_DARKEST_SHARE * values.numel()))
    return float(values.kthvalue(rank).values)
