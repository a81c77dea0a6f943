from pathlib import Path

from nnunet_ext.core.participants_table import read_participants_table


def test_rows_know_their_subjects_lines_and_columns_however_they_are_spelt(tmp_path: Path) -> None:
    file = tmp_path / "participants.tsv"
    file.write_text("participant_id\tAge [years]\tage\n01\t30\tn/a\n\nn/a\t1\t2\nSub-02\tn/a\t'41  5'\n", "utf-8")
    table = read_participants_table(file)
    assert [subject for subject, _ in table.rows] == ["sub-01", "sub-02"]
    assert list(table.lines) == [2, 5]
    assert table.named(["AGE"]) == ["Age [years]", "age"]
    assert table.named(["age", "weight"]) == ["age", "Age [years]"]
    assert table.values(["age"]) == {"sub-01": "30", "sub-02": "41 5"}


def test_no_table_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "empty.tsv").write_text(" \n", "utf-8")
    for name in ("none.tsv", "empty.tsv"):
        assert list(read_participants_table(tmp_path / name).rows) == []
