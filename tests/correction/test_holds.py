import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from nnunet_ext.correction.holds import STALE_SECONDS, Holds, holds_of
from tests.correction.made_desk import MadeDesk, Tab, served, served_apart


@pytest.fixture
def made(tmp_path: Path) -> MadeDesk:
    return MadeDesk(tmp_path).make()


@contextmanager
def two_tabs(made: MadeDesk) -> Iterator[tuple[Tab, Tab]]:
    with served(made) as tab:
        yield tab, replace(tab, name="tab-2")


def hold_of(made: MadeDesk) -> Path:
    (path,) = (made.desk.hidden / "held").glob("*.json")
    return path


def grow_old(path: Path) -> None:
    """Let it be as if nothing was heard of a tab for longer than it may."""
    long_ago = time.time() - STALE_SECONDS - 1
    os.utime(path, (long_ago, long_ago))


def test_a_second_tab_is_told_who_holds_a_case_and_where_and_since_when(made: MadeDesk) -> None:
    with two_tabs(made) as (first, second):
        assert first.open().status == 200
        answer = second.open()
        assert answer.status == 409
        words = answer.json["held_by"]
        assert words.startswith(f"tab of ann on {socket.gethostname()} since ")
        assert second.get("queue?tab=tab-2").json["cases"][0]["held_by"] == words
        assert first.get("queue?tab=tab-1").json["cases"][0]["held_by"] == ""
        assert second.open(2).status == 200


def test_a_tab_that_does_not_hold_a_case_can_neither_read_nor_write_it(made: MadeDesk) -> None:
    with two_tabs(made) as (first, second):
        first.open()
        for answer in (
            second.get("case/1/image.nii?tab=tab-2"),
            second.get("case/1/probability/lesion?tab=tab-2"),
            second.draft(made.drawn()),
            second.save(made.drawn(), "accept"),
        ):
            assert answer.status == 409
            assert answer.json["held_by"].startswith("tab of ann")


def test_a_released_case_can_be_held_by_another_tab_and_only_its_own_tab_releases_it(made: MadeDesk) -> None:
    with two_tabs(made) as (first, second):
        first.open()
        second.post("case/1/release", {"tab": "tab-2"})
        assert second.open().status == 409
        first.post("case/1/release", {"tab": "tab-1"})
        assert second.open().status == 200


def test_a_case_whose_tab_was_not_heard_of_may_be_taken_and_then_the_first_is_told(made: MadeDesk) -> None:
    with two_tabs(made) as (first, second):
        first.open()
        grow_old(hold_of(made))
        assert second.open().status == 200
        assert first.draft(made.drawn(made.more())).status == 409


@pytest.mark.parametrize("sign", ["beat", "draft", "image"])
def test_a_tab_that_was_heard_of_keeps_its_case(made: MadeDesk, sign: str) -> None:
    with two_tabs(made) as (first, second):
        first.open()
        grow_old(hold_of(made))
        if sign == "beat":
            first.post("beat", {"tab": "tab-1"})
        elif sign == "draft":
            first.draft(made.drawn())
        else:
            first.get("case/1/image.nii?tab=tab-1")
        assert second.open().status == 409


def test_two_servers_on_one_folder_see_each_others_holds(made: MadeDesk) -> None:
    with served_apart(made) as other, served(replace(made, rater="bob")) as tab:
        mine = replace(tab, name="tab-2")
        other.tab.open()
        assert mine.open().json["held_by"].startswith("tab of ann")
        mine.open(2)
        assert other.tab.open(2).json["held_by"].startswith("tab of bob")


def test_a_killed_server_holds_nothing(made: MadeDesk) -> None:
    with served_apart(made) as other, served(made) as tab:
        other.tab.open()
        mine = replace(tab, name="tab-2")
        assert mine.open().status == 409
        other.kill()
        assert mine.open().status == 200


def test_a_server_that_ended_holds_nothing_and_leaves_no_sign_of_its_life(made: MadeDesk) -> None:
    with served(made) as tab:
        tab.open()
    assert not list((made.desk.hidden / "held").glob(".part-*"))
    with served(made) as tab:
        assert replace(tab, name="tab-2").open().status == 200


@pytest.mark.parametrize("content", ["", "{", '{"tab": "tab-1"}', "[1]"])
def test_a_torn_hold_holds_nothing(made: MadeDesk, content: str) -> None:
    with two_tabs(made) as (first, second):
        first.open()
        hold_of(made).write_text(content, encoding="utf-8")
        assert second.open().status == 200


def test_of_many_tabs_that_ask_at_once_one_holds_the_case(made: MadeDesk) -> None:
    from concurrent.futures import ThreadPoolExecutor

    case = made.desk.cases[0]
    with holds_of(made.desk) as one, holds_of(made.desk) as other, ThreadPoolExecutor(8) as pool:

        def take(number: int) -> str:
            holds: Holds = (one, other)[number % 2]
            return holds.take(case, f"tab-{number}")

        assert list(pool.map(take, range(16))).count("") == 1
