import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.journal import Entry, Journal
from nnunet_ext.core.errors import FileRefusedError
from tests.kills.dying import Death, Way, run_apart

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
FIELDS = st.dictionaries(st.text(max_size=4), PLAIN | st.lists(PLAIN, max_size=3), max_size=3)
EVENTS = st.lists(st.tuples(st.sampled_from(["init", "queried"]), FIELDS), min_size=1, max_size=4)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal of three lines."""
    journal = Journal(tmp_path / "journal.jsonl")
    for number in range(1, 4):
        journal.append("queried", {"round": number, "files": {"query.tsv": "é" * number}})
    return journal


def add(journal: Journal) -> int:
    journal.append("trained", {"round": 3})
    return 0


def facts(entries: Sequence[Entry]) -> list[tuple[int, str, Mapping[str, Any]]]:
    return [(entry.number, entry.event, entry.fields) for entry in entries]


def test_what_was_added_is_read_again_in_order(journal: Journal) -> None:
    assert [entry.fields["round"] for entry in journal.entries()] == [1, 2, 3]
    assert [entry.number for entry in journal.entries()] == [1, 2, 3]
    added = journal.append("trained", {"cases": ("a", "b")})
    assert journal.entries()[-1] == added
    assert added.fields == {"cases": ["a", "b"]}


def test_a_journal_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none.jsonl").entries() == ()


@given(events=EVENTS, share=st.floats(0, 1))
def test_of_a_truncated_journal_the_first_entries_are_read_and_it_can_be_added_to(
    events: list[tuple[str, dict[str, Any]]], share: float
) -> None:
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl")
        whole = [journal.append(event, fields) for event, fields in events]
        content = journal.path.read_bytes()
        kept = content[: round(share * len(content))]
        journal.path.write_bytes(kept)
        left = journal.entries()
        assert list(left) == whole[: kept.count(b"\n")]
        added = journal.append("trained", {})
        assert journal.entries() == (*left, added)


@given(data=st.data())
def test_a_changed_byte_is_found(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl")
        for number in range(3):
            journal.append("queried", {"round": number})
        content = bytearray(journal.path.read_bytes())
        before = journal.entries()
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        journal.path.write_bytes(content)
        try:
            left = journal.entries()
        except FileRefusedError:
            return
        # What is torn is no more than the last line.
        assert left == before[:-1]
        assert place >= bytes(content).rstrip(b"\n").rfind(b"\n")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_line_that_was_edited_is_refused_by_its_number(journal: Journal, number: int) -> None:
    lines = journal.path.read_text().splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace(f'"round": {number}', '"round": 9')
    journal.path.write_text("".join(lines))
    with pytest.raises(FileRefusedError, match=f"line {number} is not what was written"):
        journal.entries()
    with pytest.raises(FileRefusedError, match=f"line {number} "):
        journal.append("trained", {})


def test_a_line_that_was_taken_out_is_missed(journal: Journal) -> None:
    first, _, third = journal.path.read_text().splitlines(keepends=True)
    journal.path.write_text(first + third)
    with pytest.raises(FileRefusedError, match="line 2 is not what was written"):
        journal.entries()


def test_a_line_of_another_journal_is_refused_though_it_is_whole(journal: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path / "other.jsonl")
    for number in range(1, 5):
        other.append("queried", {"round": number})
    last = other.path.read_text().splitlines(keepends=True)[-1]
    journal.path.write_text(journal.path.read_text() + last)
    with pytest.raises(FileRefusedError, match="line 4 is not what was written"):
        journal.entries()


@pytest.mark.parametrize("line", ["", "[]", "{}", "null", '{"number": 1}', "[" * 2000, "\x00no", '"'])
def test_a_line_that_is_no_entry_is_refused(journal: Journal, line: str) -> None:
    whole = journal.path.read_text()
    journal.path.write_text(f"{line}\n{whole}")
    with pytest.raises(FileRefusedError, match="line 1 is not what was written"):
        journal.entries()


def test_zeros_in_place_of_the_last_line_are_a_torn_line(journal: Journal) -> None:
    before = journal.entries()
    whole = journal.path.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    journal.path.write_bytes(whole[: -len(last)] + bytes(len(last) - 1) + b"\n")
    assert journal.entries() == before[:-1]
    journal.append("trained", {})
    assert b"\0" not in journal.path.read_bytes()


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_moment_of_adding_the_journal_has_the_line_or_has_it_not(tmp_path: Path, after: bool) -> None:
    whole = run_apart(partial(add, Journal(tmp_path / "0" / "journal.jsonl")), tmp_path, {})
    assert (whole.code, len(whole.events)) == (0, 3)  # the folder, the file, and the file again, to flush it
    for event in range(len(whole.events)):
        journal = Journal(tmp_path / f"{after}{event}" / "journal.jsonl")
        ended = run_apart(partial(add, journal), tmp_path, {}, Death(event, after))
        assert ended.code == -9
        assert facts(journal.entries()) in ([], [(1, "trained", {"round": 3})])
        assert facts([journal.append("trained", {"round": 3})])[0][1:] == ("trained", {"round": 3})


def test_killed_in_the_middle_of_writing_a_line_it_is_dropped_and_written_over(journal: Journal) -> None:
    before, size = journal.entries(), journal.path.stat().st_size
    line = len(journal.path.read_bytes().splitlines(keepends=True)[-1])
    for written in range(1, line - 40, 20):
        ended = run_apart(partial(add, journal), journal.path.parent, {}, Death(0, way=Way.TORN, size=size + written))
        assert ended.code == -25
        assert journal.path.stat().st_size == size + written
        assert journal.entries() == before
    journal.append("trained", {"round": 3})
    assert facts(journal.entries()[3:]) == [(4, "trained", {"round": 3})]


def test_a_journal_holds_no_place_of_a_disk_and_one_time_a_line(journal: Journal) -> None:
    text = journal.path.read_text()
    assert str(journal.path.parent) not in text
    assert len(re.findall(r"\d{4}-\d\d-\d\dT", text)) == 3
    keys = [list(json.loads(line)) for line in text.splitlines()]
    assert keys == 3 * [["number", "event", "fields", "when", "sha256"]]


def test_news_are_added_once_and_again_when_they_differ_from_the_last_of_their_event(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    for event, fields in (("a", {"of": ("x",)}), ("b", {}), ("a", {"of": ["x"]}), ("a", {"of": []}), ("a", {"of": []})):
        journal.append_news(event, fields)
    assert [(entry.event, dict(entry.fields)) for entry in journal.entries()] == [
        ("a", {"of": ["x"]}),
        ("b", {}),
        ("a", {"of": []}),
    ]
