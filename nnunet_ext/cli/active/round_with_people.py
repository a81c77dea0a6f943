"""The round that people have."""

from nnunet_ext.active_learning.frozen import read_frozen
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.round_state import Stage, read_state
from nnunet_ext.core.errors import UsageError


def round_with_people(rounds: Rounds) -> Round:
    """Give the round that was given out, and is not over.

    Raises
    ------
    UsageError
        Where there is none, or the loop has not begun.
    """
    read_frozen(rounds)
    state = read_state(rounds)
    if state.stage in (Stage.NONE, Stage.QUERIED):
        raise UsageError(
            f"{rounds.root}: a round that people have was needed, and nothing was given out yet; "
            f"run: nnunet_ext active query {rounds.root}"
        )
    if state.stage is Stage.TRAINED:
        raise UsageError(
            f"{rounds.root}: round {state.number} is over, as its model is trained; begin the next: "
            f"nnunet_ext active query {rounds.root}"
        )
    return rounds.round(state.number)
