from pathlib import Path

import pytest

from nnunet_ext.cli.main import main


def test_the_help_names_the_desk_among_the_actions_and_in_the_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["active", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "correct a rater's cases in the browser" in said
    assert "correct them: nnunet_ext active correct rounds --rater ann" in said


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
