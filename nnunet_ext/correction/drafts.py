"""Drafts on the disk: one file a case and rater."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.correction.desk import Desk, key_of
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.draft import Draft, read_draft
from nnunet_ext.correction.keep_copy import keep_copy
from nnunet_ext.correction.open_case import OpenCase

_NEEDED: Final = "a draft of the desk was needed"


@dataclass(frozen=True)
class DraftFile:
    """Where the draft of a case lies, with its rater's name in its own: nobody reads another's.

    Parameters
    ----------
    desk, case
        Whose.
    """

    desk: Desk
    case: DeskCase

    @property
    def path(self) -> Path:
        """Of what is not saved yet."""
        return self.desk.hidden / "drafts" / f"{self._key}.json"

    @property
    def last(self) -> Path:
        """Of what was drawn and said when the case was saved, rejected or put off."""
        return self.desk.hidden / "last" / f"{self._key}.json"

    @property
    def _key(self) -> str:
        return key_of(self.case.name, self.desk.rater)

    def exists(self) -> bool:
        """Tell whether something is not saved yet."""
        return self.path.is_file()

    def write(self, draft: Draft, opened: OpenCase) -> None:
        """Write it, in the place of the one before."""
        _write(self.path, draft, opened)

    def settle(self, draft: Draft, opened: OpenCase) -> None:
        """Let it be the last that was settled; nothing is then unsaved."""
        _write(self.last, draft, opened)
        self.path.unlink(missing_ok=True)

    def read(self, opened: OpenCase) -> tuple[Draft | None, Draft | None, tuple[str, ...]]:
        """Give what is not saved, what was settled last, and what had to be set aside, in words.

        What cannot be read, or was drawn on another image, is moved to the superseded files.
        """
        unsaved, told = self._read(self.path, opened)
        last, more = self._read(self.last, opened)
        return unsaved, last, (*told, *more)

    def _read(self, path: Path, opened: OpenCase) -> tuple[Draft | None, tuple[str, ...]]:
        if not path.is_file():
            return None, ()
        try:
            return _read(path, opened), ()
        except FileRefusedError as error:
            kept = keep_copy(path, self.desk.superseded)
            path.unlink()
            return None, (f"{path.name}: {error.reason}; set aside as {kept.name}",)


def _write(path: Path, draft: Draft, opened: OpenCase) -> None:
    about: dict[str, Any] = {"image_sha256": opened.image.sha256, "shape": list(opened.shape)}
    write_text(path, json.dumps({**about, **draft.content()}, ensure_ascii=False))


def _read(path: Path, opened: OpenCase) -> Draft:
    content = read_json_object(path, _NEEDED)
    with refuse_malformed(path, _NEEDED, "draw it again"):
        if content["image_sha256"] != opened.image.sha256 or content["shape"] != list(opened.shape):
            raise ValueError("one that was drawn on another image")
        return read_draft(content, opened.regions, opened.voxels)
