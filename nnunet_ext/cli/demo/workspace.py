"""What the demo's folder holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.raw_dataset import RawDataset

DATASET_NUMBER: Final = 900
PLANS: Final = "nnUNetPlans"
CONFIGURATION: Final = "3d_demo"


@dataclass(frozen=True)
class Workspace:
    """What lies below the folder of one demo, every intermediate product included."""

    root: Path

    @property
    def phantom(self) -> Path:
        """The synthetic BIDS dataset."""
        return self.root / "bids" / "phantom"

    @property
    def nnunet(self) -> Path:
        """The root for nnU-Net's three folders."""
        return self.root / "nnunet"

    @property
    def dataset(self) -> RawDataset:
        """The raw dataset."""
        return RawDataset.named(self.nnunet / "raw", DATASET_NUMBER, "SpinalCordDemo")

    @property
    def preprocessed(self) -> Path:
        """nnU-Net's folder of plans and preprocessed cases."""
        return self.nnunet / "preprocessed" / self.dataset.folder.name

    @property
    def results(self) -> Path:
        """nnU-Net's folder of trained models of this dataset."""
        return self.nnunet / "results" / self.dataset.folder.name

    def fold(self, trainer: str) -> Path:
        """Name the folder of the trained fold."""
        return self.results / f"{trainer}__{PLANS}__{CONFIGURATION}" / "fold_0"

    @property
    def to_predict(self) -> Path:
        """Copies of the images named on the command line."""
        return self.root / "to_predict"

    @property
    def predictions(self) -> Path:
        """What `predict` made of the held-out patients: label maps."""
        return self.root / "predictions"

    @property
    def images(self) -> Path:
        """What `predict` made of the images named on the command line: masks, each on its own file's grid."""
        return self.root / "images"

    @property
    def evaluation(self) -> Path:
        """What `evaluate` left."""
        return self.root / "evaluation"

    @property
    def biomarkers(self) -> Path:
        """What `biomarkers` left."""
        return self.root / "biomarkers"
