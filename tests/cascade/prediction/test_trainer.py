import os
import sys
from pathlib import Path

import pytest

from nnunet_ext.cascade.prediction.trainer import find_trainer
from nnunet_ext.core.environment import EXTERNAL_TRAINERS, trainer_folder
from nnunet_ext.core.errors import EnvironmentProblemError

THEIRS = """
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
class nnUNetTrainerTheirs(nnUNetTrainer):
    pass
class nnUNetTrainerNoHeir:
    pass
nnUNetTrainerNoClass = 3
"""


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A lab's own folder of trainers."""
    folder = tmp_path / "their trainers"
    folder.mkdir()
    (folder / "theirs.py").write_text(THEIRS)
    return folder


@pytest.mark.parametrize("ours_too", [False, True])
def test_ours_and_theirs_are_found_whatever_the_variable_names(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, ours_too: bool
) -> None:
    value = os.pathsep.join([str(theirs), str(trainer_folder())] if ours_too else [str(theirs)])
    monkeypatch.setenv(EXTERNAL_TRAINERS, value)
    from nnunet_ext.trainers import nnUNetTrainerSCI

    assert find_trainer("nnUNetTrainerTheirs").__name__ == "nnUNetTrainerTheirs"
    assert find_trainer("nnUNetTrainerSCI") is nnUNetTrainerSCI
    assert issubclass(find_trainer("nnUNetTrainerSCI_7epochs"), nnUNetTrainerSCI)
    assert find_trainer("nnUNetTrainer_5epochs").__module__.startswith("nnunetv2.")
    assert os.environ[EXTERNAL_TRAINERS] == value


def test_ours_are_found_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EXTERNAL_TRAINERS, raising=False)
    assert find_trainer("nnUNetTrainerSCI").__name__ == "nnUNetTrainerSCI"
    assert EXTERNAL_TRAINERS not in os.environ


def test_a_missing_torchvision_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(EnvironmentProblemError, match="pip install torchvision"):
        find_trainer("nnUNetTrainerSCI")


@pytest.mark.parametrize("name", ["nnUNetTrainerNobodyHas", "nnUNetTrainerNoHeir"])
def test_a_trainer_that_is_none_is_named_with_where_it_was_sought(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(EXTERNAL_TRAINERS, str(theirs))
    with pytest.raises(EnvironmentProblemError) as problem:
        find_trainer(name)
    for said in (name, str(theirs), str(trainer_folder()), f"export {EXTERNAL_TRAINERS}=", "model export"):
        assert said in str(problem.value)
    assert os.environ[EXTERNAL_TRAINERS] == str(theirs)


@pytest.mark.parametrize("line", ["import no_such_package", "def broken(:"])
def test_a_file_of_theirs_that_cannot_be_imported_is_told(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    (theirs / "broken.py").write_text(line)
    monkeypatch.setenv(EXTERNAL_TRAINERS, str(theirs))
    with pytest.raises(EnvironmentProblemError, match="could not be imported: .*(no_such_package|broken)"):
        find_trainer("nnUNetTrainerTheirs")
