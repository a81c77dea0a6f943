import sys
from pathlib import Path

import pytest

from nnunet_ext.core.errors import EnvironmentProblemError
from nnunet_ext.core.require_classify import require_classify
from nnunet_ext.core.require_extra import require_extra


def test_a_library_that_is_there_is_given() -> None:
    assert require_extra("json.decoder", "fast", "this test") is sys.modules["json.decoder"]


def test_a_missing_library_names_the_command_that_installs_it() -> None:
    with pytest.raises(
        EnvironmentProblemError,
        match=r"classification needs the package no_such_one .*pip install 'nnunet_ext\[classify\]'$",
    ):
        require_classify("no_such_one.inner")


def test_a_broken_library_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_a_library.py").write_text("raise OSError('libgomp.so.1: cannot open')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EnvironmentProblemError, match=r"libgomp.*\[fast\]', or wait$"):
        require_extra("half_a_library", "fast", "this test", ", or wait")
