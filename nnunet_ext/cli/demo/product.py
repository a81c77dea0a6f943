"""What the demo has the verbs of the command line do, as anyone would type it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.cli.demo.workspace import Workspace
from nnunet_ext.core.errors import DataRefusedError

_DONE: Final = (0,)
_WITHOUT_SOME: Final = (0, DataRefusedError.exit_code)


@dataclass(frozen=True)
class Product:
    """The verbs, on the folders of a demo and the model that it trained; `device` is nnU-Net's name of one."""

    work: Workspace
    process: NnunetProcess
    model: Path
    device: str

    def predict(self) -> None:
        """Predict the held-out patients as label maps, and single images as masks on their own grids.

        Raises
        ------
        ProcessFailedError
            Where a held-out patient could not be predicted; of a single image its table says so.
        """
        self._predict(self.work.dataset.folder / "imagesTs", self.work.predictions, "nnunet", _DONE)
        if self.work.to_predict.is_dir():
            self._predict(self.work.to_predict, self.work.images, "bids", _WITHOUT_SOME)

    def evaluate(self) -> None:
        """Score and measure the held-out patients.

        Raises
        ------
        ProcessFailedError
            Where one of them cannot be: that is an error, not a shorter list.
        """
        work, common = self.work, ["--n-procs", str(self.process.n_procs), "--force"]
        references = str(work.dataset.folder / "labelsTs")
        self._run(["evaluate", references, str(work.predictions), "-o", str(work.evaluation), *common], _DONE)
        known = ["--label-maps", "--cases", str(work.dataset.folder / "cases.tsv")]
        self._run(["biomarkers", "--lesion", str(work.predictions), *known, "-o", str(work.biomarkers), *common], _DONE)

    def _predict(self, given: Path, out: Path, naming: str, fine: Sequence[int]) -> None:
        # Not mirrored: that takes eight times as long. Specks are no lesions, and each would be scored and measured.
        options = ["--naming", naming, "-f", "0", "-device", self.device, "--disable_tta", "--continue_prediction"]
        options += ["--smallest", "lesion=6"]
        self._run(["predict", "-i", str(given), "-o", str(out), "-m", str(self.model), *options], fine)

    def _run(self, arguments: Sequence[str], fine: Sequence[int]) -> None:
        self.process.run("nnunet_ext", arguments, lambda _: None, fine)
