"""Label files of a subject or session that has no image: a patient who was renamed on one side only."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import PurePosixPath
from typing import Final

from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import strip_ending
from nnunet_ext.dataset_conversion.find_label import LabelFiles

_VISIT: Final = re.compile(r"(sub-[0-9A-Za-z+]+)(?:_(ses-[0-9A-Za-z+]+))?(?=_)")
_ALIKE: Final = 0.6  # of 1: as difflib itself has it for close matches
_SHOWN: Final = 6


def stray_labels(images: Sequence[str], labels: Mapping[str, LabelFiles]) -> tuple[str, ...]:
    """Name what would else only be counted, and the image without labels that it is likeliest meant for.

    Parameters
    ----------
    images
        Paths of the dataset's images.
    labels
        For each class the files that may be its masks.

    Returns
    -------
    tuple of str
        A sentence for each subject, or session, that has labels and no image; of many the first.
    """
    stems = {stem for files in labels.values() for stem in files.paths}
    labelled, imaged = _by_visit(stems), _by_visit(strip_ending(PurePosixPath(path).name) for path in images)
    free = sorted(set(imaged) - set(labelled))
    strays = sorted(set(labelled) - set(imaged))
    said = [_sentence(stray, labelled[stray], free, imaged) for stray in strays[:_SHOWN]]
    if more := strays[_SHOWN:]:
        said.append(f"{len(more)} more have labels and no image: {first_few([_name(visit) for visit in more])}")
    return tuple(said)


def _by_visit(stems: Iterator[str] | set[str]) -> dict[tuple[str, str], list[str]]:
    visits: dict[tuple[str, str], list[str]] = defaultdict(list)
    for stem in sorted(stems):
        if found := _VISIT.match(stem):
            visits[found[1], found[2] or ""].append(stem)
    return visits


def _sentence(
    stray: tuple[str, str],
    stems: Sequence[str],
    free: Sequence[tuple[str, str]],
    imaged: Mapping[tuple[str, str], Sequence[str]],
) -> str:
    said = f"{_name(stray)} has labels and no image: {first_few(stems, 3)}"
    likeness = {visit: _likeness(stray, visit) for visit in free}
    likeliest = max(free, key=lambda visit: likeness[visit], default=None)
    if likeliest is None or (likeness[likeliest] < _ALIKE and len(free) > 1):
        return f"{said}; no image without labels has a name like it"
    image = max(imaged[likeliest], key=lambda stem: max(_same_end(stem, label) for label in stems))
    return f"{said}; likeliest the image {image}, which has no labels: give both one name if they are one patient's"


def _likeness(first: tuple[str, str], second: tuple[str, str]) -> float:
    """Compare names without what people change: capitals, and zeros before a number."""
    plain = [re.sub(r"(?<![0-9])0+(?=[0-9])", "", "_".join(one).casefold()) for one in (first, second)]
    a, b = (text.removeprefix("sub-") for text in plain)
    return SequenceMatcher(None, a, b, autojunk=False).ratio()


def _same_end(image: str, label: str) -> bool:
    """Tell whether a label is of an image's contrast."""
    return f"_{image.rsplit('_', 1)[-1]}_" in label


def _name(visit: tuple[str, str]) -> str:
    return "_".join(filter(None, visit))
