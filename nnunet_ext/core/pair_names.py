"""Which names mean the same image, where labs add to the names of its masks."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Final

from nnunet_ext.core.names import IMAGE_ENTITIES, bids_stem, parse_case

_NUMBERED: Final = frozenset({"run", "echo", "flip", "inv", "chunk"})  # 1 and 01 are one number
_NO_CONTRAST: Final = re.compile(
    r"(rater|reader|expert|annotator|observer|manual|auto|pred|groundtruth|gt|correct|final|consensus|staple|majority"
    r"|union|preproc)[0-9A-Za-z]*|[rv][0-9]+",
    re.IGNORECASE,
)
"""What may stand in a mask's `desc-` instead of its image's contrast."""


@dataclass(frozen=True)
class NamePairs:
    """Names of two sides that mean the same image.

    Parameters
    ----------
    partners
        For a name of the first side that of the second.
    unsure
        For a name of the first side, without a partner, all of the second that may be.
    """

    partners: dict[str, str]
    unsure: dict[str, tuple[str, ...]]


def pair_names(first: Iterable[str], second: Iterable[str]) -> NamePairs:
    """Pair names by ever less of them, never by a beginning: `sub-1` never meets `sub-10`.

    A name pairs with itself. What is left pairs where one name alone of each side has the same BIDS stem, as that of
    nnU-Net's identifier ``{dataset}_{BIDS stem}``; then where it has the same subject, session, other entities of an
    image, in any order, and contrast: `space-`, `res-`, `desc-` and entities that BIDS does not know do not count; then
    where one of both says no contrast.
    """
    left, right = list(dict.fromkeys(first)), list(dict.fromkeys(second))
    partners: dict[str, str] = {}
    unsure: dict[str, tuple[str, ...]] = {}
    for key in (_itself, bids_stem, image_key, _without_contrast):
        taken = set(partners.values())
        theirs = _by_key(key, (name for name in right if name not in taken))
        candidates = {
            name: tuple(other for other in theirs.get(key(name), ()) if _may_be(name, other))
            for name in left
            if name not in partners
        }
        wanted = Counter(other for others in candidates.values() for other in others)
        for name, others in candidates.items():
            if len(others) == 1 and wanted[others[0]] == 1:
                partners[name] = others[0]
            elif others:
                unsure[name] = others
    return NamePairs(partners, {name: others for name, others in unsure.items() if name not in partners})


def image_key(name: str) -> Hashable:
    """Give what a name says of its image: subject, session, other entities in any order, contrast; else all of it."""
    said = parse_case(name)
    if not said.subject:
        return name
    given = [(key, value) for key, value in said.entities if key in IMAGE_ENTITIES]
    numbered = {(key, value.lstrip("0") or value if key in _NUMBERED else value) for key, value in given}
    return frozenset(numbered), _contrast(name)


def _itself(name: str) -> str:
    return name


def _without_contrast(name: str) -> Hashable:
    image = image_key(name)
    return image[0] if isinstance(image, tuple) else image


def _contrast(name: str) -> str:
    suffix = parse_case(name).suffix
    return "" if _NO_CONTRAST.fullmatch(suffix) else suffix


def _may_be(name: str, other: str) -> bool:
    """Tell whether two names say no different contrasts."""
    contrasts = {_contrast(name), _contrast(other)} - {""}
    return len(contrasts) < 2


def _by_key(key: Callable[[str], Hashable], names: Iterable[str]) -> dict[Hashable, list[str]]:
    found: dict[Hashable, list[str]] = defaultdict(list)
    for name in names:
        found[key(name)].append(name)
    return found
