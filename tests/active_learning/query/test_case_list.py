from pathlib import Path

import pytest

from nnunet_ext.active_learning.query.candidate import Candidate, candidates
from nnunet_ext.active_learning.query.case_list import read_case_list
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import FileRefusedError
from tests.active_learning.query.made_pool import scored


@pytest.fixture
def pool() -> tuple[Candidate, ...]:
    return candidates([scored("sub-1"), scored("sub-1", contrast="T1w"), scored("sub-2", session="ses-1")])


def test_a_list_names_cases_or_stems_one_a_line_with_reasons(tmp_path: Path, pool: tuple[Candidate, ...]) -> None:
    write_text(tmp_path / "pins.txt", "# wanted\npool_sub-1_T2w\n\nsub-2_ses-1_T2w  # asked by the clinic\n")
    assert read_case_list(tmp_path / "pins.txt", pool) == {
        "pool_sub-1_T2w": "",
        "pool_sub-2_ses-1_T2w": "asked by the clinic",
    }


def test_a_subject_stands_for_all_its_cases(tmp_path: Path, pool: tuple[Candidate, ...]) -> None:
    write_text(tmp_path / "bars.txt", "sub-1\n")
    assert set(read_case_list(tmp_path / "bars.txt", pool)) == {"pool_sub-1_T1w", "pool_sub-1_T2w"}


def test_scts_list_of_failures_is_a_list(tmp_path: Path, pool: tuple[Candidate, ...]) -> None:
    write_text(tmp_path / "qc_fail.yml", "FILES_SEG:\n- sub-1_T2w.nii.gz\n- sub-2/ses-1/anat/sub-2_ses-1_T2w.nii.gz\n")
    assert set(read_case_list(tmp_path / "qc_fail.yml", pool)) == {"pool_sub-1_T2w", "pool_sub-2_ses-1_T2w"}


@pytest.mark.parametrize(("name", "before"), [("pins.txt", "sub-1\n"), ("pins.yml", "- sub-1\n")])
def test_an_unknown_name_is_refused_by_its_line(
    tmp_path: Path, pool: tuple[Candidate, ...], name: str, before: str
) -> None:
    write_text(tmp_path / name, f"{before}{'- ' if name.endswith('yml') else ''}sub-10_T2w\n")
    with pytest.raises(FileRefusedError, match="'sub-10_T2w' in line 2"):
        read_case_list(tmp_path / name, pool)
