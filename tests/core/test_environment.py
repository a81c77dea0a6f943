import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.environment import NnunetVariables, required_folder, stand_in_folder, trainer_folder
from nnunet_ext.core.errors import EnvironmentProblemError


@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\0\n/", exclude_categories=["Cs"]), min_size=1, max_size=30
    )
)
def test_exports_survive_any_folder_name(name: str) -> None:
    variables = NnunetVariables.below(Path("/data") / name, {})
    script = variables.shell_exports() + "printf '%s' \"$nnUNet_raw\""
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode() == str(variables.raw)


def test_our_trainers_are_appended_once() -> None:
    first = NnunetVariables.below(Path("/data"), {"nnUNet_extTrainer": "/mine"})
    assert first.external_trainers == f"/mine{os.pathsep}{trainer_folder()}"
    again = NnunetVariables.below(Path("/data"), {"nnUNet_extTrainer": first.external_trainers})
    assert again == first


def test_without_torchvision_a_stand_in_comes_behind_the_users_own_path() -> None:
    variables = NnunetVariables.below(Path("/data"), {"PYTHONPATH": "/mine"}, torchvision=False)
    assert variables.as_mapping()["PYTHONPATH"] == f"/mine{os.pathsep}{stand_in_folder()}"
    assert "PYTHONPATH" not in NnunetVariables.below(Path("/data"), {}, torchvision=True).as_mapping()


LOOK_UP = """
import importlib.abc, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torchvision":
            raise ModuleNotFoundError("No module named 'torchvision'", name="torchvision")
if sys.argv[1] == "missing":
    sys.meta_path.insert(0, Missing())
from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name
found = recursive_find_trainer_class_by_name("nnUNetTrainerSCI")
import torchvision
from nnunet_ext.core.environment import has_torchvision
print("FOUND", found.__name__, torchvision.__version__, has_torchvision())
"""


def test_nnunet_finds_our_trainers_without_torchvision_only_thanks_to_the_stand_in() -> None:
    variables = NnunetVariables.below(Path("/data"), {}, torchvision=False).as_mapping()
    environment = {**os.environ, **variables}

    def look_up(torchvision: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", LOOK_UP, torchvision]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    without = look_up("missing")
    assert without.returncode != 0
    assert "No module named 'torchvision'" in without.stderr
    # PYTHONPATH comes before installed packages: the stand-in is used even where the real one is installed.
    assert look_up("stand-in").stdout.endswith("FOUND nnUNetTrainerSCI 0.0.0+stand.in False\n")


def test_an_unset_variable_is_told_with_the_command_that_sets_it() -> None:
    for environment in ({}, {"nnUNet_raw": "  "}):
        with pytest.raises(EnvironmentProblemError, match="nnunet_ext env --root") as problem:
            required_folder("nnUNet_raw", environment)
        assert problem.value.exit_code == 4


def test_the_trainer_folder_holds_one_module_that_nnunet_would_import() -> None:
    assert [file.name for file in trainer_folder().glob("*.py")] == ["nnunet_ext_trainers.py"]
