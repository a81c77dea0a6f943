from pathlib import Path

from nnunet_ext.core.bids_ignore import write_bids_ignore


def test_what_is_ignored_is_all_but_the_description_and_the_subjects(tmp_path: Path) -> None:
    write_bids_ignore(tmp_path)
    lines = (tmp_path / ".bidsignore").read_text().splitlines()
    assert lines.index("/*") < lines.index("!/sub-*") < lines.index("/sub-*.*")  # the last that fits decides
    assert "!/dataset_description.json" in lines


def test_one_that_stands_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".bidsignore").write_text("mine\n")
    write_bids_ignore(tmp_path)
    assert (tmp_path / ".bidsignore").read_text() == "mine\n"
