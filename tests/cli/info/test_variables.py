import os
from pathlib import Path

import pytest

from nnunet_ext.cli.info.variables import find_variables
from nnunet_ext.core.environment import FOLDERS, nnunet_variables


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """Give what `nnunet_ext env` prints, with its folders."""
    for folder in FOLDERS.values():
        (tmp_path / folder).mkdir()
    return nnunet_variables(tmp_path, {})


def test_what_env_prints_is_without_fault(variables: dict[str, str]) -> None:
    assert find_variables(variables) == (variables, [])


def test_what_is_not_set_is_named_with_its_cure() -> None:
    found, problems = find_variables({})
    assert set(found.values()) == {None}
    assert all(problem.needed and problem.cure == 'eval "$(nnunet_ext env --root DIR)"' for problem in problems)
    for problem, variable in zip(problems, found, strict=True):
        assert variable in problem.problem


def test_a_variable_that_names_no_folder_is_told_apart_from_one_that_is_not_set(variables: dict[str, str]) -> None:
    missing = f"{variables['nnUNet_raw']}/elsewhere"
    _, (problem,) = find_variables({**variables, "nnUNet_raw": missing})
    assert problem.problem == f"nnUNet_raw names {missing}, which does not exist"
    assert problem.cure == f"mkdir -p '{missing}'"


def test_a_stale_folder_of_trainers_is_a_note_beside_ours(variables: dict[str, str], tmp_path: Path) -> None:
    both = os.pathsep.join([str(tmp_path / "gone"), variables["nnUNet_extTrainer"]])
    _, (problem,) = find_variables({**variables, "nnUNet_extTrainer": both})
    assert "gone" in problem.problem
    assert not problem.needed
