"""A trained classifier, and what it says of patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnunet_ext.classification.classifier.calibration import Calibration
from nnunet_ext.classification.classifier.description import Description, read_description
from nnunet_ext.classification.classifier.fold_files import fold_folders, read_measured
from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.measured.contributions import Contributions, contributions
from nnunet_ext.classification.measured.design import Row
from nnunet_ext.classification.measured.models_file import read_models
from nnunet_ext.classification.measured.stack import StackModel
from nnunet_ext.classification.network.settings import CropSettings
from nnunet_ext.classification.tree_probabilities import Conditional, conditional_of_diagnoses
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.read_json import read_json_object

if TYPE_CHECKING:
    from nnunet_ext.classification.network.network import Network

CALIBRATION = "calibration.json"
STACK = "both.json"


@dataclass(frozen=True)
class Classifier:
    """A classifier's folder.

    Parameters
    ----------
    folder
        With the models of its folds.
    description
        What stands in its `classifier.json`.
    """

    folder: Path
    description: Description

    def untempered(self, rows: Sequence[Row], crops: Sequence[Path | None]) -> dict[Evidence, Conditional]:
        """Give the mean over the folds' models.

        Parameters
        ----------
        rows, crops
            Measures, and file of the crop, of each patient.

        Returns
        -------
        dict
            For each evidence and node P(branch | node), shape (patients, branches).
        """
        said: dict[Evidence, Conditional] = {}
        for evidence in self.description.evidences:
            if evidence is Evidence.NETWORK:
                said[evidence] = self._of_networks(crops)
            elif evidence is Evidence.BOTH:
                said[evidence] = self._of_stack(said)
            else:
                said[evidence] = self._of_measures(evidence, rows)
        return said

    def contributions(self, rows: Sequence[Row]) -> dict[str, Contributions]:
        """Take the logistic models of each node apart; of a classifier without them there are none."""
        if Evidence.LOGISTIC not in self.description.evidences:
            return {}
        taxonomy = self.description.taxonomy
        of_folds = [read_measured(place, Evidence.LOGISTIC, taxonomy) for place in self.folds]
        return {node: contributions([models[node] for models in of_folds], rows) for node in taxonomy.decisions}

    def crop_settings(self) -> CropSettings | None:
        """Say how its network wants crops cut; None of a classifier without one."""
        if Evidence.NETWORK not in self.description.evidences:
            return None
        from nnunet_ext.classification.network.network_file import read_network_settings  # noqa: PLC0415 - as below

        return read_network_settings(self.folds[0]).crop

    @cached_property
    def networks(self) -> tuple["Network", ...]:
        """The folds' networks, read once."""
        # Within the function: torch and MONAI are seconds of import, which measures alone need not wait for.
        from nnunet_ext.classification.network.network_file import read_network  # noqa: PLC0415

        return tuple(read_network(place) for place in self.folds)

    def calibration(self, evidence: Evidence) -> Calibration:
        """Read what validation taught about an evidence."""
        path = self.folder / CALIBRATION
        needed = "probabilities of validation were needed"
        content = read_json_object(path, needed, "get the classifier again")
        with refuse_malformed(path, needed, "get the classifier again"):
            return Calibration.of_content(content[str(evidence)])

    @property
    def folds(self) -> list[Path]:
        """The folders of its folds."""
        return fold_folders(self.folder, self.description.folds)

    def _of_measures(self, evidence: Evidence, rows: Sequence[Row]) -> Conditional:
        taxonomy = self.description.taxonomy
        of_folds = [
            {node: model.predict(rows) for node, model in read_measured(place, evidence, taxonomy).items()}
            for place in self.folds
        ]
        return {node: np.mean([each[node] for each in of_folds], axis=0) for node in taxonomy.decisions}

    def _of_networks(self, crops: Sequence[Path | None]) -> Conditional:
        from nnunet_ext.classification.network.crop_file import read_crop  # noqa: PLC0415 - as above

        taxonomy = self.description.taxonomy
        shown = [read_crop(file) for file in crops if file is not None]
        mean = np.mean([network.predict(shown) for network in self.networks], axis=0)
        return conditional_of_diagnoses(taxonomy, mean)

    def _of_stack(self, said: Mapping[Evidence, Conditional]) -> Conditional:
        models = read_models(self.folder / STACK, StackModel.from_json)
        return {
            node: model.predict({str(evidence): of[node] for evidence, of in said.items()})
            for node, model in models.items()
        }


def read_classifier(folder: Path) -> Classifier:
    """Read a classifier's description; its models are read when they are needed.

    Raises
    ------
    FileRefusedError
        Where the folder holds none.
    UnsafeModelError
        Where a file is not the one that it describes.
    """
    return Classifier(folder, read_description(folder))
