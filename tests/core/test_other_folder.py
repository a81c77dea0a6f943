from pathlib import Path

import pytest

from nnunet_ext.core.other_folder import did_you_mean


def holds_it(folder: Path) -> bool:
    return (folder / "it").is_file()


@pytest.fixture
def right(tmp_path: Path) -> Path:
    folder = tmp_path / "a" / "right"
    (folder / "b" / "c").mkdir(parents=True)
    (folder / "it").write_text("")
    return folder


@pytest.mark.parametrize("place", ["a", ".", "a/right/b", "a/right/b/c", "a/right/it", "a/right/missing"])
def test_a_level_too_high_or_too_low_names_the_right_folder(tmp_path: Path, right: Path, place: str) -> None:
    assert did_you_mean(tmp_path / place, holds_it) == f"; did you mean: {right}?"


def test_a_relative_path_is_answered_with_one(tmp_path: Path, right: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert did_you_mean(Path("a"), holds_it) == "; did you mean: a/right?"
    assert did_you_mean(Path("a/right/b"), holds_it) == "; did you mean: a/right?"
    monkeypatch.chdir(right / "b")
    assert did_you_mean(Path(), holds_it) == f"; did you mean: {right}?"


def test_several_are_named_and_nothing_inside_of_them(tmp_path: Path) -> None:
    for name in ("x", "y", "x/inner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "it").write_text("")
    assert did_you_mean(tmp_path, holds_it) == f"; did you mean: {tmp_path / 'x'} or {tmp_path / 'y'}?"


def test_where_there_is_none_near_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "1/2/3/4").mkdir(parents=True)
    (tmp_path / "1/2/3/4/it").write_text("")
    assert did_you_mean(tmp_path, holds_it) == ""
    assert did_you_mean(tmp_path / "nowhere", holds_it) == ""
