"""A rater's cases under pseudonyms, to be sent away and to be known again when they come back."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.place_cases import PlacedCase
from nnunet_ext.active_learning.exchange.pseudonyms import Scan, pseudonyms
from nnunet_ext.active_learning.exchange.sent_masks import SentMask
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import parse_case, strip_ending

_ENDING: Final = ".nii.gz"


def renamed_cases(
    to_correct: Path, sent: Sequence[SentMask], rater: str, names: Path, seed: int | None
) -> list[PlacedCase]:
    """Name the cases of a rater by pseudonyms, in one tree; the same cases always get the same names.

    Parameters
    ----------
    to_correct
        Where the images and the predictions are.
    sent
        What is in it.
    rater
        Whose cases; empty where the one rater has no name.
    names, seed
        See `pseudonyms`.

    Raises
    ------
    UsageError
        Where nothing was given to that rater.
    DataRefusedError
        As `pseudonyms`.
    """
    own = [mask for mask in sent if mask.rater == rater]
    if not own:
        there = first_few(sorted({mask.rater or "a rater without a name" for mask in sent}))
        raise UsageError(f"{to_correct}: cases of the rater {rater!r} were needed, found those of {there}")
    chosen = _chosen(to_correct, own)
    scans = {one.case: [Scan(one.dataset, strip_ending(image.name)) for image in one.images] for one in chosen}
    known = pseudonyms(names, [scan for several in scans.values() for scan in several], seed)
    stems = {case: [known[scan] for scan in several] for case, several in scans.items()}
    return [
        PlacedCase(
            one,
            mark=stems[one.case][0],
            tree="",
            folder=parse_case(stems[one.case][0]).folder,
            names=tuple(f"{stem}{_ENDING}" for stem in stems[one.case]),
        )
        for one in chosen
    ]


def _chosen(to_correct: Path, own: Sequence[SentMask]) -> list[ChosenCase]:
    masks: defaultdict[str, dict[str, Path]] = defaultdict(dict)
    for mask in own:
        masks[mask.case][mask.region] = to_correct / mask.predicted
    return [
        ChosenCase(
            mask.case,
            mask.dataset,
            tuple(to_correct / image for image in split_list(mask.image)),
            masks[mask.case],
            rater=mask.rater,
            image_sha256=split_list(mask.image_sha256),
            model_sha256=mask.model_sha256,
        )
        for mask in {mask.case: mask for mask in own}.values()
    ]
