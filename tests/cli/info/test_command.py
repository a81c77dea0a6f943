import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from nnunet_ext.core.environment import FOLDERS, nnunet_variables, trainer_folder
from nnunet_ext.trainers import TRAINERS
from tests.nnunet_server import run_nnunet


def environment(variables: dict[str, str]) -> dict[str, str]:
    ours = {*FOLDERS, "nnUNet_extTrainer"}
    return {**{name: value for name, value in os.environ.items() if name not in ours}, **variables}


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """Give what `nnunet_ext env` prints, with its folders."""
    for folder in FOLDERS.values():
        (tmp_path / folder).mkdir()
    return nnunet_variables(tmp_path, {})


def test_where_all_is_set_it_says_what_is_here_and_finds_every_trainer(variables: dict[str, str]) -> None:
    command = [sys.executable, "-m", "nnunet_ext", "info", "--json"]
    done = subprocess.run(command, env=environment(variables), capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert [problem for problem in told["problems"] if problem["needed"]] == []
    assert told["versions"]["nnunetv2"] == version("nnunetv2")
    assert told["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert told["variables"] == variables
    assert set(told["trainers"]) == set(TRAINERS)
    assert all(str(module).startswith("nnunet_ext.trainers.") for module in told["trainers"].values())
    assert {"cpu", "auto"} <= set(told["devices"])


def test_what_is_amiss_is_named_with_its_cure_and_answered_with_4(variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "broken.py").write_text("import a_library_that_nobody_has\n")
    both = os.pathsep.join([str(tmp_path / "theirs"), str(trainer_folder())])
    done = run_nnunet(["nnunet_ext", "info"], environment({**variables, "nnUNet_extTrainer": both, "nnUNet_raw": ""}))
    assert done.returncode == 4
    said = done.stdout.partition("Problems:")[2]
    assert "the variable nnUNet_raw was needed and is not set\n    eval" in said
    assert "a_library_that_nobody_has" in said  # nnU-Net imports it, and then finds none of ours
    assert "nnUNetTrainerSCI            not found" in done.stdout
