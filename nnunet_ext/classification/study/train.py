"""Training a classifier: every evidence out of fold, stacked, calibrated, and the simplest good one recommended."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.classification.classifier.classifier import CALIBRATION, STACK
from nnunet_ext.classification.classifier.description import Description
from nnunet_ext.classification.classifier.fold_files import fold_folders, measured_files, network_files
from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.judge.arrays import Values
from nnunet_ext.classification.measured.choose import Recommendation, recommend
from nnunet_ext.classification.measured.models_file import write_models
from nnunet_ext.classification.measured.normal import fit_normal
from nnunet_ext.classification.measured.stack import StackModel, cross_fit_stack, fit_stack
from nnunet_ext.classification.network.settings import NetworkSettings
from nnunet_ext.classification.study.calibrate import calibrate
from nnunet_ext.classification.study.out_of_fold import FoldTraining, Tell
from nnunet_ext.classification.study.training_set import TrainingSet
from nnunet_ext.classification.tree_probabilities import Conditional
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import UsageError

WARNINGS: Final = (
    "For research only, never for a diagnosis. Look at the lesion mask first: the answer can be no better.",
    "It knows the diagnoses that it was trained on, and takes any other disease for one of them.",
)
PROBABILITY: Final = "probability"
MASK: Final = "mask"

_FEW: Final = 20
_PACKAGES: Final = ("nnunet_ext", "scikit-learn", "numpy")


@dataclass(frozen=True)
class TrainingSettings:
    """How a classifier is trained.

    Parameters
    ----------
    evidences
        Which models are trained; `BOTH` needs two others.
    coverage
        Of the sets that `predict` gives where nothing else is asked for.
    seed
        Of every draw.
    network, device
        How networks are trained, and where.
    masks, segmentation
        Whose lesion masks: `predicted` or `manual`, and by which model.
    probability
        Whether networks are shown a lesion's probability in place of its mask.

    Raises
    ------
    UsageError
        Where nothing is to be trained, or the coverage is none.
    """

    evidences: tuple[Evidence, ...] = tuple(Evidence)
    coverage: float = 0.9
    seed: int = 0
    network: NetworkSettings = field(default_factory=NetworkSettings)
    device: str = "cpu"
    masks: str = "manual"
    segmentation: str = ""
    probability: bool = False

    def __post_init__(self) -> None:
        single = [one for one in self.evidences if one is not Evidence.BOTH]
        if not single or (len(single) < 2 and Evidence.BOTH in self.evidences):
            raise UsageError(
                f"models to train were needed, {Evidence.BOTH} needs two others; "
                f"found {', '.join(self.evidences) or 'none'}"
            )
        if not 0 < self.coverage < 1:
            raise UsageError(f"a coverage between 0 and 1 was needed, such as 0.9, found {self.coverage:g}")


@dataclass(frozen=True)
class Trained:
    """A trained classifier.

    Parameters
    ----------
    description
        As its folder says it.
    recommendation
        Which evidence counts, with what each lost.
    """

    description: Description
    recommendation: Recommendation


def train_classifier(
    training: TrainingSet,
    channels: tuple[str, ...],
    columns: tuple[str, ...],
    settings: TrainingSettings,
    folder: Path,
    tell: Tell,
) -> Trained:
    """Train a classifier; models that are there already are taken as they are.

    Parameters
    ----------
    training
        The patients.
    channels, columns
        Contrasts, and measures that may be fed.
    settings
        See there.
    folder
        The classifier's.
    tell
        Takes a few words on what is being done.

    Raises
    ------
    DataRefusedError
        Where a fold has no patient of a branch.
    """
    begun = time.monotonic()
    folds = FoldTraining(training, columns, folder, settings.seed, settings.network, settings.device)
    said = _said(folds, settings.evidences, tell)
    tell("calibrating")
    calibrated = {evidence: calibrate(training, of) for evidence, of in said.items()}
    leaves = {str(evidence): one.calibration.probabilities for evidence, one in calibrated.items()}
    recommendation = recommend(training.truth, leaves)
    write_json(folder / CALIBRATION, {str(name): one.calibration.content() for name, one in calibrated.items()})
    description = Description(
        taxonomy=training.taxonomy,
        channels=channels,
        columns=columns,
        evidences=tuple(said),
        recommended=Evidence(recommendation.evidence),
        reason=recommendation.reason,
        folds=len(training.folds),
        seed=settings.seed,
        coverage=settings.coverage,
        temperatures={evidence: dict(one.temperatures) for evidence, one in calibrated.items()},
        thresholds={evidence: dict(one.thresholds) for evidence, one in calibrated.items()},
        usual=fit_normal([one.values for one in training.patients], columns).to_json(),
        trained=_trained(training, settings, time.monotonic() - begun),
        warnings=(*WARNINGS, *_few(training)),
    )
    description.write(folder, shared_files(folder, description))
    return Trained(description, recommendation)


def shared_files(folder: Path, description: Description) -> list[Path]:
    """List the files that predict with a classifier, besides its description."""
    files = [folder / CALIBRATION]
    for place in fold_folders(folder, description.folds):
        for evidence in description.evidences:
            if evidence is Evidence.NETWORK:
                files += network_files(place)
            elif evidence is not Evidence.BOTH:
                files += measured_files(place, evidence, description.taxonomy)
    return [*files, folder / STACK] if Evidence.BOTH in description.evidences else files


def _said(folds: FoldTraining, evidences: Sequence[Evidence], tell: Tell) -> dict[Evidence, Conditional]:
    """Train every evidence, and give what each says out of fold; the stack comes last."""
    said: dict[Evidence, Conditional] = {}
    for one in evidences:
        if one is not Evidence.BOTH:
            said[one] = folds.of_networks(tell) if one is Evidence.NETWORK else folds.of_measures(one, tell)
    if Evidence.BOTH in evidences:
        tell("both: weighing the evidences")
        said[Evidence.BOTH] = _stacked(folds.training, said, folds.folder)
    return said


def _stacked(training: TrainingSet, said: Mapping[Evidence, Conditional], folder: Path) -> Conditional:
    """Stack at each node, on the patients whom it concerns; the others get what the stack of all of these says."""
    models: dict[str, StackModel] = {}
    found: dict[str, Values] = {}
    for node in training.taxonomy.decisions:
        branches, places = training.taxonomy.branches(node), training.below(node)
        truth, fold_of = training.branch_at(node)[places], training.fold_of[places]
        given = {str(evidence): of[node] for evidence, of in said.items()}
        concerned = {name: values[places] for name, values in given.items()}
        models[node] = fit_stack(concerned, truth, branches)
        found[node] = np.array(models[node].predict(given))
        folds = [np.flatnonzero(fold_of == number) for number in range(len(training.folds))]
        found[node][places] = cross_fit_stack(concerned, truth, branches, folds)
    write_models(folder / STACK, models)
    return found


def _few(training: TrainingSet) -> tuple[str, ...]:
    counts = {name: training.diagnoses.count(name) for name in training.taxonomy.diagnoses}
    few = [f"{name} ({count})" for name, count in counts.items() if count < _FEW]
    return (f"Trained on few patients of {', '.join(few)}: expect little of it there.",) if few else ()


def _trained(training: TrainingSet, settings: TrainingSettings, seconds: float) -> dict[str, Any]:
    of_network = ("torch", "monai") if Evidence.NETWORK in settings.evidences else ()
    return {
        "patients": {name: training.diagnoses.count(name) for name in training.taxonomy.diagnoses},
        "sites": len(set(training.sites)),
        "masks": settings.masks,
        "segmentation": settings.segmentation,
        "lesion_channel": PROBABILITY if settings.probability else MASK,
        "versions": {package: version(package) for package in (*_PACKAGES, *of_network)},
        "seconds": round(seconds, 1),
    }
