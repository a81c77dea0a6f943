"""What is to be taken in of a round, as the loop's folder says."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nnunet_ext.active_learning.exchange.place_cases import PREDICTED
from nnunet_ext.active_learning.exchange.sent_masks import read_sent
from nnunet_ext.active_learning.ingest.job import IngestJob, Returned
from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER
from nnunet_ext.active_learning.layout import Round
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.core.tables import NOTHING
from nnunet_ext.core.target import load_target


def job_of_round(
    one: Round, settings: ActiveSettings, pool: Mapping[str, Path], others: Sequence[Returned] = ()
) -> IngestJob:
    """Take in what raters edited in place, in their folders below `to_correct`, and other folders that came back.

    A folder `to_correct/consensus` holds what was settled where raters differed.

    Parameters
    ----------
    one
        The round.
    settings
        Of the loop.
    pool
        For each dataset its folder.
    others
        More folders, of raters who were asked, or of `consensus`.

    Raises
    ------
    FileRefusedError
        Where it is not written what was given to whom.
    """
    sent = read_sent(one.to_correct)
    raters = sorted({mask.rater for mask in sent})
    settled = [CONSENSUS_RATER] if (one.to_correct / CONSENSUS_RATER).is_dir() else []
    models = sorted({mask.model_sha256 for mask in sent if mask.model_sha256})
    return IngestJob(
        load_target(settings.target),
        pool,
        given=one.to_correct / PREDICTED,
        returned=(*(Returned(rater, one.to_correct / rater) for rater in (*raters, *settled)), *others),
        verified=one.corrected,
        model_sha256=models[0] if len(models) == 1 else NOTHING,
        round=one.number,
        lesion_outside_cord=settings.lesion_outside_cord,
        consensus=settings.consensus,
    )
