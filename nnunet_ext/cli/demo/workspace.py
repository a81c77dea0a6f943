"""What the demo's folder holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.raw_dataset import RawDataset

DATASET_NUMBER: Final = 900
DATASET_NAME: Final = "SpinalCordDemo"
PLANS: Final = "nnUNetPlans"
CONFIGURATION: Final = "3d_demo"


@dataclass(frozen=True)
class Workspace:
    """The folder of one demo, every intermediate product included.

    Parameters
    ----------
    root
        The folder that the user named.
    """

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
        return RawDataset.named(self.nnunet / "raw", DATASET_NUMBER, DATASET_NAME)

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
        """Images in nnU-Net's naming: the held-out patients' and those named on the command line."""
        return self.root / "to_predict"

    @property
    def predictions(self) -> Path:
        """What the model made of them, on the same grids."""
        return self.root / "predictions"

    @property
    def images(self) -> Path:
        """Masks of the images named on the command line, each on its own file's grid."""
        return self.root / "images"

    @property
    def evaluation(self) -> Path:
        """The tables of metrics."""
        return self.root / "evaluation"

    @property
    def report(self) -> Path:
        """The page."""
        return self.root / "report.html"

    @property
    def steps(self) -> Path:
        """One small file for each step that was begun."""
        return self.root / ".steps"

    def claim(self) -> None:
        """Make the folder, or go on in one that a demo made.

        Raises
        ------
        ConflictError
            Where it holds something else, which the demo must not mix with its own.
        """
        if self.root.exists() and (not self.root.is_dir() or (any(self.root.iterdir()) and not self.steps.is_dir())):
            raise ConflictError(
                f"{self.root}: an empty or new folder was needed, or one of an earlier demo; found "
                f"something else; try: nnunet_ext demo {self.root}-demo"
            )
        self.steps.mkdir(parents=True, exist_ok=True)
