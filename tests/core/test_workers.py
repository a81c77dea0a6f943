import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from nnunet_ext.core.workers import run_all

COMMAND = (
    "import sys\n"
    "from pathlib import Path\n"
    "from nnunet_ext.core.workers import run_all\n"
    "from tests.core.test_workers import tell_and_wait\n"
    "if __name__ == '__main__':\n"
    "    run_all(tell_and_wait, [1, 2], (), 2, None)\n"
)


def double(number: int) -> int:
    return 2 * number


def tell_and_wait(_: int) -> None:
    os.write(1, f"{os.getpid()}\n".encode())
    signal.pause()


def test_results_come_in_the_order_of_the_cases() -> None:
    told: list[tuple[int, int]] = []
    assert run_all(double, [3, 1, 2], (), 2, lambda done, total: told.append((done, total))) == [6, 2, 4]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_no_worker_outlives_a_process_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(COMMAND)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        workers = [os.pidfd_open(int(process.stdout.readline())) for _ in range(2)]
        process.kill()
    for worker in workers:  # readable once the process has ended
        assert select.select([worker], [], [], 20)[0] == [worker]
        os.close(worker)
