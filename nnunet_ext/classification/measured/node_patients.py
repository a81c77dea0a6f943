"""The training patients of one node of the tree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Classes, checked_classes
from nnunet_ext.classification.measured.design import Row, Values
from nnunet_ext.core.errors import DataRefusedError

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NodePatients:
    """What a model of a node is trained on: the patients below it.

    Parameters
    ----------
    rows
        Measures of each patient.
    truth
        Shape (patients,): the number of the branch that leads to their diagnosis.
    branches
        In the taxonomy's order.
    columns
        Measures that may be fed; those that are of no use here are left out by the fit.
    folds
        Inner folds, to choose a model by: for each the positions of the patients that it is validated on, while it is
        trained on all others here.

    Raises
    ------
    DataRefusedError
        Where rows, truth and folds are not of the same patients, or a branch has no patient.
    """

    rows: Sequence[Row]
    truth: Classes
    branches: tuple[str, ...]
    columns: tuple[str, ...]
    folds: Sequence[Indices] = ()

    def __post_init__(self) -> None:
        truth = checked_classes(self.truth, len(self.branches))
        if len(truth) != len(self.rows):
            raise DataRefusedError(f"a branch for each of {len(self.rows)} patients was needed, found {len(truth)}")
        lacking = [name for number, name in enumerate(self.branches) if not np.any(truth == number)]
        if lacking:
            raise DataRefusedError(
                f"a training patient of each of {', '.join(self.branches)} was needed, found none of "
                f"{', '.join(lacking)}; add patients, or take it out of the taxonomy"
            )
        check_folds(self.folds, len(truth))

    @property
    def shares(self) -> Values:
        """Share of the patients that each branch has, shape (branches,)."""
        return np.bincount(self.truth, minlength=len(self.branches)) / len(self.truth)

    def inner(self) -> Iterator[tuple["NodePatients", list[Row], Classes]]:
        """Yield for each inner fold the training patients, and the rows and truth of those that it is validated on.

        A fold without which a branch has no patient left is passed over: there is nothing to train.
        """
        truth = np.asarray(self.truth)
        for fold in self.folds:
            rest = np.setdiff1d(np.arange(len(truth)), fold)
            if len(fold) and len(np.unique(truth[rest])) == len(self.branches):
                training = NodePatients([self.rows[place] for place in rest], truth[rest], self.branches, self.columns)
                yield training, [self.rows[place] for place in fold], truth[fold]


def check_folds(folds: Sequence[Indices], patients: int) -> None:
    """Refuse folds that are not a part of so many patients each, with none in two.

    Raises
    ------
    DataRefusedError
        Where a position stands twice, or is no patient's.
    """
    held = np.concatenate([np.asarray(fold, dtype=np.int64).ravel() for fold in folds]) if len(folds) else np.array([])
    if len(np.unique(held)) < len(held) or np.any((held < 0) | (held >= patients)):
        raise DataRefusedError(f"folds that hold each of {patients} patients once were needed, found other positions")
