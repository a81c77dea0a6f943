"""Which slices of an image somebody looked at."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.volume import Volume

_AXES: Final = "ijk"
_ALIKE: Final = 1.05  # spacings that differ by less are one: nothing says then how the image was scanned
_ASKED: Final = re.compile(r"(?:([ijkIJK])\s*[:=]?\s*)?([0-9]+(?:\s*-\s*[0-9]+)?(?:[\s,;]+[0-9]+(?:\s*-\s*[0-9]+)?)*)")
_RANGE: Final = re.compile(r"([0-9]+)(?:\s*-\s*([0-9]+))?")
_EACH: Final = " "


@dataclass(frozen=True)
class Slices:
    """Slices across one axis of a file.

    Parameters
    ----------
    axis
        Array axis across which they lie, 0 to 2: the file's own axes, unturned.
    numbers
        Counted from 0, as FSLeyes and nibabel do; ITK-SNAP counts from 1.
    """

    axis: int
    numbers: frozenset[int]

    def __str__(self) -> str:
        return f"{_AXES[self.axis]}:{','.join(_ranges(self.numbers))}"

    def voxels(self, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """Give all voxels of these slices, shape (i, j, k)."""
        chosen = np.zeros(shape, dtype=np.bool_)
        for number in self.numbers:
            chosen[(slice(None),) * self.axis + (number,)] = True
        return chosen


def scanned_axis(image: Volume) -> int:
    """Say across which array axis an image was scanned in slices: that of the largest voxels.

    Where the two largest are alike nothing tells, and slices are counted along the body.
    """
    order = np.argsort(image.spacing)
    if image.spacing[order[2]] < _ALIKE * image.spacing[order[1]]:
        return upright_axis(image.axes)
    return int(order[2])


def parse_slices(text: str, image: Volume) -> Slices:
    """Read slices as a person writes them: ``3-7, 9``, or ``i: 3-7`` across another axis than the scanned one.

    Raises
    ------
    ValueError
        Where it is something else, or the image has no such slice.
    """
    found = _ASKED.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"slices such as 3-7,9 or k:3-7 were needed, found {text[:60]!r}")
    axis = scanned_axis(image) if found[1] is None else _AXES.index(found[1].lower())
    numbers: set[int] = set()
    for first, last in _RANGE.findall(found[2]):
        begin, end = int(first), int(last or first)
        size = image.data.shape[axis]
        if begin > end or end >= size:
            raise ValueError(f"slices from 0 to {size - 1} across {_AXES[axis]} were needed, found {text[:60]!r}")
        numbers.update(range(begin, end + 1))
    return Slices(axis, frozenset(numbers))


def slices_cell(slices: Mapping[str, Slices | None]) -> str:
    """Write the slices of each region for a table; empty where all slices of all regions count.

    Examples
    --------
    >>> slices_cell({"sc": None, "lesion": Slices(2, frozenset({3, 4, 7}))})
    'lesion k:3-4,7'
    """
    several = len(set(slices.values())) > 1
    limited = {region: str(found) for region, found in slices.items() if found is not None}
    if not several:
        return next(iter(limited.values()), "")
    return _EACH.join(f"{region} {found}" for region, found in limited.items())


def read_slices_cell(cell: str, regions: Iterable[str]) -> dict[str, Slices | None]:
    """Read what `slices_cell` wrote of these regions."""
    words = cell.split(_EACH) if cell else []
    each = dict(zip(words[::2], words[1::2], strict=True)) if len(words) > 1 else {}
    shared = words[0] if len(words) == 1 else ""
    return {region: _written(each.get(region, shared)) for region in regions}


def _written(text: str) -> Slices | None:
    if not text:
        return None
    axis, _, numbers = text.partition(":")
    spans = ((int(first), int(last or first)) for first, last in _RANGE.findall(numbers))
    return Slices(_AXES.index(axis), frozenset(number for one, two in spans for number in range(one, two + 1)))


def _ranges(numbers: Iterable[int]) -> list[str]:
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return [str(first) if first == last else f"{first}-{last}" for first, last in spans]
