import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.environment import (
    nnunet_variables,
    preprocessed_folder,
    required_folder,
    shell_exports,
    trainer_folder,
)
from nnunet_ext.core.errors import EnvironmentProblemError
from tests.nnunet_server import run_nnunet


@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\0\n/", exclude_categories=["Cs"]), min_size=1, max_size=30
    )
)
def test_exports_survive_any_folder_name(name: str) -> None:
    variables = nnunet_variables(Path("/data") / name, {})
    script = shell_exports(variables) + "printf '%s' \"$nnUNet_raw\""
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode() == variables["nnUNet_raw"]


def test_our_trainers_are_appended_once() -> None:
    first = nnunet_variables(Path("/data"), {"nnUNet_extTrainer": "/mine"})
    assert first["nnUNet_extTrainer"] == f"/mine{os.pathsep}{trainer_folder()}"
    again = nnunet_variables(Path("/data"), first)
    assert again == first


# As if torchvision were not installed.
WITHOUT = """
import sys
sys.modules["torchvision"] = None
"""
LOOK_UP = """
from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name
print("FOUND", recursive_find_trainer_class_by_name("nnUNetTrainerSCI").__name__)
"""


def test_nnunet_finds_our_trainers_with_these_variables_where_torchvision_is_installed() -> None:
    environment = {**os.environ, **nnunet_variables(Path("/data"), {})}
    assert "FOUND nnUNetTrainerSCI\n" in run_nnunet(["-c", LOOK_UP], environment).stdout
    without = [sys.executable, "-c", WITHOUT + LOOK_UP]
    done = subprocess.run(without, env=environment, capture_output=True, text=True, check=False)
    assert "torchvision" in done.stderr  # the reason of the sentence below


@pytest.mark.parametrize(
    ("arguments", "code", "made"), [(["env", "--root"], 0, True), (["demo"], 4, False)], ids=["env", "demo"]
)
def test_where_torchvision_is_missing_a_sentence_says_what_to_install(
    tmp_path: Path, arguments: list[str], code: int, made: bool
) -> None:
    call = f"from nnunet_ext.cli.main import main; sys.exit(main({[*arguments, str(tmp_path / 'out')]!r}))"
    done = subprocess.run([sys.executable, "-c", WITHOUT + call], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "pip install torchvision" in done.stderr
    assert ("export nnUNet_raw=" in done.stdout) is made
    assert (tmp_path / "out").exists() is made


def test_an_unset_variable_is_told_with_the_command_that_sets_it() -> None:
    for environment in ({}, {"nnUNet_raw": "  "}):
        with pytest.raises(EnvironmentProblemError, match="nnunet_ext env --root") as problem:
            required_folder("nnUNet_raw", environment)
        assert problem.value.exit_code == 4


AROUND = [
    "{} ", " {}", "{}\r", "{}\n", "{}\t", '"{}"', "'{}'", '"{}', "\ufeff{}", "\u201c{}\u201d", " '{}' \r", "{}\xa0",
]  # fmt: skip


@pytest.mark.parametrize("written", AROUND)
def test_a_variable_that_nnunet_takes_for_another_folder_is_refused_with_the_line_to_type(
    tmp_path: Path, written: str
) -> None:
    meant = tmp_path / "my data"
    meant.mkdir()
    with pytest.raises(EnvironmentProblemError, match="to the letter") as problem:
        required_folder("nnUNet_raw", {"nnUNet_raw": written.format(meant)})
    line = re.search(r"run: (export .*) \(and mend", str(problem.value))
    assert line is not None
    script = f"{line[1]}; printf '%s' \"$nnUNet_raw\""
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True, text=True)
    assert required_folder("nnUNet_raw", {"nnUNet_raw": done.stdout}) == meant


def test_a_home_folder_and_other_variables_are_spelt_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for written in ("~/raw", "$HOME/raw", "${HOME}/raw"):
        with pytest.raises(EnvironmentProblemError, match=f"export nnUNet_results={tmp_path}/raw "):
            required_folder("nnUNet_results", {"nnUNet_results": written})
        with pytest.raises(EnvironmentProblemError, match=f"export nnUNet_preprocessed={tmp_path}/raw "):
            preprocessed_folder("Dataset501_Cord", {"nnUNet_preprocessed": written})


@pytest.mark.parametrize("name", ["plain", "with blanks", "a~b", "it's", "ünï", "100 %", "$HOME"])
def test_any_other_folder_is_taken_to_the_letter(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "raw"
    folder.mkdir(parents=True)
    assert required_folder("nnUNet_raw", {"nnUNet_raw": str(folder)}) == folder


def test_the_trainer_folder_holds_one_module_that_nnunet_would_import() -> None:
    assert [file.name for file in trainer_folder().glob("*.py")] == ["nnunet_ext_trainers.py"]
