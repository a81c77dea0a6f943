"""Where everything of a correction loop lies."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"round-(\d{3,})", re.ASCII)


@dataclass(frozen=True)
class Round:
    """The folder of one round.

    Parameters
    ----------
    folder
        In the folder of the loop.
    number
        From 1.
    """

    folder: Path
    number: int

    @property
    def scores(self) -> Path:
        """The table of what was measured in each image of the pool."""
        return self.folder / "scores.tsv"

    @property
    def query(self) -> Path:
        """The table of the cases that people are asked to correct, a row a case and rater."""
        return self.folder / "query.tsv"

    @property
    def suspects(self) -> Path:
        """The table of the labelled cases in which a model is sure and the label says otherwise."""
        return self.folder / "suspects.tsv"

    @property
    def to_correct(self) -> Path:
        """The folder that people get: a BIDS derivative."""
        return self.folder / "to_correct"

    @property
    def probabilities(self) -> Path:
        """The folder of what the model gave each voxel of the chosen cases. It stays at home."""
        return self.folder / "probabilities"

    def probability(self, case: str, region: str) -> Path:
        """Name the probabilities of one region in a chosen case; rounds of earlier versions have none."""
        return self.probabilities / f"{case}_{region}.nii.gz"

    @property
    def corrected(self) -> Path:
        """The folder of what was taken in from people, as it was taken in."""
        return self.folder / "corrected"

    @property
    def ingest(self) -> Path:
        """The table of what was taken in, a row a case and rater."""
        return self.folder / "ingest.tsv"

    @property
    def model(self) -> Path:
        """The folder of the model that was trained at the end of the round, with its figures."""
        return self.folder / "model"

    @property
    def training(self) -> Path:
        """The folder in which that model is until its training is over, as nnU-Net's results."""
        return self.folder / "training"

    @property
    def trained(self) -> Path:
        """What was trained, and from what."""
        return self.folder / "train.json"

    @property
    def tested(self) -> Path:
        """The folder of that model's predictions of the cases that are tested on."""
        return self.folder / "tested"

    @property
    def test_scores(self) -> Path:
        """The table of what these are worth, a row a case and region."""
        return self.folder / "test_scores.tsv"

    @property
    def test_lesions(self) -> Path:
        """The table of every lesion of the references and the predictions, found or not."""
        return self.folder / "test_lesions.tsv"

    @property
    def report(self) -> Path:
        """The page of the round."""
        return self.folder / "report.html"


@dataclass(frozen=True)
class Rounds:
    """The folder of a correction loop.

    Parameters
    ----------
    root
        That folder.
    """

    root: Path

    @property
    def settings(self) -> Path:
        """What was asked for, which people edit."""
        return self.root / "active.toml"

    @property
    def journal(self) -> Path:
        """What was done, a line each."""
        return self.root / "journal.jsonl"

    @property
    def pool(self) -> Path:
        """The table of the images that may be asked for."""
        return self.root / "pool.tsv"

    @property
    def matrix(self) -> Path:
        """The table of rounds by sites."""
        return self.root / "matrix.tsv"

    @property
    def forgetting(self) -> Path:
        """The table of what was gained and forgotten at each site."""
        return self.root / "forgetting.tsv"

    @property
    def left_out(self) -> Path:
        """The table of the images in the pool's folders that may not, each with its reason."""
        return self.root / "pool_left_out.tsv"

    @property
    def claim(self) -> Path:
        """Who works on the loop at this moment; there is no such file while nobody does."""
        return self.root / ".claim"

    def round(self, number: int) -> Round:
        """Give a round, whether it is there or not; they are counted from 1, and 0 is what the loop started from."""
        return Round(self.root / f"round-{number:03d}", number)

    def numbers(self) -> tuple[int, ...]:
        """List the numbers of the rounds that have a folder, in order."""
        if not self.root.is_dir():
            return ()
        found = (_NAME.fullmatch(entry.name) for entry in self.root.iterdir() if entry.is_dir())
        return tuple(sorted(int(match[1]) for match in found if match))
