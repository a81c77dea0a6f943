"""The cases that a round asks for, once they are chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.query.choose import QUERY_COLUMNS
from nnunet_ext.active_learning.round_state import QUERIED
from nnunet_ext.core.cell_lists import PATHS, join_list, split_list
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import Row, read_table


@dataclass(frozen=True)
class RoundChoice:
    """The choice of a round, whether it was made yet or not.

    Parameters
    ----------
    rounds, one
        The loop, and the round.
    """

    rounds: Rounds
    one: Round

    @property
    def rows(self) -> Sequence[Row]:
        """Those of `query.tsv`; raises FileRefusedError where it is damaged, or not there."""
        return read_table(self.one.query, QUERY_COLUMNS, whole=True)

    @property
    def said(self) -> Mapping[str, Any]:
        """What the journal says last of it; empty before."""
        entries = Journal(self.rounds.journal).entries()
        said = [entry.fields for entry in entries if entry.event == QUERIED]
        return next((fields for fields in reversed(said) if fields["round"] == self.one.number), {})

    def write_down(self, fields: Mapping[str, Any]) -> None:
        """Say in the journal that it is made, with its tables as they are now, unless that stands there."""
        files = {
            file.relative_to(self.rounds.root).as_posix(): sha256(file) for file in (self.one.scores, self.one.query)
        }
        Journal(self.rounds.journal).append_news(QUERIED, {"round": self.one.number, **fields, "files": files})

    def stands(self, roots: Mapping[str, Path]) -> bool:
        """Tell whether it is made, and the tables and the chosen images are what they were then.

        Parameters
        ----------
        roots
            The folder of each dataset of the pool.
        """
        files = self.said.get("files", {})
        if not files or not all(_is(self.rounds.root / name, digest) for name, digest in files.items()):
            return False
        return all(row["dataset"] in roots and _unchanged(row, roots[row["dataset"]]) for row in self.rows)


def _unchanged(row: Row, root: Path) -> bool:
    files = [root / image for image in split_list(row["image"])]
    return join_list((sha256(file) for file in files if file.is_file()), PATHS) == row["image_sha256"]


def _is(file: Path, digest: str) -> bool:
    return file.is_file() and sha256(file) == digest
