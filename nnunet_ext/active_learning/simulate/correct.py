"""A rater who knows the labels: the true masks are saved where a person would save them."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nnunet_ext.active_learning.exchange.marks import MARKS, MARKS_COLUMNS
from nnunet_ext.active_learning.exchange.sent_masks import SentMask, read_sent
from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.active_learning.simulate.known_labels import KnownLabels
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import NOTHING, table_text


def correct(to_correct: Path, known: KnownLabels) -> None:
    """Correct every case that was given out, as all raters would who know the labels.

    A mask that is right as it was predicted is accepted, and its file left as it is; another is replaced. Where the
    labels cannot be used, as where lesions lie outside the cord and a conversion would refuse that, the case is
    rejected. The same call ends in the same files, whatever was done before.

    Parameters
    ----------
    to_correct
        The folder that people get.
    known
        The labels.

    Raises
    ------
    FileRefusedError
        Where it is not written what was given to whom, or a prediction cannot be read.
    """
    given: dict[str, dict[str, list[SentMask]]] = defaultdict(lambda: defaultdict(list))
    for mask in read_sent(to_correct):
        given[mask.rater][mask.case].append(mask)
    for rater, cases in given.items():
        rows = [row for masks in cases.values() for row in _correct_case(to_correct, masks, known)]
        write_text(to_correct / rater / MARKS, table_text(rows, MARKS_COLUMNS))


def _correct_case(to_correct: Path, given: Sequence[SentMask], known: KnownLabels) -> list[dict[str, str]]:
    case = given[0].case
    try:
        truth = known.truth(case)
    except DataRefusedError as error:
        return [_mark(case, NOTHING, Action.REJECT, f"the known labels cannot be used: {error}")]
    marks = []
    for mask in given:
        drawn = truth.masks[mask.region]
        before = read_mask(to_correct / mask.predicted).data > 0
        right = np.array_equal(before, drawn)
        if not right:
            write_mask(to_correct / mask.copy, drawn, truth.image.affine, truth.image.forms)
        said = NOTHING if drawn.any() else f"no {mask.region}"
        marks.append(_mark(case, mask.region, Action.ACCEPT if right else Action.EDIT, said))
    return marks


def _mark(case: str, region: str, action: Action, comment: str) -> dict[str, str]:
    said = {"case": case, "region": region, "action": str(action), "comment": comment}
    return dict.fromkeys(MARKS_COLUMNS, NOTHING) | said
