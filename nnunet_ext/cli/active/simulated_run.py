"""One loop of a simulation: the verbs of the correction loop, and a rater who knows the labels."""

from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.pool import read_pool
from nnunet_ext.active_learning.round_state import RoundState, Stage, read_state
from nnunet_ext.active_learning.simulate.correct import correct
from nnunet_ext.active_learning.simulate.known_labels import KnownLabels
from nnunet_ext.active_learning.simulate.layout import Home
from nnunet_ext.cli.active.choose_cases import AskedChoice
from nnunet_ext.cli.active.ingest import ActiveIngest
from nnunet_ext.cli.active.init import ActiveInit
from nnunet_ext.cli.active.query import ActiveQuery
from nnunet_ext.cli.active.train import ActiveTrain
from nnunet_ext.core.atomic import write_bytes, write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import Dialect

_BARRED: Final = "without_labels.txt"


@dataclass(frozen=True)
class SimulatedRun:
    """A loop that goes on from wherever it stands.

    Parameters
    ----------
    home
        Its own folders, in which this process lives meanwhile, see `living_in`.
    asked
        Settings of the loop, as `ActiveInit` takes them.
    known
        The labels.
    device
        Of queries and trainings.
    n_procs
        Processes.
    twin
        A loop of the same seed, and so of the same first model. What that was found to be worth, and made of the pool,
        is taken over rather than computed again; the query keeps a score where image and model have the same hash.
    """

    home: Home
    asked: Mapping[str, Any]
    known: KnownLabels
    device: str
    n_procs: int
    twin: Rounds | None = None

    def step(self, count: int) -> RoundState | None:
        """Do what comes next; None once `count` rounds are over.

        Raises
        ------
        DataRefusedError
            Where the loop does not come on by it.
        NnunetExtError
            Of the verbs.
        """
        rounds = self.home.rounds
        before = read_state(rounds)
        if before.number >= count and before.stage is Stage.TRAINED:
            return None
        self.home.root.mkdir(parents=True, exist_ok=True)
        with self.home.log.open("a", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
            refused = self._do(before)
        after = read_state(rounds)
        if (after.number, after.stage) == (before.number, before.stage):
            raise refused or DataRefusedError(
                f"{rounds.root}: round {after.number} does not come on, see {self.home.log}; look at it with: "
                f"nnunet_ext active status {rounds.root}"
            )
        return after

    def _do(self, state: RoundState) -> DataRefusedError | None:
        """Run a verb; that it has refused some cases is given back, for the others may do."""
        root = self.home.rounds.root
        try:
            if state.stage is Stage.NONE:
                ActiveInit(root, self.asked, steal=False, json=False).run()
                self._take_over()
            if state.stage in (Stage.NONE, Stage.QUERIED, Stage.TRAINED):
                asked = AskedChoice(bar=self._barred())
                ActiveQuery(root, asked, Dialect.NEUROPOLY, False, self.device, steal=False, json=False).run()
            elif state.stage is Stage.CORRECTING:
                correct(self.home.rounds.round(state.number).to_correct, self.known)
                ActiveIngest(root, (), steal=False, json=False).run()
            else:
                ActiveTrain(root, self.device, self.n_procs, steal=False, json=False).run()
        except DataRefusedError as error:
            return error
        return None

    def _take_over(self) -> None:
        if self.twin is None:
            return
        for table in _of_first_model(self.twin):
            own = self.home.rounds.root / table.relative_to(self.twin.root)
            if table.is_file() and not own.is_file():
                write_bytes(own, table.read_bytes())

    def _barred(self) -> Path | None:
        """List the images of the pool that nobody knows the labels of; None where there are none."""
        unknown = [row["case"] for row in read_pool(self.home.rounds) if row["case"] not in self.known.cases]
        if not unknown:
            return None
        path = self.home.root / _BARRED
        write_text(path, "".join(f"{case}\n" for case in unknown))
        return path


def _of_first_model(rounds: Rounds) -> tuple[Path, ...]:
    return rounds.round(0).test_lesions, rounds.round(0).test_scores, rounds.round(1).scores
