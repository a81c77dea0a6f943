"""The cases of a round in which raters differ, and that somebody must settle before it can be trained on."""

from nnunet_ext.active_learning.ingest.consensus import ADJUDICATE_COLUMNS
from nnunet_ext.active_learning.ingest.ingest import ADJUDICATE_TABLE
from nnunet_ext.active_learning.layout import Round
from nnunet_ext.core.tables import read_table


def to_adjudicate(one: Round) -> list[dict[str, str]]:
    """List them as `adjudicate.tsv` does, a row a case and region; none where nothing came back yet.

    Raises
    ------
    FileRefusedError
        Where the table is damaged.
    """
    table = one.ingest.with_name(ADJUDICATE_TABLE)
    rows = read_table(table, ADJUDICATE_COLUMNS, whole=True) if table.is_file() else []
    return [{column: row[column] for column in ADJUDICATE_COLUMNS} for row in rows]
