"""What the demo has the verbs of the command line do, as anyone would type it."""

import argparse
import shlex
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from nnunet_ext.cli.biomarkers import command as biomarkers
from nnunet_ext.cli.demo.workspace import Workspace
from nnunet_ext.cli.evaluate import command as evaluate
from nnunet_ext.cli.predict import command as predict
from nnunet_ext.core.errors import DataRefusedError


@dataclass(frozen=True)
class Product:
    """The verbs, on the folders of a demo.

    Parameters
    ----------
    work
        The folders.
    model
        The trained model's.
    device
        nnU-Net's name of one.
    n_procs
        Worker processes.
    """

    work: Workspace
    model: Path
    device: str
    n_procs: int

    def predict(self) -> None:
        """Predict the held-out patients as label maps, and single images as masks on their own grids.

        Raises
        ------
        DataRefusedError
            Where a held-out patient could not be predicted; of a single image its table says so.
        """
        self._predict(self.work.dataset.folder / "imagesTs", self.work.predictions, "nnunet")
        if self.work.to_predict.is_dir():
            try:
                self._predict(self.work.to_predict, self.work.images, "bids")
            except DataRefusedError:
                if not (self.work.images / "predictions.tsv").is_file():
                    raise

    def evaluate(self) -> None:
        """Score and measure the held-out patients.

        Raises
        ------
        DataRefusedError
            Where one of them cannot be scored: that is an error, not a shorter list.
        """
        work, workers = self.work, ["--n-procs", str(self.n_procs), "--force"]
        references = work.dataset.folder / "labelsTs"
        if self._run(evaluate, [str(references), str(work.predictions), "-o", str(work.evaluation), *workers]) != 0:
            raise DataRefusedError(f"not every held-out patient was scored; see {work.evaluation / 'metrics.tsv'}")
        cases = ["--cases", str(work.dataset.folder / "cases.tsv")]
        given = ["--lesion", str(work.predictions), "--label-maps", *cases]
        self._run(biomarkers, [*given, "-o", str(work.biomarkers), *workers])

    def _predict(self, given: Path, out: Path, naming: str) -> None:
        # Sequential and not mirrored: a small network needs less time than starting anything.
        options = ["--naming", naming, "-f", "0", "-device", self.device, "--disable_tta", "--continue_prediction"]
        self._run(predict, ["-i", str(given), "-o", str(out), "-m", str(self.model), *options])

    def _run(self, verb: ModuleType, arguments: Sequence[str]) -> int:
        """Run a verb; all it says goes where nnU-Net's words go."""
        name = verb.__name__.split(".")[-2]
        parser = argparse.ArgumentParser(prog=f"nnunet_ext {name}")
        verb.add_arguments(parser)
        with self.work.log.open("a", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
            print(f"\n$ nnunet_ext {name} {shlex.join(arguments)}", flush=True)
            code: int = verb.from_options(parser.parse_args(arguments)).run()
        return code
