"""Where everything of a simulation lies."""

from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.layout import Rounds


@dataclass(frozen=True)
class Home:
    """A folder with nnU-Net's three folders in it, and what was said on the way.

    Parameters
    ----------
    root
        That folder.
    """

    root: Path

    @property
    def nnunet(self) -> Path:
        """The root of nnU-Net's raw, preprocessed and results folders."""
        return self.root / "nnunet"

    @property
    def rounds(self) -> Rounds:
        """The loop, where it is that of a run."""
        return Rounds(self.root / "rounds")

    @property
    def log(self) -> Path:
        """What the commands said."""
        return self.root / "log.txt"


@dataclass(frozen=True)
class Simulation:
    """The folder of a simulation.

    Parameters
    ----------
    root
        That folder.
    """

    root: Path

    @property
    def record(self) -> Path:
        """What was asked for, which cannot be changed on the way."""
        return self.root / "simulation.json"

    @property
    def curves(self) -> Path:
        """The table of values against the budget."""
        return self.root / "curves.tsv"

    @property
    def areas(self) -> Path:
        """The table of areas under the curves of the main region's Dice."""
        return self.root / "areas.tsv"

    @property
    def penalties(self) -> Path:
        """The pairwise penalty matrix of the same."""
        return self.root / "penalties.tsv"

    @property
    def effort(self) -> Path:
        """The table of what the corrections would have cost, beside what they brought."""
        return self.root / "effort.tsv"

    @property
    def verdict(self) -> Path:
        """What all that says, in words."""
        return self.root / "verdict.txt"

    @property
    def plot(self) -> Path:
        """The curves as a picture."""
        return self.root / "curves.svg"

    @property
    def dataset(self) -> Home:
        """The home of the dataset as it was when the simulation began: what all others are copied from."""
        return Home(self.root / "dataset")

    def start(self, seed: int) -> Home:
        """Give the home of the model that every strategy starts from with a seed."""
        return Home(self.root / "start" / f"seed-{seed}")

    def run(self, strategy: str, seed: int) -> Home:
        """Give the home of one loop."""
        return Home(self.root / "runs" / f"{strategy}-seed-{seed}")
