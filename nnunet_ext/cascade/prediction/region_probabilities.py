"""From a network's outputs to the probability of each region, and how far the folds are apart in it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.core.labels import Labelling

Probabilities = dict[str, npt.NDArray[np.float32]]
"""For each region its probability at each voxel."""


def region_probabilities(
    logits: npt.NDArray[np.floating[Any]] | torch.Tensor, regions: Labelling, model: NnunetModel
) -> Probabilities:
    """Turn logits into probabilities.

    Parameters
    ----------
    logits
        Shape (heads, x, y, z).
    model
        Where its regions overlap, each has a head and a sigmoid of its own. Else each label has a head, a softmax goes
        over them, and a region has the sum of its labels'.
    """
    found = np.asarray(model.labels.apply_inference_nonlin(logits))
    if regions.overlap:
        return dict(zip(regions.names, found, strict=True))
    heads = {int(label): head for head, label in enumerate(model.labels.all_labels)}
    return {name: np.sum([found[heads[value]] for value in values], axis=0) for name, values in regions.regions}


class FoldSpread:
    """The standard deviation of each region's probability over folds that are added one by one.

    Divided by the number of folds. By Welford's recurrence (Technometrics 4(3), 1962): one fold is held at a time.
    """

    def __init__(self) -> None:
        self._folds = 0
        self._means: Probabilities = {}
        self._squares: Probabilities = {}

    def add(self, probabilities: Probabilities) -> None:
        """Take in what one more fold says."""
        self._folds += 1
        for name, values in probabilities.items():
            if name not in self._means:
                self._means[name], self._squares[name] = np.zeros_like(values), np.zeros_like(values)
            before = values - self._means[name]
            self._means[name] += before / np.float32(self._folds)
            self._squares[name] += before * (values - self._means[name])

    def deviation(self) -> Probabilities:
        """Give it for each region."""
        return {name: np.sqrt(squares / np.float32(self._folds)) for name, squares in self._squares.items()}
