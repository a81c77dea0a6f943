"""The folder of corrected masks: a BIDS derivative that grows with each save."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.bids_ignore import write_bids_ignore
from nnunet_ext.core.errors import ConflictError, FileRefusedError
from nnunet_ext.core.output_place import DESCRIPTION, OutputPlace
from nnunet_ext.core.read_json import read_json_object

_RECORD: Final = "nnunet_ext"


@dataclass(frozen=True)
class CorrectedPlace:
    """The folder, whether it was begun or not.

    Parameters
    ----------
    out
        That folder.
    folder
        Whose masks are corrected.
    """

    out: Path
    folder: Path

    @classmethod
    def beside(cls, folder: Path) -> "CorrectedPlace":
        """Give the one beside the masks."""
        whole = folder if folder.name not in ("", "..") else folder.resolve()
        return cls(whole.with_name(f"{whole.name}-corrected"), folder)

    def refuse_other(self) -> None:
        """Refuse a folder in which corrections of these masks may not go.

        Raises
        ------
        UsageError
            Where it lies in the folder of masks, which is only ever read, or is a file.
        ConflictError
            Where it holds other things, or corrections of another folder.
        """
        self._place.refuse_inputs([self.folder])
        self._place.refuse_taken()
        begun = self._begun()
        if begun is not None and begun != self._place.recorded_settings:
            other = os.path.normpath(self.out / str(begun.get("folder")))
            raise ConflictError(
                f"{self.out}: holds corrections of {other}, and those of {self.folder} were meant; choose another "
                "folder: -o OUT"
            )

    def begin(self, *, bids: bool) -> None:
        """Begin the folder, unless it was begun.

        Parameters
        ----------
        bids
            Whether the masks have names that the BIDS validator takes; it passes over others.
        """
        if self._begun() is None:
            write_bids_ignore(self.out, *(() if bids else ("/sub-*",)))
            self._place.begin(())

    @property
    def _place(self) -> OutputPlace:
        return OutputPlace(self.out, "correct", "Corrected masks", settings={"folder": self.folder})

    def _begun(self) -> Mapping[str, Any] | None:
        file = self.out / DESCRIPTION
        try:
            return dict(read_json_object(file)[_RECORD]["settings"]) if file.is_file() else None
        except (FileRefusedError, KeyError, TypeError, ValueError):  # not ours, as `refuse_taken` has said
            return None
