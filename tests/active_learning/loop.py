"""Beginnings of correction loops: a labelled dataset, a pool, a model."""

import io
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.pool import read_pool
from nnunet_ext.active_learning.round_state import EXCHANGED, QUERIED
from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.tables import Row, table_text
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from tests.conftest import SmallBids

DATASET: Final = "Dataset501_Cord"
PATIENTS: Final = 6


@dataclass(frozen=True)
class Loop:
    """A folder with everything that a loop begins with.

    Parameters
    ----------
    root
        `zurich` is a labelled BIDS dataset, `geneva` one without labels, `models` the ones that come with the package.
    """

    root: Path

    @property
    def rounds(self) -> Rounds:
        return Rounds(self.root / "rounds")

    @property
    def zurich(self) -> SmallBids:
        return SmallBids(self.root / "zurich")

    @property
    def geneva(self) -> SmallBids:
        return SmallBids(self.root / "geneva")

    @property
    def dataset(self) -> RawDataset:
        return RawDataset(self.root / "nnunet" / "raw" / DATASET)

    @property
    def cases(self) -> list[Row]:
        return list(read_cases(self.dataset.folder))

    @property
    def tested(self) -> list[str]:
        """Subjects who are tested on."""
        return sorted({row["subject"] for row in self.cases if row["split"] == "test"})

    @property
    def begun(self) -> dict[str, Any]:
        """What the journal says of the beginning."""
        (entry,) = Journal(self.rounds.journal).entries()
        return dict(entry.fields)

    def write(self) -> "Loop":
        """Write the pool and the models."""
        for number in range(3):
            self.geneva.image(f"sub-g{number}_T2w")
        for name, labels in (("cord", {"sc": 1}), ("cord-lesion", {"sc": [1, 2], "lesion": 2})):
            folder = self.root / "models" / name
            write_json(folder / "plans.json", {"configurations": {}, "model": name})
            write_json(folder / "dataset.json", {"labels": {"background": 0, **labels, "ignore": 3}})
        return self

    def with_networks(self) -> "Loop":
        """Put models that predict in the place of those that only stand there."""
        from tests.models.default_room import make_default_models

        shutil.rmtree(self.root / "models")
        make_default_models(self.root / "models")
        return self

    def label(self, *arguments: object) -> "Loop":
        """Write the labelled dataset, and convert it."""
        for number in range(PATIENTS):
            self.zurich.case(f"sub-{number}_T2w")
        code, said = self.call("convert", self.zurich.root, "-d", 501, "-n", "Cord", "--pictures", 0, *arguments)
        assert code == 0, said
        return self

    def init(self, *arguments: object) -> tuple[int, str]:
        """Begin, with the pool."""
        return self.call("active", "init", self.rounds.root, "--pool", self.geneva.root, *arguments)

    def hand_out(self, *raters: str) -> None:
        """Give all cases of the pool to all raters, as a first round's query would; what is predicted is right."""
        predicted, one = SmallBids(self.root / "predicted"), self.rounds.round(1)
        rows = [{**row, "rater": rater} for row in read_pool(self.rounds) for rater in raters or ("n/a",)]
        write_text(one.query, table_text(rows, list(rows[0])))
        chosen = []
        for row in rows:
            masks = predicted.labels(Path(row["image"]).name.removesuffix(".nii.gz"))
            chosen.append(ChosenCase.of_row(row, self.geneva.root, masks, "e" * 64))
        settings = ExchangeSettings(load_target("cord-lesion"))
        write_exchange(one.to_correct, chosen, settings, {"geneva": self.geneva.root})
        for event in (QUERIED, EXCHANGED):
            Journal(self.rounds.journal).append(event, {"round": 1})

    def mark(self, rows: Sequence[Row], number: int = 1) -> None:
        """Let the one rater write `marks.tsv`, and take the round in."""
        columns = ["case", "region", "action", "slices", "comment"]
        whole = [{**dict.fromkeys(columns, "n/a"), **row} for row in rows]
        write_text(self.rounds.round(number).to_correct / "marks.tsv", table_text(whole, columns))
        code, said = self.call("active", "ingest", self.rounds.root)
        assert code == 0, said

    def status(self) -> dict[str, Any]:
        code, said = self.call("active", "status", self.rounds.root, "--json")
        assert code == 0, said
        content: dict[str, Any] = json.loads(said)
        return content

    def call(self, *arguments: object) -> tuple[int, str]:
        """Run a command line, and give its exit code and all that it says."""
        said = io.StringIO()
        with self.environment(), redirect_stdout(said), redirect_stderr(said):
            code = main([str(argument) for argument in arguments])
        return code, said.getvalue()

    @contextmanager
    def environment(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("nnUNet_extModels", str(self.root / "models"))
            for name in ("raw", "preprocessed", "results"):
                (self.root / "nnunet" / name).mkdir(parents=True, exist_ok=True)
                patch.setenv(f"nnUNet_{name}", str(self.root / "nnunet" / name))
            yield
