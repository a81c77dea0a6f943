"""What a page needs to show each case that people were given, and why it was chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.exchange.place_cases import reading_rank
from nnunet_ext.active_learning.exchange.sent_masks import read_sent
from nnunet_ext.core.cell_lists import split_list


@dataclass(frozen=True)
class PageCase:
    """A case of a page.

    Parameters
    ----------
    case, rater
        Which, and whose; the rater is empty where the one there is has no name.
    images
        The file of each channel.
    masks
        For each region the prediction.
    reason
        Why it was chosen, in words.
    """

    case: str
    rater: str
    images: tuple[Path, ...]
    masks: Mapping[str, Path]
    reason: str


def page_cases(to_correct: Path, seed: int) -> list[PageCase]:
    """List what people were given, rater by rater and in the order in which each reads.

    Raises
    ------
    FileRefusedError
        As `read_sent`.
    """
    cases: dict[tuple[str, str], PageCase] = {}
    for sent in read_sent(to_correct):
        images = tuple(to_correct / image for image in split_list(sent.image))
        one = cases.get((sent.rater, sent.case)) or PageCase(sent.case, sent.rater, images, {}, sent.reason)
        masks = {**one.masks, sent.region: to_correct / sent.predicted}
        cases[sent.rater, sent.case] = PageCase(one.case, one.rater, one.images, masks, one.reason)
    return sorted(cases.values(), key=lambda one: (one.rater, reading_rank(one.rater, one.case, seed)))
