from pathlib import Path

import pytest
from filelock import FileLock

from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.models.classifier.find import find_classifier
from nnunet_ext.models.classifier.install import install_classifier
from tests.models.classifier.conftest import PARSERS, spoilt
from tests.models.classifier.made import NAME, Files, entries


@pytest.fixture
def archive(exported: bytes, tmp_path: Path) -> Path:
    (tmp_path / "a.zip").write_bytes(exported)
    return tmp_path / "a.zip"


@pytest.fixture
def other(exported: bytes, sound: Files, tmp_path: Path) -> Path:
    """Another classifier of the same name."""
    (tmp_path / "other.zip").write_bytes(spoilt(exported, sound, {}, seed=7))
    return tmp_path / "other.zip"


def held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_stands_where_predict_finds_it_by_name(archive: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    verified = install_classifier(archive, results, PARSERS)
    place = find_classifier(NAME, results)
    assert place == results / verified.place == find_classifier(str(place), None)
    assert held(place) == {name.removeprefix(f"{NAME}/"): data for name, data in entries(archive.read_bytes()).items()}
    assert sorted(path.name for path in results.iterdir()) == [".nnunet_ext-import.lock", "classifiers"]


@pytest.mark.parametrize("asked", ["nobody", "../classifiers/lesion-kinds", ""])
def test_a_name_that_is_not_installed_is_refused_with_those_that_are(archive: Path, tmp_path: Path, asked: str) -> None:
    install_classifier(archive, tmp_path / "results", PARSERS)
    with pytest.raises(UsageError, match="installed: lesion-kinds"):
        find_classifier(asked, tmp_path / "results")


def test_the_same_again_changes_nothing_and_another_is_a_conflict(archive: Path, other: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    place = results / install_classifier(archive, results, PARSERS).place
    before = held(place)
    install_classifier(archive, results, PARSERS)
    with pytest.raises(ConflictError, match="--as NAME"):
        install_classifier(other, results, PARSERS)
    assert held(place) == before
    install_classifier(other, results, PARSERS, force=True)
    assert held(place) != before
    install_classifier(archive, results, PARSERS, name="mine")
    assert held(results / "classifiers" / "mine") == before


def test_one_that_was_trained_there_is_never_replaced(archive: Path, other: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    place = results / install_classifier(archive, results, PARSERS).place
    (place / "training").mkdir()
    before = held(place)
    with pytest.raises(ConflictError, match="never replaces a training"):
        install_classifier(other, results, PARSERS, force=True)
    assert held(place) == before


def test_a_name_that_leads_elsewhere_is_refused(archive: Path, tmp_path: Path) -> None:
    for name in ("../x", "a/b", ".", "a\\b", "x."):
        with pytest.raises(UsageError, match="--as needs a name"):
            install_classifier(archive, tmp_path / "results", PARSERS, name=name)


def test_two_imports_at_once_are_a_conflict(archive: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    with FileLock(results / ".nnunet_ext-import.lock"), pytest.raises(ConflictError, match="another process"):
        install_classifier(archive, results, PARSERS)
