"""The two files of a case that `nnUNetv2_ensemble` reads: probabilities, and what it needs to write their mean."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from nnunetv2.imageio.reader_writer_registry import recursive_find_reader_writer_by_name

from nnunet_ext.cascade.prediction.nnunet_model import READER_TURNS_TO
from nnunet_ext.cascade.prediction.preprocess import NetworkAxes
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.volume import Volume


@dataclass(frozen=True)
class EnsembleFiles:
    """Where they go: `CASE.npz` and `CASE.pkl`, beside the label map `CASE.nii.gz`."""

    probabilities: Path
    properties: Path


def write_for_ensemble(
    files: EnsembleFiles,
    label_map: Path,
    probabilities: Mapping[str, npt.NDArray[np.float32]],
    grid: Volume,
    regions: Labelling,
    reader: str,
) -> None:
    """Write a case as `nnUNetv2_predict --save_probabilities` does.

    Parameters
    ----------
    label_map
        The case's, written: nnU-Net's own reader says of it what its writer needs.
    probabilities
        Of each region, shape (i, j, k), before post-processing.
    grid
        Shape and affine of the image.
    regions
        Of the model. Where they overlap each has a channel; else each label has one, and the background the first.
    reader
        Name of nnU-Net's reader in the model's plans: the arrays lie as it reads the image.
    """
    _, properties = recursive_find_reader_writer_by_name(reader)().read_images([str(label_map)])
    frame = NetworkAxes.of_reader(grid.data.shape, grid.affine, READER_TURNS_TO[reader])
    channels = [frame.view(channel) for channel in _channels(probabilities, regions)]
    np.savez_compressed(files.probabilities, probabilities=np.stack(channels).astype(np.float32, copy=False))
    files.properties.write_bytes(pickle.dumps(properties))


def _channels(
    probabilities: Mapping[str, npt.NDArray[np.float32]], regions: Labelling
) -> list[npt.NDArray[np.float32]]:
    if regions.overlap:
        return [probabilities[name] for name in regions.names]
    labels = sorted(regions.regions, key=lambda region: region[1])
    given = [probabilities[name] for name, _ in labels]
    rest = np.float32(1) - np.sum(given, axis=0, dtype=np.float32)
    return [np.maximum(rest, np.float32(0)), *given]
