import re
import tomllib
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.query.strategy_names import STRATEGIES
from nnunet_ext.active_learning.settings import (
    ActiveSettings,
    Shares,
    parse_settings,
    read_settings,
    write_settings,
)
from nnunet_ext.active_learning.settings_keys import KEYS, BadValueError
from nnunet_ext.core.errors import FileRefusedError, UsageError

SOME = ActiveSettings("cord-lesion", ("site=/data/site",))
LINES = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=12)
NAMES = st.text("abcdefgh0123", min_size=1, max_size=5)


def shares(numbers: list[int]) -> Shares:
    return Shares(*(number / sum(numbers) for number in numbers))


SETTINGS = st.builds(
    ActiveSettings,
    target=LINES.filter(bool),
    pool=st.dictionaries(NAMES, LINES.filter(bool), max_size=3).map(lambda d: tuple(f"{a}={b}" for a, b in d.items())),
    dataset=st.sampled_from(["", "Dataset501_CordLesion"]),
    model=LINES,
    localizer=LINES,
    profiles=st.lists(NAMES, max_size=2, unique=True).map(lambda names: tuple(f"{name}=auto" for name in names)),
    budget=st.integers(1, 500),
    rounds=st.integers(0, 9),
    strategy=st.sampled_from(sorted(STRATEGIES)),
    most_per_site=st.floats(0.01, 1),
    tested_in_pool=st.sampled_from(["refuse", "skip"]),
    seed=st.integers(0, 2**40),
    raters=st.lists(NAMES, max_size=3, unique=True).map(tuple),
    every_rater=st.booleans(),
    lesion_outside_cord=st.sampled_from(["refuse", "clip", "keep"]),
    consensus=st.sampled_from(["majority", "staple", "adjudicate"]),
    start=st.sampled_from(["warm", "scratch"]),
    trainer=st.sampled_from(["", "nnUNetTrainerSCI"]),
    epochs=st.integers(0, 1000),
    shares=st.lists(st.integers(1, 9), min_size=4, max_size=4).map(shares),
)


@given(settings=SETTINGS)
def test_settings_are_the_same_after_writing_and_reading(settings: ActiveSettings) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "active.toml"
        write_settings(path, settings)
        assert read_settings(path) == settings
        again = path.read_bytes()
        write_settings(path, read_settings(path))
        assert path.read_bytes() == again


def test_each_key_is_a_field_of_the_settings_and_is_said_in_lines_that_a_terminal_shows(tmp_path: Path) -> None:
    assert set(KEYS) == {field.name for field in fields(ActiveSettings)}
    write_settings(tmp_path / "active.toml", SOME)
    comments = [line for line in (tmp_path / "active.toml").read_text().splitlines() if line.startswith("#")]
    assert max(map(len, comments)) <= 120


