"""Patients drawn again and again."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnunet_ext.classification.judge.arrays import Classes


@dataclass(frozen=True)
class Resampling:
    """How to draw patients with replacement: the same settings draw the same ones.

    Parameters
    ----------
    times
        How often.
    seed
        Of the draws.
    stratified
        Whether each class keeps its number of patients, as where they were recruited class by class.
    """

    times: int = 2000
    seed: int = 0
    stratified: bool = False


def resample(truth: Classes, resampling: Resampling) -> Iterator[Classes]:
    """Yield the positions of the patients of each draw, shape (n,), as many as there are patients.

    Parameters
    ----------
    truth
        Shape (n,), the class of each patient, used where the draws are stratified.
    resampling
        How to draw.
    """
    rng = np.random.default_rng(resampling.seed)
    everyone = np.arange(truth.size)
    strata = [np.flatnonzero(truth == number) for number in np.unique(truth)] if resampling.stratified else [everyone]
    for _ in range(resampling.times):
        yield np.concatenate([stratum[rng.integers(stratum.size, size=stratum.size)] for stratum in strata])
