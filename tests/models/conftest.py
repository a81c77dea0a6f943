"""One really trained tiny model for all tests, and what nnU-Net and we export from it."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from tests.nnunet_server import run_nnunet
from tests.trainers.conftest import Prepared, prepared

__all__ = ["prepared"]

DATASET = "Dataset007_Cord"
TRAINER = "nnUNetTrainerSCI_1epochs"
MODEL = f"{DATASET}/{TRAINER}__nnUNetPlans__tiny"
SHARED = f"{DATASET}/nnUNetTrainer__nnUNetPlans__tiny"


@dataclass(frozen=True)
class Trained:
    """A trained model, and nnU-Net's own commands on it."""

    prepared: Prepared

    @property
    def folder(self) -> Path:
        return self.prepared.fold(TRAINER).parent

    def nnunet(self, command: str, *arguments: str, **variables: str) -> None:
        """Run one of nnU-Net's commands; a variable set to nothing is taken away."""
        environment = {**self.prepared.environment, **variables}
        done = run_nnunet([command, *arguments], {name: value for name, value in environment.items() if value})
        assert done.returncode == 0, done.stdout


@pytest.fixture(scope="session")
def trained(prepared: Prepared) -> Trained:
    run = prepared.train(TRAINER)
    assert run.code == 0, run.output
    return Trained(prepared)


@pytest.fixture(scope="session")
def exported(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model as we export it."""
    archive = tmp_path_factory.mktemp("ours") / "model.zip"
    assert main(["model", "export", str(trained.folder), "-o", str(archive)]) == 0
    return archive


@pytest.fixture(scope="session")
def stock_zip(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model as nnU-Net itself exports it."""
    archive = tmp_path_factory.mktemp("stock") / "model.zip"
    options = ["-d", "7", "-c", "tiny", "-tr", TRAINER, "-f", "0", "-o", str(archive)]
    trained.nnunet("nnUNetv2_export_model_to_zip", *options)
    return archive


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `nnUNet_results` of its own, and no other folder of nnU-Net's."""
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_extTrainer"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "results"
    monkeypatch.setenv("nnUNet_results", str(folder))
    return folder


def content(archive: Path) -> dict[str, bytes]:
    """Read every entry of a zip."""
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def changed(archive: Path, to: Path, changes: Mapping[str, bytes | None]) -> Path:
    """Write a zip anew with entries added, replaced or, where None, left out."""
    entries = {**content(archive), **changes}
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in entries.items():
            if data is not None:
                opened.writestr(name, data)
    return to
