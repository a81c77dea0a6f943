"""How sure to be, by what each evidence said of patients whom it had not seen."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnunet_ext.classification.classifier.calibration import Calibration
from nnunet_ext.classification.classifier.tempered import tempered
from nnunet_ext.classification.judge.arrays import Classes, Values
from nnunet_ext.classification.judge.calibration.temperature import fit_temperature
from nnunet_ext.classification.study.training_set import TrainingSet
from nnunet_ext.classification.tree_probabilities import Conditional, diagnosis_probabilities


@dataclass(frozen=True)
class Calibrated:
    """One evidence.

    Parameters
    ----------
    temperatures
        By node, from all patients.
    thresholds
        By node of two branches: from which probability of the first on it is decided for.
    calibration
        Out of fold; each fold's probabilities are tempered by what the others taught, so that sets drawn from them
        hold for patients on whom no temperature was fitted.
    """

    temperatures: Mapping[str, float]
    thresholds: Mapping[str, float]
    calibration: Calibration


def calibrate(training: TrainingSet, out_of_fold: Conditional) -> Calibrated:
    """Fit temperatures and thresholds.

    Parameters
    ----------
    training
        The patients.
    out_of_fold
        For each node P(branch | node), shape (patients, branches), by models that had not seen them.
    """
    nodes = training.taxonomy.decisions
    temperatures = {node: _temperature(training, node, out_of_fold[node]) for node in nodes}
    sure = tempered(out_of_fold, temperatures)
    thresholds = {
        node: _threshold(training.branch_at(node), sure[node])
        for node in nodes
        if len(training.taxonomy.branches(node)) == 2
    }
    leaves = diagnosis_probabilities(training.taxonomy, _cross_tempered(training, out_of_fold))
    return Calibrated(temperatures, thresholds, Calibration(training.truth, leaves))


def _temperature(training: TrainingSet, node: str, said: Values, but_fold: int | None = None) -> float:
    places = training.below(node, but_fold=but_fold)
    return fit_temperature(training.branch_at(node)[places], said[places]).value


def _cross_tempered(training: TrainingSet, out_of_fold: Conditional) -> Conditional:
    result = {node: np.array(values) for node, values in out_of_fold.items()}
    for fold in range(len(training.folds)):
        held = training.fold_of == fold
        others = {node: _temperature(training, node, said, fold) for node, said in out_of_fold.items()}
        of_fold = tempered({node: said[held] for node, said in out_of_fold.items()}, others)
        for node, values in of_fold.items():
            result[node][held] = values
    return result


def _threshold(branch: Classes, said: Values) -> float:
    """Find the threshold of the first branch that gets most of both branches right (Youden 1950, Cancer 3:32).

    Where several do, the one nearest to one half is taken: between two patients any would do.
    """
    concerned = branch >= 0
    first, chances = branch[concerned] == 0, said[concerned, 0]
    if not first.any() or first.all():
        return 0.5
    steps = np.unique(chances)
    tried = np.unique(np.concatenate([[0.5], (steps[1:] + steps[:-1]) / 2]))
    above = chances[None] >= tried[:, None]
    right = above[:, first].mean(axis=1) + (~above[:, ~first]).mean(axis=1)
    best = tried[right >= right.max() - 1e-12]
    return float(best[np.abs(best - 0.5).argmin()])
