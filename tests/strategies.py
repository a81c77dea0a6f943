"""What Hypothesis draws in more than one place: masks, grids, places in them, names, and how many examples."""

from collections.abc import Sequence
from dataclasses import fields
from itertools import permutations, product

import nibabel as nib
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.core.volume import Affine, Array, Volume

Triple = tuple[float, float, float]
Shape = tuple[int, int, int]

ALL_AXES = ["".join(letters) for order in permutations(("RL", "AP", "SI")) for letters in product(*order)]
"""nibabel's letters of the 48 ways to lie along the axes of the world."""

AXES = st.sampled_from(ALL_AXES)
ORDERS = st.permutations(range(3))
SEEDS = st.integers(0, 2**32 - 1)
MARGINS = st.builds(Margins, **{each.name: st.floats(0, 12) for each in fields(Margins)})


def thorough(times: float) -> settings:
    """Draw so many times the number of examples of the profile; see `tests/conftest.py`."""
    return settings(max_examples=max(1, round(times * settings().max_examples)))


def triples(values: st.SearchStrategy[float]) -> st.SearchStrategy[Triple]:
    """Draw one of the values for each axis: millimetres, radians, factors."""
    return st.tuples(values, values, values)


ANGLES = triples(st.floats(-0.3, 0.3))
"""In radians: no more than a scanner's table and a patient's neck give."""

SPACINGS = triples(st.sampled_from([0.3, 0.5, 0.7, 1.0, 3.3, 5.0]))
"""In mm; equal ones and very thick slices are drawn often."""


def shapes(largest: int) -> st.SearchStrategy[Shape]:
    """Draw shapes of volumes, one voxel thin at the least."""
    return st.tuples(*[st.integers(1, largest)] * 3).map(lambda sides: (sides[0], sides[1], sides[2]))


@st.composite
def affines(draw: st.DrawFn, *, shear: float = 0.0) -> Affine:
    """Draw oblique affines of either handedness, with thin and thick voxels, rounded as files round them.

    Parameters
    ----------
    draw
        Given by Hypothesis.
    shear
        The largest share of a voxel by which one plane lies aside of the last.
    """
    turn = nib.eulerangles.euler2mat(*draw(triples(st.floats(-0.5, 0.5))))
    matrix = turn * draw(SPACINGS) * draw(triples(st.sampled_from([-1.0, 1.0])))
    slant = np.eye(3)
    slant[np.triu_indices(3, 1)] = draw(triples(st.floats(-shear, shear)))
    affine: Affine = nib.affines.from_matvec(matrix @ slant, draw(triples(st.floats(-200, 200))))
    return affine.astype(np.float32).astype(np.float64)


def masks(
    shape: Shape | st.SearchStrategy[Shape] = (6, 6, 6), *, often: bool | None = False
) -> st.SearchStrategy[Array]:
    """Draw boolean masks, where `often` is the value of most voxels; None favours neither."""
    fill = None if often is None else st.just(often)
    return hnp.arrays(np.bool_, shape, elements=st.booleans(), fill=fill)


def volumes(
    dtype: type[np.generic] = np.uint8, elements: st.SearchStrategy[int] | None = None, *, shear: float = 0.0
) -> st.SearchStrategy[Volume]:
    """Draw images, or label maps where the elements are few: empty, full, one slice thick, on any grid."""
    return st.builds(Volume, hnp.arrays(dtype, shapes(6), elements=elements), affines(shear=shear))


LABEL_MAPS = volumes(elements=st.integers(0, 3))


def boxes(shape: Sequence[int]) -> st.SearchStrategy[Box]:
    """Draw boxes of at least one voxel inside a volume."""
    sides = [st.lists(st.integers(0, size), min_size=2, max_size=2, unique=True).map(sorted) for size in shape]
    return st.tuples(*sides).map(lambda ends: Box(*(tuple(corner) for corner in zip(*ends, strict=True))))


def pairs(lowest: int, highest: int, least: int = 2, most: int = 15) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Draw two measurements of each of so many subjects: whole numbers, so that ties are drawn often."""
    values = st.integers(lowest, highest)
    return st.lists(st.tuples(values, values), min_size=least, max_size=most)


def stems(*parts: Sequence[str]) -> st.SearchStrategy[str]:
    """Draw BIDS names: one of each sequence, of which an empty text is left out."""
    return st.tuples(*map(st.sampled_from, parts)).map(lambda found: "_".join(filter(None, found)))


@st.composite
def diagnosed(draw: st.DrawFn, classes: int = 3, least: int = 0, most: int = 40) -> tuple[Array, Array]:
    """Draw patients: the class of each, shape (n,), and probabilities, shape (n, classes), of which many are alike.

    Parameters
    ----------
    draw
        Given by Hypothesis.
    classes
        How many there are; some may have no patient.
    least, most
        Of patients.
    """
    rng = np.random.default_rng(draw(SEEDS))
    count = draw(st.integers(least, most))
    weights = rng.integers(0, draw(st.sampled_from([2, 5, 1000])) + 1, (count, classes)) + 1e-3
    return rng.integers(0, classes, count), weights / weights.sum(axis=1, keepdims=True)