def test_every_key_stands_below_what_it_means(tmp_path: Path) -> None:
    write_settings(tmp_path / "active.toml", SOME)
    text = (tmp_path / "active.toml").read_text()
    content = tomllib.loads(text)
    assert set(content) == set(KEYS)
    for key in [*KEYS, *content["shares"]]:
        assert re.search(rf"^# .+\n\[?{key}\b", text, re.MULTILINE), key


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("budget", "0", "budget needs a whole number of 1 or more, found 0"),
        ("budget", "2.5", "budget needs a whole number of 1 or more, found 2.5"),
        ("budget", '"many"', "budget needs a whole number of 1 or more, found 'many'"),
        ("seed", "-1", "seed needs a whole number of 0 or more, found -1"),
        ("start", '"cold"', """start needs "warm" or "scratch", found 'cold'"""),
        ("every_rater", '"yes"', "every_rater needs true or false, found 'yes'"),
        ("most_per_site", "0", "most_per_site needs a number above 0, up to 1, found 0"),
        ("most_per_site", "nan", "most_per_site needs a number above 0, up to 1, found nan"),
        ("raters", '["anna", "ANNA"]', "each with a name of its own, found ['anna', 'ANNA']"),
        ("raters", '["Consensus"]', "raters needs names of letters and digits"),
        ("strategy", '"guess"', """strategy needs "strata" or "foreground-random" or "random" or """),
        ("raters", '["an na"]', "raters needs names of letters and digits"),
        ("raters", '"anna"', "found 'anna'"),
        ("pool", '["/data/site"]', """pool needs BIDS folders, as in ["site=/data/site_bids"], found ['/data/site']"""),
        ("pool", '["a=/x", "A=/y"]', "each with a name of its own"),
        ("dataset", '"501"', "dataset needs nnU-Net's name of a dataset"),
        ("trainer", '"Mine"', "trainer needs the name of a trainer"),
        ("target", '""', "target needs the name of a target"),
        ("model", "7", "model needs a text in quotation marks"),
        ("lesion", "0.9", "shares needs shares that are 1 together"),
        ("lesion", "-0.1", "shares.lesion needs a number from 0 to 1, found -0.1"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_key_and_line(
    tmp_path: Path, key: str, value: str, said: str
) -> None:
    path = tmp_path / "active.toml"
    write_settings(path, SOME)
    text = re.sub(rf"^{key} = (\[\n.*?\n\]|.*?)$", f"{key} = {value}", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    path.write_text(text)
    with pytest.raises(FileRefusedError) as refused:
        read_settings(path)
    assert said in str(refused.value)
    named = "[shares]" if "shares needs" in said else f"{key} ="
    line = next(number for number, line in enumerate(text.splitlines(), start=1) if line.startswith(named))
    assert f"{path}: line {line}: " in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('pool = ["a=/x"]\n', "target is needed, and is not there"),
        ('target = "cord"\nbugdet = 3\n', "line 2: bugdet is no setting; known are target, "),
        ('target = "cord"\n\nshares = {lesion = 1.0}', "line 3: shares.cord is needed, and is not there"),
        (
            'target = "cord"\nshares.lesions = 1',
            "line 2: shares.lesions is none; there are lesion, cord, random, healthy",
        ),
        ("target = cord", "at line 1, column 10"),
        ("shares = 3\ntarget = 'cord'", "line 1: shares needs a table with lesion, cord, random, healthy, found 3"),
    ],
)
def test_a_file_that_is_no_settings_is_refused_where_it_is_not(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "active.toml").write_text(text)
    with pytest.raises(FileRefusedError, match=re.escape(said)):
        read_settings(tmp_path / "active.toml")


def test_a_folder_without_the_file_is_no_loop_and_the_command_that_begins_one_is_named(tmp_path: Path) -> None:
    place = re.escape(str(tmp_path))
    with pytest.raises(UsageError, match=rf"{place}: the folder of a correction .*: nnunet_ext active init {place} "):
        read_settings(tmp_path / "active.toml")


def test_what_a_person_leaves_out_is_as_it_would_be_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "active.toml").write_text('target = "cord-lesion"\npool = ["site=/data/site"]\n')
    assert read_settings(tmp_path / "active.toml") == SOME


def test_nothing_is_written_that_could_not_be_read_again(tmp_path: Path) -> None:
    with pytest.raises(BadValueError, match="budget needs"):
        write_settings(tmp_path / "active.toml", ActiveSettings("cord", (), budget=0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "trainer"),
    [
        ({}, "nnUNetTrainerSCIActive"),
        ({"start": "scratch"}, "nnUNetTrainerSCI"),
        ({"epochs": 20}, "nnUNetTrainerSCIActive_20epochs"),
        ({"trainer": "nnUNetTrainer", "epochs": 5}, "nnUNetTrainer_5epochs"),
    ],
)
def test_the_trainer_is_named_as_nnunet_takes_it(given: dict[str, Any], trainer: str) -> None:
    assert parse_settings({"target": "cord", "pool": [], **given}).full_trainer == trainer


def test_plain_values_make_the_settings_that_gave_them() -> None:
    assert parse_settings(asdict(SOME)) == SOME
