"""A boxed dataset that nnU-Net's own commands planned and preprocessed, made once."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from nnunet_ext.core.environment import nnunet_variables
from nnunet_ext.core.raw_dataset import RawDataset
from tests.cascade.field import CORD, Field, drawn
from tests.nnunet_server import ONE_PROCESS, run_nnunet


@dataclass(frozen=True)
class Planned:
    """The dataset after the three commands of `nnunet_ext crop-dataset --help`.

    Parameters
    ----------
    boxed
        The raw dataset, number 502.
    environment
        To run nnU-Net in.
    wanted_before
        What nnU-Net's planner had put under `use_mask_for_norm`.
    """

    boxed: RawDataset
    environment: Mapping[str, str]
    wanted_before: tuple[bool, ...]

    @property
    def preprocessed(self) -> Path:
        return Path(self.environment["nnUNet_preprocessed"]) / self.boxed.folder.name

    @property
    def plans(self) -> Path:
        return self.preprocessed / "nnUNetPlans.json"


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """Box a tiny dataset from the command line, then plan, mend the plans and preprocess."""
    root = tmp_path_factory.mktemp("boxed")
    field = Field(root)
    train = ("a", "b", "c")
    field.write(train)
    results = field.localizer({case: (fold, drawn(CORD)) for fold, case in enumerate(train)})
    environment = {**os.environ, **nnunet_variables(root, {}), **ONE_PROCESS}

    def run(*command: str) -> None:
        done = run_nnunet(command, environment)
        assert done.returncode == 0, done.stdout

    # Margins that reach into the air beside the body: the normalisation then matters.
    (root / "margins.json").write_text(
        json.dumps({f"pad_{face}": 8 for face in ("superior", "inferior", "left", "right", "anterior", "posterior")})
    )
    arguments = ["-d", "502", "-n", "Boxed", "--cords", str(results), "--margins-file", str(root / "margins.json")]
    run("nnunet_ext", "crop-dataset", "501", *arguments)
    run("nnUNetv2_plan_and_preprocess", "-d", "502", "--no_pp", "-npfp", "1")
    plans = root / "preprocessed" / "Dataset502_Boxed" / "nnUNetPlans.json"
    before = json.loads(plans.read_text())["configurations"]["3d_fullres"]["use_mask_for_norm"]
    run("nnunet_ext", "crop-dataset", "--fix-plans", "502")
    run("nnUNetv2_preprocess", "-d", "502", "-c", "3d_fullres", "-np", "1")
    return Planned(field.boxed, environment, tuple(before))
