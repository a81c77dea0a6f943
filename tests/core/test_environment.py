import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.environment import NnunetVariables, required_folder, trainer_folder
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


def test_an_unset_variable_is_told_with_the_command_that_sets_it() -> None:
    for environment in ({}, {"nnUNet_raw": "  "}):
        with pytest.raises(EnvironmentProblemError, match="nnunet_ext env --root") as problem:
            required_folder("nnUNet_raw", environment)
        assert problem.value.exit_code == 4


def test_the_trainer_folder_holds_one_module_that_nnunet_would_import() -> None:
    assert [file.name for file in trainer_folder().glob("*.py")] == ["nnunet_ext_trainers.py"]
