"""What was done in a correction loop, in lines that are only ever added, each sealed by a checksum over all before."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import flush_to_disk
from nnunet_ext.core.errors import FileRefusedError

_KEYS: Final = ("number", "event", "fields", "when", "sha256")
_CURE: Final = "nobody edits a journal: take the file back from a backup"


@dataclass(frozen=True)
class Entry:
    """One line of a journal.

    Parameters
    ----------
    number
        From 1, without a gap.
    event
        What was done, in one word.
    fields
        With what.
    when
        The time, as ISO 8601 in UTC; nothing follows from it.
    sha256
        Over the checksum of the line before and all else in this one.
    """

    number: int
    event: str
    fields: Mapping[str, Any]
    when: str
    sha256: str


@dataclass(frozen=True)
class Journal:
    """A journal, whether its file is there or not.

    Of a line that was being written when the power went there is only a part, or zeros in its place. That line was
    never acknowledged: it is passed over, and the next line is written in its place. Anything else that is not as it
    was written is refused, a last line that is whole included.

    Parameters
    ----------
    path
        The file. Who adds to it holds the claim of the loop.
    """

    path: Path

    def entries(self) -> tuple[Entry, ...]:
        """Read every line.

        Raises
        ------
        FileRefusedError
            Where a line is not as it was written, with its number.
        """
        return self._read()[0]

    def append(self, event: str, fields: Mapping[str, Any]) -> Entry:
        """Add a line, and return when it is on the disk.

        Parameters
        ----------
        event
            What was done.
        fields
            Plain values, as JSON takes them.

        Raises
        ------
        FileRefusedError
            As `entries`.
        OSError
            Where the disk is full, or the file cannot be written.
        """
        entries, sound = self._read()
        before = entries[-1].sha256 if entries else ""
        content = {
            "number": len(entries) + 1,
            "event": event,
            "fields": dict(fields),
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        # Read again as whoever opens the file will: tuples are lists there.
        entry = Entry(**json.loads(_text(content)), sha256=_seal(before, content))
        line = _text({**content, "sha256": entry.sha256}) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as stream:
            stream.truncate(sound)
            stream.write(line.encode("ascii"))
        flush_to_disk(self.path)
        flush_to_disk(self.path.parent)
        return entry

    def append_news(self, event: str, fields: Mapping[str, Any]) -> None:
        """Add a line, unless the last one of that event says the same; raises as `append`."""
        said = [entry.fields for entry in self.entries() if entry.event == event]
        if not said or _text(said[-1]) != _text(dict(fields)):
            self.append(event, fields)

    def _read(self) -> tuple[tuple[Entry, ...], int]:
        """Give the lines, and the number of bytes that they take: what lies behind was never acknowledged."""
        content = self.path.read_bytes() if self.path.exists() else b""
        lines = content.split(b"\n")
        torn = len(lines[-1])
        if len(lines) > 1 and not torn and b"\0" in lines[-2]:  # a block of the disk that was never filled
            torn, lines = len(lines[-2]) + 1, lines[:-1]
        return tuple(self._parsed(lines[:-1])), len(content) - torn

    def _parsed(self, lines: list[bytes]) -> Iterator[Entry]:
        before = ""
        for number, line in enumerate(lines, start=1):
            entry = _entry(line)
            if entry is None or entry.number != number or entry.sha256 != _seal(before, _unsealed(entry)):
                raise FileRefusedError(
                    self.path,
                    f"line {number} is not what was written there: changed, or one is missing; {_CURE}",
                )
            before = entry.sha256
            yield entry


def _entry(line: bytes) -> Entry | None:
    """Read a line; None where it is none."""
    try:
        content = json.loads(line)
        entry = Entry(**content)
    except (ValueError, TypeError, RecursionError):
        return None
    # Byte for byte, so that there is one way only to write what was done.
    return entry if tuple(content) == _KEYS and _text(content).encode("ascii") == line else None


def _unsealed(entry: Entry) -> dict[str, Any]:
    return {key: getattr(entry, key) for key in _KEYS[:-1]}


def _seal(before: str, content: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{before}\n{_text(content)}".encode("ascii")).hexdigest()


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=True, allow_nan=False)
