"""A rater's cases under pseudonyms, to be sent away and to be known again when they come back."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.place_cases import PlacedCase
from nnunet_ext.active_learning.exchange.pseudonyms import Visit, pseudonyms
from nnunet_ext.active_learning.exchange.sent_masks import SentMask
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import ImageName, parse_image_name

_ENDING = ".nii.gz"


def renamed_cases(to_correct: Path, sent: Sequence[SentMask], rater: str, names: Path, seed: int) -> list[PlacedCase]:
    """Name the cases of a rater by pseudonyms, in one tree; the same cases always get the same names.

    Of an image's name only the contrast is kept: a session, an acquisition or a run may be named by a date or by
    anything else. Images of one visit and contrast are counted by `run-`.

    Parameters
    ----------
    to_correct
        Where the images and the predictions are.
    sent
        What is in it.
    rater
        Whose cases; empty where the one rater has no name.
    names
        The table of pseudonyms, at home.
    seed
        See `pseudonyms`.

    Raises
    ------
    UsageError
        Where nothing was given to that rater.
    """
    own = [mask for mask in sent if mask.rater == rater]
    if not own:
        there = first_few(sorted({mask.rater or "a rater without a name" for mask in sent}))
        raise UsageError(f"{to_correct}: cases of the rater {rater!r} were needed, found those of {there}")
    chosen = _chosen(to_correct, own)
    visits = {case: _visit(one) for case, one in chosen.items()}
    known = pseudonyms(names, visits.values(), seed)
    alike: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for case in sorted(chosen):
        for channel, image in enumerate(chosen[case].images):
            alike[f"{known[visits[case]]}_{_parsed(image).suffix}"].append((case, channel))
    files: dict[tuple[str, int], str] = {}
    for stem, several in alike.items():
        for run, one in enumerate(several, start=1):
            visit, suffix = stem.rsplit("_", 1)
            files[one] = f"{visit}_run-{run:02d}_{suffix}{_ENDING}" if len(several) > 1 else f"{stem}{_ENDING}"
    return [
        PlacedCase(
            one,
            mark=files[case, 0].removesuffix(_ENDING),
            tree="",
            folder=PurePosixPath(*known[visits[case]].split("_"), "anat").as_posix(),
            names=tuple(files[case, channel] for channel in range(len(one.images))),
        )
        for case, one in chosen.items()
    ]


def _chosen(to_correct: Path, own: Sequence[SentMask]) -> dict[str, ChosenCase]:
    masks: defaultdict[str, dict[str, Path]] = defaultdict(dict)
    for mask in own:
        masks[mask.case][mask.region] = to_correct / mask.predicted
    return {
        mask.case: ChosenCase(
            mask.case,
            mask.dataset,
            tuple(to_correct / image for image in split_list(mask.image)),
            masks[mask.case],
            rater=mask.rater,
            image_sha256=split_list(mask.image_sha256),
            model_sha256=mask.model_sha256,
        )
        for mask in own
    }


def _visit(chosen: ChosenCase) -> Visit:
    name = _parsed(chosen.images[0])
    return Visit(chosen.dataset, name.subject, name.session)


def _parsed(image: Path) -> ImageName:
    name = parse_image_name(image.name)
    if name is None:
        raise DataRefusedError(f"{image}: an image with a BIDS name was needed")
    return name
