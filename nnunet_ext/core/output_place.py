"""The folder that a run of a verb writes: claimed, gone on in, replaced or refused, always in this one way."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.bids_ignore import write_bids_ignore
from nnunet_ext.core.errors import ConflictError, FileRefusedError, UsageError
from nnunet_ext.core.leftovers import sweep
from nnunet_ext.core.provenance import derivative_description, sha256
from nnunet_ext.core.read_json import read_json

DESCRIPTION: Final = "dataset_description.json"
"""BIDS wants it in every derivative, and it names the maker: the record stands in it."""

_RECORD: Final = "nnunet_ext"
_KINDS: Final[Mapping[str, type]] = MappingProxyType({"settings": dict, "complete": bool, "files": dict})
_ENDINGS: Final = (".nii", ".nii.gz")
_SHOWN: Final = 3


@dataclass(frozen=True)
class OutputPlace:
    """An output folder, and by which rules it may be written.

    A folder is known as ours by the record in it and by nothing else: the record names the verb, its settings and every
    file that the run writes. To replace a run is to delete those very files; what else lies in the folder or below it,
    a user's file or a run of another folder, is never touched.

    Parameters
    ----------
    title
        Of the derivative, for people.
    force
        Whether a complete run of other settings, or one whose files somebody has changed since, is replaced.
    settings
        What makes a run this one, its inputs and its options by name; paths, or sequences of them, are compared and
        recorded relative to the folder. A complete run of the same settings is made again.
    """

    folder: Path
    verb: str
    title: str
    force: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def recorded_settings(self) -> dict[str, Any]:
        """The settings as the record holds them: JSON, without a place on a disk."""
        return {name: self._recorded(value) for name, value in self.settings.items()}

    def refuse_inputs(self, inputs: Sequence[Path], *, derivatives: bool = False) -> None:
        """Refuse a folder that lies in an input, which is only ever read.

        Parameters
        ----------
        inputs
            Folders; files are passed over.
        derivatives
            Whether a folder of its own below `derivatives` of an input is taken, as BIDS wants it.

        Raises
        ------
        UsageError
            Naming the input.
        """
        place = self.folder.resolve()
        for source in (path.resolve() for path in inputs if path.is_dir()):
            inner = place.relative_to(source).parts if place.is_relative_to(source) else None
            if inner is None or (derivatives and inner[:1] == ("derivatives",) and len(inner) > 1):
                continue
            better = source / "derivatives" / "nnunet_ext" if derivatives else "a folder beside it"
            raise UsageError(
                f"{self.folder}: lies in the input {source.name}, which is only ever read; try: -o {better}"
            )

    def refuse_taken(self) -> None:
        """Refuse a folder that this run may not write; nothing is changed.

        Raises
        ------
        UsageError
            Where it is a file, or named like one.
        ConflictError
            Where others' files stand in it, or a complete run that is not to be replaced.
        """
        out = self.folder
        if out.name.lower().endswith(_ENDINGS) or (out.exists() and not out.is_dir()):
            raise UsageError(f"{out}: a folder was needed")
        others = sorted(entry.name for entry in out.iterdir() if not entry.name.startswith(".")) if out.is_dir() else []
        if not others:
            return
        found = self._found()
        if found is None:
            raise ConflictError(
                f"{out}: an empty or new folder was needed, or one that nnunet_ext {self.verb} left; found "
                f"{', '.join(others[:_SHOWN])}, which it did not write; choose another folder"
            )
        if self.force or not self._complete(found):
            return
        changed = [name for name, value in self.recorded_settings.items() if found["settings"].get(name) != value]
        if changed:
            raise ConflictError(
                f"{out}: holds an earlier run with other {', '.join(changed)}; choose another folder, or --force"
            )
        edited = [name for name, written in found["files"].items() if sha256(out / name) != written]
        if edited:
            raise ConflictError(
                f"{out}: {', '.join(edited[:_SHOWN])} was changed since an earlier run wrote it; choose another "
                "folder, or --force"
            )

    def begin(self, names: Iterable[str], links: Mapping[str, str] | None = None) -> None:
        """Delete what the earlier run left, unfinished files of killed ones included, and record that this one writes.

        Parameters
        ----------
        names
            All that the run may write besides its description, each relative to the folder.
        links
            What it is derived from, as BIDS's `DatasetLinks`.

        Raises
        ------
        UsageError, ConflictError
            As `refuse_taken`; or where one of the files stands there and no earlier run left it.
        """
        self.refuse_taken()
        found = self._found()
        left = set() if found is None else set(found["files"])
        wanted = sorted(set(names))
        strangers = [name for name in wanted if name not in left and os.path.lexists(self.folder / name)]
        if strangers:
            raise ConflictError(
                f"{self.folder}: {', '.join(strangers[:_SHOWN])} would be overwritten, and no earlier run of "
                f"nnunet_ext {self.verb} left it; move it away, or choose another folder"
            )
        sweep(self.folder)
        for name in sorted(left):
            (self.folder / name).unlink(missing_ok=True)
        described = derivative_description(self.title) | ({"DatasetLinks": dict(links)} if links else {})
        files = dict.fromkeys(wanted, "")
        record = {"verb": self.verb, "complete": False, "settings": self.recorded_settings, "files": files}
        write_json(self.folder / DESCRIPTION, {**described, _RECORD: record})
        write_bids_ignore(self.folder)

    def finish(self) -> None:
        """Record that the run is complete, with those of its files that it wrote and their SHA-256."""
        described = read_json(self.folder / DESCRIPTION)
        record = described[_RECORD]
        written = {name: sha256(self.folder / name) for name in record["files"] if (self.folder / name).is_file()}
        described[_RECORD] = {**record, "complete": True, "files": written}
        write_json(self.folder / DESCRIPTION, described)

    def _recorded(self, value: Any) -> Any:  # noqa: ANN401 - whatever json takes
        if isinstance(value, Path):
            return Path(os.path.relpath(value.resolve(), self.folder.resolve())).as_posix()
        return [self._recorded(one) for one in value] if isinstance(value, list | tuple) else value

    def _complete(self, found: Mapping[str, Any]) -> bool:
        return bool(found["complete"]) and all((self.folder / name).is_file() for name in found["files"])

    def _found(self) -> Mapping[str, Any] | None:
        """Read the record; None where there is none of this verb."""
        try:
            record = read_json(self.folder / DESCRIPTION)[_RECORD]
            whole = all(isinstance(record[key], kind) for key, kind in _KINDS.items())
            if not whole or record["verb"] != self.verb or not all(map(self._is_below, record["files"])):
                return None
        except (FileRefusedError, ValueError, KeyError, TypeError):
            return None
        return dict(record)

    def _is_below(self, name: str) -> bool:
        """Tell whether a name of a record, which anyone may have edited, leads to a file of this folder."""
        path = PurePosixPath(name)
        plain = not path.is_absolute() and ".." not in path.parts and path != PurePosixPath()
        return plain and (self.folder / name).parent.resolve().is_relative_to(self.folder.resolve())
