from pathlib import Path

import pytest

from nnunet_ext.cli.main import main


@pytest.mark.parametrize(
    "action",
    [
        ("query",),
        ("pack", "to.zip"),
        ("unpack", "from.zip"),
        ("ingest",),
        ("correct",),
        ("train",),
        ("report",),
        ("status",),
    ],
    ids=" ".join,
)
def test_every_action_answers_2_in_a_folder_that_is_no_loop_and_names_init(
    action: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *more = action
    nowhere = tmp_path / "nowhere"
    assert main(["active", name, str(nowhere), *(str(tmp_path / word) for word in more)]) == 2
    assert f"nnunet_ext active init {nowhere}" in capsys.readouterr().err
    assert not nowhere.exists()
