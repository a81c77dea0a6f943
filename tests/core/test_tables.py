import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.tables import cell, filled, finite_number, number, read_table, table_text, whole_table

CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12).map(cell)


def table(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.tsv"
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return path


@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5))
def test_what_we_write_is_read_as_it_was_whatever_quotes_and_separators_it_holds(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    named = [dict(zip("abc", row, strict=True)) for row in rows]
    path = table(tmp_path_factory.mktemp("table"), table_text(named, "abc"))
    assert [dict(row) for row in read_table(path)] == named


TEXT = "Case;Nli-Slice;Größe [mm]\nsub-01;5;1,5\n\nsub-02;;\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("separator", ["\t", ";"])
def test_however_a_spreadsheet_saved_a_table_it_is_the_same_table(
    tmp_path: Path, encoding: str, ending: str, separator: str
) -> None:
    text = TEXT.replace(";", separator).replace("\n", ending)
    first, second = read_table(table(tmp_path, text.encode(encoding)), ["case", "nli_slice"], ["größe"])
    assert dict(first) == {"case": "sub-01", "nli_slice": "5", "größe": "1,5"}
    assert [first.number("nli_slice"), first.number("größe"), second.number("größe")] == [5, 1.5, None]


def test_latin_1_is_said_and_utf_8_is_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read_table(table(tmp_path, TEXT.encode()))
    assert not caplog.messages
    read_table(table(tmp_path, TEXT.encode("latin-1")))
    (said,) = caplog.messages
    assert "no UTF-8" in said
    assert "Windows-1252" in said


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('a\tb\tc\n1\t"severe\t3\n2\tx\t4\n', [["1", '"severe', "3"], ["2", "x", "4"]]),
        ('a\tb\tc\n1\t5" coil\t3\n2\t7" coil\t4\n', [["1", '5" coil', "3"], ["2", '7" coil', "4"]]),
        ('a\tb\tc\n"1\t2\t3"\n', [['"1', "2", '3"']]),
        ('a,b,c\n1,"x, y",3\n', [["1", "x, y", "3"]]),
        ('a\tb\tc\n1\t"two\nlines"\t3\n2\tx\t4\n', [["1", "two lines", "3"], ["2", "x", "4"]]),
        ('a\tb\tc\n1\t"say ""so"""\t3\n', [["1", 'say "so"', "3"]]),
        ('a\tb\tc\n1\t"open\n2\tx\t"4\n', [["1", '"open', "n/a"], ["2", "x", '"4']]),
        ("a\tb\tc\n1\n\t\t\n 2 \t ' x '\t3\t\t\n", [["1", "n/a", "n/a"], ["2", "' x '", "3"]]),
        ("sep=;\na;b;c\n1;2,5;3\n", [["1", "2,5", "3"]]),
        ("a\tb, d\tc\t\n1\t2\t3\t\n", [["1", "2", "3"]]),
    ],
)
def test_a_quotation_mark_swallows_no_row_and_a_quoted_cell_is_one(
    tmp_path: Path, text: str, cells: list[list[str]]
) -> None:
    assert [list(row.values()) for row in read_table(table(tmp_path, text))] == cells


def test_a_cell_of_megabytes_is_a_cell(tmp_path: Path) -> None:
    (row,) = read_table(table(tmp_path, f"a\tb\n1\t{'x' * 3_000_000}\n"))
    assert len(row["b"]) == 3_000_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\tc\n1\t2\n", "a column b was needed, found a, c"),
        ("", "a column a and b was needed, found an empty file"),
        ("a\tb\n1\t2\n1\t2\t3\n", r"line 3: as many cells as there are columns \(2\) were needed, found 3"),
        ("a\tb\tB\tb\n1\t2\t3\t4\n", "columns of different names were needed, found b twice"),
        (b"\x1f\x8b\x08\x00", "found a gzip file"),
        (b"a\tb\n1\t\x00\x01\x02\n", "line 2: text was needed, found the control character"),
        ("a\tb\nä\t".encode() + b"\xe4\n", "line 2: text was needed, found bytes that are no UTF-8"),
        (b"\xff\xfea\x00\t", "found utf-16"),
    ],
)
def test_what_is_no_such_table_is_refused_with_its_line(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(FileRefusedError, match=rf"table\.tsv: .*{words}"):
        read_table(table(tmp_path, text), ["a", "b"])


def test_a_row_knows_where_it_stands_even_in_another_process(tmp_path: Path) -> None:
    _, row = read_table(table(tmp_path, "a\tb\n1\t2\n\n3\tmany\n"))
    row = pickle.loads(pickle.dumps(row))  # noqa: S301 - our own
    with pytest.raises(FileRefusedError, match=r"table\.tsv: line 4: a number was needed as b, found 'many'"):
        row.number("b")
    with pytest.raises(FileRefusedError, match=r"table\.tsv: a column c was needed, found a, b"):
        row["c"]


def test_a_row_cut_short_is_refused_where_only_a_program_writes(tmp_path: Path) -> None:
    path = table(tmp_path, "a\tb\n1\n")
    assert read_table(path)[0]["b"] == "n/a"
    with pytest.raises(FileRefusedError, match="line 2: as many cells"):
        read_table(path, whole=True)


def test_names_of_columns_are_also_known_as_they_are_written(tmp_path: Path) -> None:
    found = whole_table(table(tmp_path, "Case \tNLI slice\tother\t\n1\t2\t3\t\n"), ["case", "nli_slice"])
    assert found.written == {"case": "Case ", "nli_slice": "NLI slice", "other": "other"}


@pytest.mark.parametrize("text", ["", "-", "–", "n/a", "N/A", "NaN", "#N/A", "unknown", "None", " "])
def test_ways_to_say_nothing_are_no_number(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("1,5", 1.5), ("-0.5", -0.5), ("−3", -3), ("1e-3", 0.001), (" 7 ", 7), (",5", 0.5)]
)
def test_a_number_is_read_with_a_comma_too(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["mild", "1,234,567", "1,234.5", "1_0", "0x1", "1 2", "１"])
def test_a_word_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="a number was needed"):
        number(text)
    assert finite_number(text) is None


def test_a_site_called_unknown_is_a_name_and_a_dash_is_none() -> None:
    row = {"site": "unknown", "contrast": "-", "subject": "N/A"}
    assert [filled(row, name) for name in (*row, "session")] == ["unknown", "", "", ""]
