"""The named errors of the package, each with the exit code that the command line answers with."""

from pathlib import Path


class NnunetExtError(Exception):
    """Base of all errors that a user can act on.

    A message says what was needed, what was found, where, and the next command to try.
    """

    exit_code = 1


class UsageError(NnunetExtError):
    """The command was asked for something that it does not understand."""

    exit_code = 2


class DataRefusedError(NnunetExtError):
    """Input data is damaged, ambiguous or not what was declared."""

    exit_code = 3


class FileRefusedError(DataRefusedError):
    """One named file is damaged, or not what it should be.

    Parameters
    ----------
    path
        The file.
    reason
        What was needed and what was found, without the path, fit for a table cell.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[Path, str]]:
        # Exceptions are rebuilt from `args`, which here holds one string: a worker's error would be lost on the way.
        return type(self), (self.path, self.reason)


class EnvironmentProblemError(NnunetExtError):
    """A variable, a model, a program or a device is missing."""

    exit_code = 4


class ConflictError(NnunetExtError):
    """Something would be overwritten, or another process holds it."""

    exit_code = 5


class UnsafeModelError(NnunetExtError):
    """A model file could run code, or write outside its folder."""

    exit_code = 6


class ProcessFailedError(NnunetExtError):
    """A program that we started ended with an error of its own."""
