"""What each evidence says of patients whom its models had not seen: one model a fold, kept as soon as it is trained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from nnunet_ext.classification.classifier.description import TRAINING
from nnunet_ext.classification.classifier.fold_files import (
    has_measured,
    has_network,
    read_measured,
    write_measured,
)
from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.judge.arrays import Values
from nnunet_ext.classification.measured.design import Row
from nnunet_ext.classification.measured.fit_boosting import fit_boosting
from nnunet_ext.classification.measured.fit_logistic import fit_logistic
from nnunet_ext.classification.measured.node_patients import NodePatients
from nnunet_ext.classification.network.settings import NetworkSettings
from nnunet_ext.classification.study.training_set import TrainingSet
from nnunet_ext.classification.tree_probabilities import Conditional, conditional_of_diagnoses

Tell = Callable[[str], None]
"""Takes a few words on what is being done."""


class NodeModel(Protocol):
    """A model of measures at one node."""

    def predict(self, rows: Sequence[Row]) -> Values:
        """Give probabilities of shape (patients, branches)."""
        ...


@dataclass(frozen=True)
class FoldTraining:
    """Training of the models of all folds.

    Parameters
    ----------
    training
        The patients.
    columns
        Measures that may be fed.
    folder
        The classifier's; what is there already is taken as it is.
    seed
        Of every draw.
    network, device
        How networks are trained, and where.
    """

    training: TrainingSet
    columns: tuple[str, ...]
    folder: Path
    seed: int
    network: NetworkSettings
    device: str

    def of_measures(self, evidence: Evidence, tell: Tell) -> Conditional:
        """Train the models of measures of every fold, and give what they say of the fold that they had not seen.

        Raises
        ------
        DataRefusedError
            Where a branch has no training patient.
        """
        training = self.training
        found = self._empty()
        for fold in range(len(training.folds)):
            tell(f"{evidence}, fold {fold + 1} of {len(training.folds)}")
            place = self.folder / f"fold_{fold}"
            if not has_measured(place, evidence, training.taxonomy):
                nodes = training.taxonomy.decisions
                models = {node: self._fit(evidence, node, fold) for node in nodes}
                write_measured(place, evidence, models)
            held = np.flatnonzero(training.fold_of == fold)
            rows = [training.patients[at].values for at in held]
            for node, model in read_measured(place, evidence, training.taxonomy).items():
                found[node][held] = model.predict(rows)
        return found

    def of_networks(self, tell: Tell) -> Conditional:
        """Train the network of every fold, and give what it says of the fold that it had not seen."""
        # Within the function: torch and MONAI are seconds of import, which measures alone need not wait for.
        from nnunet_ext.classification.network.crop_file import read_crop  # noqa: PLC0415
        from nnunet_ext.classification.network.labelled import LabelledCrops  # noqa: PLC0415
        from nnunet_ext.classification.network.network_file import read_network, write_network  # noqa: PLC0415
        from nnunet_ext.classification.network.train import train_network  # noqa: PLC0415

        training, taxonomy = self.training, self.training.taxonomy
        crops = [read_crop(one.crop) for one in training.patients if one.crop is not None]
        said = np.full((len(crops), len(taxonomy.diagnoses)), np.nan)
        for fold in range(len(training.folds)):
            tell(f"network, fold {fold + 1} of {len(training.folds)}")
            place = self.folder / f"fold_{fold}"
            if not has_network(place):
                shown = np.flatnonzero(training.fold_of != fold)
                labelled = LabelledCrops(
                    [crops[at] for at in shown], [int(training.truth[at]) for at in shown], taxonomy.diagnoses
                )
                state = self.folder / TRAINING / f"network-fold_{fold}"
                network = train_network(labelled, self.network, state, self.seed + fold, device=self.device)
                place.mkdir(parents=True, exist_ok=True)
                write_network(place, network)
            held = np.flatnonzero(training.fold_of == fold)
            said[held] = read_network(place).predict([crops[at] for at in held])
        return conditional_of_diagnoses(taxonomy, said)

    def _fit(self, evidence: Evidence, node: str, fold: int) -> NodeModel:
        training = self.training
        places = training.below(node, but_fold=fold)
        patients = NodePatients(
            [training.patients[at].values for at in places],
            training.branch_at(node)[places],
            training.taxonomy.branches(node),
            self.columns,
            training.inner_folds(places, self.seed + 1 + fold),
        )
        return fit_logistic(patients) if evidence is Evidence.LOGISTIC else fit_boosting(patients, self.seed)

    def _empty(self) -> dict[str, Values]:
        training = self.training
        return {
            node: np.full((len(training.patients), len(training.taxonomy.branches(node))), np.nan)
            for node in training.taxonomy.decisions
        }
