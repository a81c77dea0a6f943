import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest

from nnunet_ext.active_learning.claim import Holder, claim, holder_of
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.core.errors import ConflictError
from tests.kills.dying import Death, Way, run_apart

WORK = """\
import sys
from pathlib import Path
from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.layout import Rounds
with claim(Rounds(Path(sys.argv[1]))):
    print("mine", flush=True)
    sys.stdin.read()
"""
ELSEWHERE = Holder("anna", "node-7", os.getpid(), "another-boot", "2026-01-02T03:04:05+00:00")


@pytest.fixture
def rounds(tmp_path: Path) -> Rounds:
    return Rounds(tmp_path / "rounds")


@contextmanager
def another_process(rounds: Rounds) -> Iterator[subprocess.Popen[str]]:
    """Have another process work on the loop."""
    with subprocess.Popen(
        [sys.executable, "-c", WORK, str(rounds.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        yield process
        process.kill()


def left(rounds: Rounds) -> list[str]:
    return sorted(entry.name for entry in rounds.root.iterdir())


def claimed_elsewhere(rounds: Rounds) -> None:
    rounds.root.mkdir()
    rounds.claim.write_text(json.dumps(asdict(ELSEWHERE)))


def work(rounds: Rounds, steal: bool = False) -> int:
    try:
        with claim(rounds, steal=steal):
            (rounds.root / "done").touch()
    except ConflictError as error:
        sys.stdout.write(f"{error}\n")
        return error.exit_code
    return 0


def test_who_works_is_known_and_nothing_is_left_afterwards(rounds: Rounds) -> None:
    assert holder_of(rounds) is None
    with claim(rounds):
        holder = holder_of(rounds)
        assert holder is not None
        assert (holder.host, holder.pid, holder.here) == (socket.gethostname(), os.getpid(), True)
        assert left(rounds) == [".claim"]
    assert holder_of(rounds) is None
    assert left(rounds) == []


def test_a_block_that_fails_gives_the_claim_back(rounds: Rounds) -> None:
    with pytest.raises(RuntimeError), claim(rounds):
        raise RuntimeError
    assert left(rounds) == []


@pytest.mark.parametrize("steal", [False, True])
def test_a_second_process_is_refused_with_the_name_of_the_first_and_cannot_steal_from_the_living(
    rounds: Rounds, steal: bool
) -> None:
    with another_process(rounds) as process:
        ended = run_apart(partial(work, rounds, steal), rounds.root, {})
        assert ended.code == 5
        assert f"on {socket.gethostname()}, process {process.pid}, since " in ended.said
        assert f"end it: kill {process.pid}" in ended.said
        assert not (rounds.root / "done").exists()
        assert left(rounds) == [".claim"]


def test_a_second_claim_of_one_process_is_refused_too(rounds: Rounds) -> None:
    with claim(rounds), pytest.raises(ConflictError, match=f"process {os.getpid()}"), claim(rounds):
        pass
    assert left(rounds) == []


def test_the_claim_of_a_process_that_was_killed_here_is_taken_over(rounds: Rounds) -> None:
    with another_process(rounds) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert rounds.claim.is_file()
        assert holder_of(rounds) is None
        assert work(rounds) == 0
    assert left(rounds) == ["done"]


def test_another_computer_s_claim_is_left_alone_unless_it_is_stolen(rounds: Rounds) -> None:
    claimed_elsewhere(rounds)
    before = rounds.claim.read_bytes()
    with pytest.raises(ConflictError, match=r"anna on node-7, process \d+, since 2026.*--steal"), claim(rounds):
        pass
    assert rounds.claim.read_bytes() == before
    assert holder_of(rounds) == ELSEWHERE
    with claim(rounds, steal=True):
        assert rounds.claim.read_bytes() != before
    assert left(rounds) == []


def test_of_many_processes_at_once_one_works_and_the_others_are_refused(rounds: Rounds) -> None:
    with another_process(rounds) as killed:
        killed.send_signal(signal.SIGKILL)
    with ExitStack() as all_of_them:
        started = [
            all_of_them.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WORK, str(rounds.root)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                )
            )
            for _ in range(4)
        ]  # fmt: skip
        answers = []
        for process in started:
            assert process.stdout is not None
            answers.append(process.stdout.readline())  # the winner waits, and what is refused ends
        assert sorted(answers) == ["", "", "", "mine\n"]
        for process in started:
            _, said = process.communicate("")
            assert ("ConflictError" in said) == bool(process.returncode)
    assert left(rounds) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff"])
def test_a_claim_that_nobody_can_read_is_somebody_s(rounds: Rounds, content: bytes) -> None:
    rounds.root.mkdir()
    rounds.claim.write_bytes(content)
    with pytest.raises(ConflictError, match=r"a process whose claim cannot be read.*--steal"), claim(rounds):
        pass
    assert work(rounds, steal=True) == 0


def test_who_was_stolen_from_does_not_take_the_thief_s_claim_away(
    rounds: Rounds, caplog: pytest.LogCaptureFixture
) -> None:
    with claim(rounds):
        rounds.claim.unlink()
        rounds.claim.write_text(json.dumps(asdict(ELSEWHERE)))
    assert holder_of(rounds) == ELSEWHERE
    assert "the claim was taken over while this process worked on it" in caplog.text


def test_on_a_disk_that_knows_no_links_the_claim_is_written_and_held(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with claim(rounds):
        assert left(rounds) == [".claim"]
        ended = run_apart(partial(work, rounds), rounds.root, {})
        assert (ended.code, f"process {os.getpid()}" in ended.said) == (5, True)
    assert work(rounds) == 0


def test_what_killed_processes_left_unfinished_is_swept(rounds: Rounds) -> None:
    folder = rounds.round(1).folder
    folder.mkdir(parents=True)
    (folder / ".part-0123.tsv").touch()
    assert work(rounds) == 0
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("prepare", [lambda _: None, claimed_elsewhere], ids=["free", "stolen"])
def test_killed_at_any_moment_the_same_command_again_works(
    tmp_path: Path, after: bool, prepare: Callable[[Rounds], None]
) -> None:
    steal = prepare is claimed_elsewhere
    first = Rounds(tmp_path / "first")
    prepare(first)
    events = run_apart(partial(work, first, steal), tmp_path, {}).events
    assert {event.split()[0] for event in events} >= {"os.mkdir", "open", "os.link", "os.remove"}
    for event in range(len(events)):
        rounds = Rounds(tmp_path / f"{event}")
        prepare(rounds)
        killed = run_apart(partial(work, rounds, steal), tmp_path, {}, Death(event, after, Way.KILL))
        assert killed.code in (-9, 0)  # after what cannot be done, such as making the folder again, nobody dies
        ended = run_apart(partial(work, rounds, steal), tmp_path, {})
        assert (ended.code, left(rounds)) == (0, ["done"]), (event, events[event], ended.said)
