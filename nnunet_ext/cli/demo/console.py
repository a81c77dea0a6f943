"""What the demo shows while it runs."""

import sys
import time
from collections.abc import Sequence
from typing import Final

_PLAIN_SECONDS: Final = 15.0  # between two lines where the output is a file
_TERMINAL_SECONDS: Final = 0.5


class Console:
    """Prints one line a step; on a terminal the line follows the work and ends with the time left.

    Parameters
    ----------
    expected_seconds
        Of each step, in their order: their shares give the time left.
    """

    def __init__(self, expected_seconds: Sequence[float]) -> None:
        self._expected = expected_seconds
        self._terminal = sys.stdout.isatty()
        self._number = 0
        self._title = ""
        self._begun = self._shown = time.monotonic()
        self._spent: list[tuple[float, float]] = []

    def already_done(self, number: int, title: str, seconds: float) -> None:
        """Say that a step was done by an earlier run."""
        self._line(f"[{number}/{len(self._expected)}] {title}: done before, in {seconds:.0f} s", final=True)

    def begin(self, number: int, title: str) -> None:
        """Say that a step begins."""
        self._number, self._title = number, title
        self._begun = time.monotonic()
        self._shown = 0.0
        self.tell(0.0, "")

    def tell(self, fraction: float, words: str) -> None:
        """Show how far the step is, from 0 to 1, with a few words."""
        now = time.monotonic()
        if now - self._shown < (_TERMINAL_SECONDS if self._terminal else _PLAIN_SECONDS):
            return
        self._shown = now
        expected = self._expected[self._number - 1]
        left = seconds_left(fraction, now - self._begun, expected, self._expected[self._number :], self._spent)
        head = f"[{self._number}/{len(self._expected)}] {self._title}"
        self._line(f"{head}: {fraction:4.0%}  {words}  (about {_minutes(left)} left in all)", final=False)

    def end(self, seconds: float) -> None:
        """Say that the step is done."""
        self._spent.append((self._expected[self._number - 1], seconds))
        self._line(f"[{self._number}/{len(self._expected)}] {self._title}: done in {seconds:.0f} s", final=True)

    def _line(self, text: str, *, final: bool) -> None:
        if self._terminal:
            sys.stdout.write(f"\r\033[K{text[:150]}" + ("\n" if final else ""))
        else:
            sys.stdout.write(text + "\n")
        sys.stdout.flush()


def seconds_left(
    fraction: float, elapsed: float, expected: float, later: Sequence[float], spent: Sequence[tuple[float, float]]
) -> float:
    """Estimate how long the remaining work takes on this machine.

    Parameters
    ----------
    fraction
        Of the current step, from 0 to 1.
    elapsed, expected
        Seconds of the current step so far, and as it was expected to take in all.
    later
        Expected seconds of the steps after it.
    spent
        Expected and measured seconds of the steps already done: how fast this machine is.
    """
    planned, measured = sum(pair[0] for pair in spent), sum(pair[1] for pair in spent)
    # Until a minute was seen, the expectation weighs as much as the measurement.
    pace = (60 + measured) / (60 + planned)
    by_expectation = max(expected * pace - elapsed, 0.0)
    by_progress = elapsed / fraction - elapsed if fraction > 0 else by_expectation
    current = fraction * by_progress + (1 - fraction) * by_expectation
    return current + pace * sum(later)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
