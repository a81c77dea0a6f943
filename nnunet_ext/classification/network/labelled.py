"""The patients that a network is trained on."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from nnunet_ext.classification.network.crop import Crop
from nnunet_ext.classification.network.network import stacked
from nnunet_ext.classification.network.settings import NetworkSettings
from nnunet_ext.core.errors import DataRefusedError

_FEWEST = 2


@dataclass(frozen=True, eq=False)
class LabelledCrops:
    """Patients with their diagnoses.

    Parameters
    ----------
    crops
        Of the same channels and settings.
    truth
        For each the index of its diagnosis.
    diagnoses
        That are told apart.
    validation
        Indices of crops that are not trained on, but choose the epoch whose weights are taken; empty for the last.
    """

    crops: Sequence[Crop]
    truth: Sequence[int]
    diagnoses: Sequence[str]
    validation: Sequence[int] = ()

    @property
    def training(self) -> list[int]:
        """Indices of the crops that are trained on."""
        held = set(self.validation)
        return [index for index in range(len(self.crops)) if index not in held]

    def check(self) -> None:
        """Refuse what nothing can be learned from.

        Raises
        ------
        DataRefusedError
            With what was needed.
        """
        classes = len(self.diagnoses)
        if len(self.truth) != len(self.crops) or not all(0 <= index < classes for index in self.truth):
            raise DataRefusedError(
                f"a diagnosis from 0 to {classes - 1} for each of {len(self.crops)} crops was needed, found "
                f"{len(self.truth)}: {sorted(set(self.truth))}"
            )
        if not all(0 <= index < len(self.crops) for index in self.validation):
            raise DataRefusedError(f"validation patients of {len(self.crops)} were needed, found {self.validation}")
        kinds = {self.truth[index] for index in self.training}
        if len(kinds) < _FEWEST:
            raise DataRefusedError(
                f"a network needs patients of {_FEWEST} diagnoses or more, found {len(self.training)} patients of "
                f"{', '.join(self.diagnoses[kind] for kind in kinds) or 'none'}; add patients, or leave the network out"
            )

    def digest(self, settings: NetworkSettings, seed: int) -> str:
        """Give the SHA-256 of all that decides on a training's result."""
        channels = self.crops[0].channels
        said = [settings.content(), channels, list(self.diagnoses), list(self.truth), list(self.validation), seed]
        found = hashlib.sha256(json.dumps(said, default=int).encode())
        found.update(stacked(self.crops, channels, settings).tobytes())
        found.update(repr([crop.present for crop in self.crops]).encode())
        return found.hexdigest()
