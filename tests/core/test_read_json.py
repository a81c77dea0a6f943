from pathlib import Path

import pytest

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.read_json import read_json, read_json_object


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_json_is_read_in_whatever_encoding_an_editor_saved_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes('{"site": "Genève"}'.encode(encoding))
    assert read_json_object(path) == {"site": "Genève"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1,\n "b" 2}', "at line 2, column 6: Expecting ':' delimiter"),
        ("[" * 100_000, "brackets nested too deep"),
        ("[" * 300 + "]" * 300, "brackets nested too deep"),
        ('{"a": "\\ud800"}', "surrogates not allowed"),
        ('{"a": "\\u0000"}', "the character 0"),
        ('{"a": ' + "9" * 5000 + "}", "integer string conversion"),
        ("[1]", "a plan was needed, found a list instead of an object in braces; run: make"),
        ('{"margin": NaN}', "NaN, which is no finite number"),
        ('{"margin": -Infinity}', "-Infinity, which"),
        ('{"margin": 1e400}', "1e400, which"),
        ("null", "found null"),
        ("", "at line 1, column 1"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(FileRefusedError, match=rf"a\.json: a plan was needed, found .*{words}|{words}"):
        read_json_object(path, "a plan was needed", "run: make")


def test_a_file_that_is_not_there_is_refused_by_what_was_needed(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"none\.json: a JSON file was needed: no such file; check the path"):
        read_json(tmp_path / "none.json")


def test_a_summary_of_nnunet_s_may_hold_nan(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text('{"Dice": NaN}')
    assert read_json(path, finite=False)["Dice"] != 0
