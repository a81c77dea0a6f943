"""`to_correct`: the chosen cases as people are given them, a folder a rater."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.place_cases import (
    PREDICTED,
    PlacedCase,
    place_cases,
    reading_order,
    trees_of,
)
from nnunet_ext.active_learning.exchange.rater_folder import (
    ExchangeSettings,
    describe_masks,
    read_chosen,
    sidecar_json,
    write_prediction,
    write_rater_folder,
)
from nnunet_ext.active_learning.exchange.sent_masks import SENT, SentMask, read_sent, write_sent
from nnunet_ext.cascade.prediction.what_stands import OUTPUTS
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.cell_lists import PATHS, join_list
from nnunet_ext.core.errors import ConflictError, FileRefusedError, UsageError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.leftovers import scratch_folder, sweep
from nnunet_ext.core.provenance import sha256

_MARK: Final = ".to_correct-"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def write_exchange(
    to_correct: Path, cases: Iterable[ChosenCase], settings: ExchangeSettings, datasets: Mapping[str, Path]
) -> list[SentMask]:
    """Write what people are to correct. It appears under its name all at once, or not at all.

    A rater with a name gets a folder of that name; without, `to_correct` itself is the folder. Beside them stay
    `predicted`, the masks that corrections are held against, and `sent.tsv`. Where it stands already it is left as it
    is, with all that raters have done in it.

    Parameters
    ----------
    to_correct
        The folder of a round.
    cases
        One for each case and rater, of all raters.
    settings
        How.
    datasets
        Folder of each dataset of the pool by its name.

    Returns
    -------
    list of SentMask
        What stands there.

    Raises
    ------
    ConflictError
        Where it holds other cases, or other things.
    FileRefusedError
        As `write_rater_folder`; and where a prediction that stands there is not what was written.
    UsageError
        Where a rater's name can be no folder's, or two are one but for their case.
    """
    placed = place_cases(cases)
    raters = _raters(placed)
    if to_correct.parent.is_dir():
        sweep(to_correct.parent, _MARK, below=False)
    if to_correct.is_dir() and any(to_correct.iterdir()):
        return _standing(to_correct, placed)
    to_correct.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(to_correct.parent, _MARK) as staged:
        for rater in raters:
            own = reading_order([one for one in placed if one.chosen.rater == rater], settings.seed)
            write_rater_folder(staged / rater, own, settings, to_correct / rater, datasets)
        hashes = _write_predictions(staged, placed, settings)
        write_sent(staged / SENT, _sent(placed, settings, hashes))
        if to_correct.is_dir():
            to_correct.rmdir()  # an empty one, which Windows would not replace
        staged.rename(to_correct)
    return read_sent(to_correct)


def _raters(placed: Sequence[PlacedCase]) -> list[str]:
    raters = sorted({one.chosen.rater for one in placed})
    if raters != [""] and (wrong := [name for name in raters if not _NAME.fullmatch(name)]):
        raise UsageError(f"raters' names of letters, digits and - _ . were needed, found {first_few(wrong)!r}")
    if PREDICTED in {name.lower() for name in raters}:
        raise UsageError(f"a rater's name other than {PREDICTED!r} was needed: that is the folder of the predictions")
    if len({name.lower() for name in raters}) < len(raters):
        raise UsageError(f"raters' names that differ not only in their case were needed, found {first_few(raters)}")
    return raters


def _write_predictions(staged: Path, placed: Sequence[PlacedCase], settings: ExchangeSettings) -> dict[str, str]:
    """Write the masks that stay at home, one of each case however many raters it has, and give their hashes."""
    hashes: dict[str, str] = {}
    for tree in trees_of(placed):
        describe_masks(staged / PREDICTED / tree, "Predicted masks", settings.dialect)
    for one in {one.images[0]: one for one in placed}.values():
        image = read_chosen(one)
        for region in one.chosen.masks:
            place = one.predicted(region, settings.dialect)
            told = write_prediction(staged / place, one, region, image)
            hashes[place] = sha256(staged / place)
            write_json(sidecar_json(staged / place), {**told, OUTPUTS: {(staged / place).name: hashes[place]}})
    return hashes


def _sent(placed: Sequence[PlacedCase], settings: ExchangeSettings, hashes: Mapping[str, str]) -> list[SentMask]:
    return [
        SentMask(
            one.chosen.case,
            one.chosen.dataset,
            one.chosen.rater,
            region,
            image=join_list([(PurePosixPath(one.chosen.rater) / image).as_posix() for image in one.images], PATHS),
            predicted=one.predicted(region, settings.dialect),
            copy=(PurePosixPath(one.chosen.rater) / one.mask(region, settings.dialect)).as_posix(),
            image_sha256=join_list(one.chosen.image_sha256, PATHS),
            predicted_sha256=hashes[one.predicted(region, settings.dialect)],
            reason=one.chosen.reason,
            model_sha256=one.chosen.model_sha256,
        )
        for one in placed
        for region in one.chosen.masks
    ]


def _standing(to_correct: Path, placed: Sequence[PlacedCase]) -> list[SentMask]:
    if not (to_correct / SENT).is_file():
        raise ConflictError(f"{to_correct}: an empty or new folder was needed, found one without {SENT}; move it away")
    sent = read_sent(to_correct)
    there = {(mask.case, mask.rater, mask.region) for mask in sent}
    asked = {(one.chosen.case, one.chosen.rater, region) for one in placed for region in one.chosen.masks}
    if there != asked:
        other = first_few(sorted({case for case, _, _ in there ^ asked}))
        raise ConflictError(
            f"{to_correct}: holds other cases than were chosen ({other}); finish that round, or move it away"
        )
    for mask in sent:
        file = to_correct / mask.predicted
        if not file.is_file() or sha256(file) != mask.predicted_sha256:
            raise FileRefusedError(
                file,
                "the prediction as it was written was needed, and somebody changed it or took it away; if it is a "
                f"correction, move it to {to_correct / mask.copy}, and write the prediction anew: nnunet_ext predict",
            )
    return sent
