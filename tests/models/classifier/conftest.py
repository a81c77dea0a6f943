"""A classifier's zip as `model export` writes it, and what becomes of spoilt ones."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nnunet_ext.cli.model_classifier import PARSERS
from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.models.classifier.export import ClassifierExport, export_classifier
from nnunet_ext.models.classifier.install import install_classifier
from tests.models.classifier.made import (
    NAME,
    Files,
    classifier_files,
    described,
    entries,
    manifested,
    write_classifier,
    zipped,
)

__all__ = ["PARSERS"]

Refused = Callable[[bytes], str]


@pytest.fixture(scope="session")
def sound() -> Files:
    """Every file of a sound classifier by its name."""
    return classifier_files()


@pytest.fixture(scope="session")
def exported(sound: Files, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The zip of it, below whose folder everything stands."""
    folder = tmp_path_factory.mktemp("classifier")
    export_classifier(ClassifierExport(write_classifier(folder / NAME, sound), folder / "a.zip"), PARSERS)
    return (folder / "a.zip").read_bytes()


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Install a zip that must be refused as unsafe, of which nothing may be kept; gives the message."""

    def install(archive: bytes) -> str:
        (tmp_path / "evil.zip").write_bytes(archive)
        with pytest.raises(UnsafeModelError) as caught:
            install_classifier(tmp_path / "evil.zip", tmp_path / "results", PARSERS)
        kept = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
        assert kept == {"evil.zip", "results", "results/.nnunet_ext-import.lock"}
        return str(caught.value)

    return install


def spoilt(exported: bytes, sound: Files, changes: Mapping[str, bytes | None], /, **told: object) -> bytes:
    """Give the zip of a classifier with other files, whose own description and manifest know them."""
    files = described({name: data for name, data in {**sound, **changes}.items() if data is not None}, **told)
    card = entries(exported)[f"{NAME}/MODEL_CARD.md"]
    whole = manifested({**files, "MODEL_CARD.md": card})
    return zipped({f"{NAME}/{name}": data for name, data in whole.items()})
