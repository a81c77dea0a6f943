"""What nobody corrected of a label that was looked at again stays as it was."""

from collections.abc import Sequence
from dataclasses import replace

from nnunet_ext.active_learning.exchange.sent_masks import read_sent
from nnunet_ext.active_learning.ingest.for_training import TrainingCase
from nnunet_ext.active_learning.layout import Round
from nnunet_ext.active_learning.query.stratum import SUSPECT
from nnunet_ext.core.tables import filled, read_table


def keep_old_labels(cases: Sequence[TrainingCase], one: Round) -> list[TrainingCase]:
    """Give suspects of a round, besides what was corrected, the regions of their labels that were not.

    Of any other case a region that nobody corrected is annotated by nobody.

    Parameters
    ----------
    cases
        What training sees of the round.
    one
        The round, which is back.
    """
    asked = read_table(one.query, ("case",), whole=True)
    suspects = {row["case"] for row in asked if filled(row, "stratum") == SUSPECT}
    given = {
        (mask.case, mask.region): (one.to_correct / mask.predicted, mask.predicted_sha256)
        for mask in (read_sent(one.to_correct) if suspects else ())
        if mask.case in suspects
    }
    return [
        replace(one_case, masks={**{region: file for (case, region), file in given.items() if case == one_case.case},
                                 **one_case.masks})
        for one_case in cases
    ]  # fmt: skip
