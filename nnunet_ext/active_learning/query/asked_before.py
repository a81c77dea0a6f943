"""Who need not be asked for again."""

from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER, Action
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.core.tables import read_table


def asked_before(rounds: Rounds, number: int) -> frozenset[str]:
    """List the cases that rounds before this one asked for, but for those that every rater put off, or never gave back.

    Raises
    ------
    FileRefusedError
        Where a table of such a round is damaged.
    """
    out: set[str] = set()
    for one in map(rounds.round, range(1, number)):
        asked = read_table(one.query, ("case",), whole=True) if one.query.is_file() else []
        back = read_table(one.ingest, ("case", "rater", "action"), whole=True) if one.ingest.is_file() else []
        seen = {row["case"] for row in back if row["rater"] != CONSENSUS_RATER and row["action"] != Action.DEFER}
        out |= {row["case"] for row in asked} & seen
    return frozenset(out)
