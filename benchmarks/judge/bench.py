"""Where the judge finds models and images, and how it has them predicted: by the command, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from judge.volumes import BoolArray
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.core.tables import read_table

CORD, LESION, LOCALIZER = "cord", "cord-lesion", "cord-localizer"


class CommandError(RuntimeError):
    """A command of the package failed."""


@dataclass(frozen=True)
class Prediction:
    """What was predicted for one image.

    Parameters
    ----------
    regions
        Masks by name, shape of the image.
    boxes
        That were segmented in: first and last voxel of each; none where no cord was found, or nobody looked for one.
    growths
        How often a box grew, as the segmentation touched it.
    seconds
        From reading the image to writing the masks.
    """

    regions: dict[str, BoolArray]
    boxes: tuple[tuple[list[int], list[int]], ...]
    growths: int
    seconds: float

    @property
    def cord(self) -> BoolArray:
        """The cord."""
        return self.regions["sc"]

    @property
    def held(self) -> BoolArray:
        """Mark what was segmented in."""
        inside = np.zeros(self.cord.shape, np.bool_)
        for first, last in self.boxes:
            inside[tuple(slice(start, end + 1) for start, end in zip(first, last, strict=True))] = True
        return inside


@dataclass(frozen=True)
class Bench:
    """What all parts share.

    Parameters
    ----------
    models
        Folder of the models, by name; any may be absent.
    root
        Of all that is made.
    real
        Folder of the real data.
    brain
        An image of a head, for the images without a cord; None where there is none.
    seed
        Of phantoms and lesions: none that a training used.
    """

    models: Path
    root: Path
    real: Path
    brain: Path | None
    seed: int

    def has(self, *models: str) -> bool:
        """Tell whether all of these models are there."""
        return all((self.models / name / "plans.json").is_file() for name in models)

    def predict(
        self, name: str, model: str, images: Sequence[Path], *, boxed: bool = True, more: Sequence[str] = ()
    ) -> Path:
        """Predict images, or one folder of them, to `predicted/NAME`; what the same models made before is kept."""
        out = self.root / "predicted" / name
        localizer = ["--localizer", self.models / LOCALIZER] if boxed and self.has(LOCALIZER) else []
        fixed = ["-m", self.models / model, *localizer, "--naming", "nnunet", "--continue_prediction", "--force"]
        run("predict", "-i", *images, "-o", out, *fixed, *more)
        return out


def run(*arguments: object) -> str:
    """Run a command of the package, and give what it said on standard output."""
    program = [str(Path(sys.executable).parent / "nnunet_ext"), *map(str, arguments)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, env=dict(os.environ))
    if done.returncode:
        raise CommandError(f"exit {done.returncode}: {' '.join(program)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def read_prediction(out: Path, name: str) -> Prediction:
    """Read what `Bench.predict` left of one image."""
    file = out / f"{name}{FILE_ENDING}"
    labels = read_mask(file).data
    said = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    regions = {region: np.isin(labels, values) for region, values in said["Labels"].items()}
    box = said["Box"] or {"Along": [], "Growths": 0}
    boxes = tuple((one["FirstVoxel"], one["LastVoxel"]) for one in box.get("Along", [box]))
    row = next(row for row in read_table(out / "predictions.tsv") if row["case"] == name)
    seconds = float("nan") if row["seconds"] == "n/a" else float(row["seconds"])
    return Prediction(regions, boxes, int(box["Growths"]), seconds)
