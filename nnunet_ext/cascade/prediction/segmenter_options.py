"""How a model is run, said without torch."""

from dataclasses import dataclass

from nnunet_ext.cascade.prediction.engines import Engine


@dataclass(frozen=True)
class SegmenterOptions:
    """How a model is run.

    Parameters
    ----------
    device
        `cpu`, `cuda`, `cuda:1` or `mps`.
    mirroring
        Whether the mean over mirrored images is taken, along the axes that the model was trained for.
    engine
        That runs the network.
    step
        Distance of neighbouring tiles as a share of the tile, above 0 and at most 1.
    disagreement, probabilities
        Whether a `Segmentation` tells them.
    """

    device: str = "cpu"
    mirroring: bool = True
    engine: Engine = Engine.TORCH
    step: float = 0.5
    disagreement: bool = False
    probabilities: bool = False
