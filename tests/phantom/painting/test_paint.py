from dataclasses import replace

import numpy as np
import pytest

from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.painting.field_of_view import FieldShares
from nnunet_ext.phantom.painting.look import UP, Slices, draw_look
from nnunet_ext.phantom.painting.paint import Painted, paint
from nnunet_ext.phantom.tissues import Tissue
from tests.phantom.painting.samples import POOL, SPACING, layered, plain_look

WHOLE = FieldShares(box=0.0, short=0.0, beside=0.0)
EVERY_CONTRAST = [(contrast, 1.0) for contrast in Contrast]


def painted(seed: int, fields: FieldShares = WHOLE) -> Painted:
    rng = np.random.default_rng(seed)
    return paint(layered(), POOL, SPACING, draw_look(rng, EVERY_CONTRAST), fields, rng)


@pytest.mark.parametrize("seed", range(30))
def test_every_painted_image_is_finite_and_its_labels_lie_within_each_other(seed: int) -> None:
    made = painted(seed, FieldShares())
    assert made.image.shape == made.cord.shape == (20, 40, 40)
    assert made.image.dtype == np.float32
    assert np.isfinite(made.image).all()
    assert not (made.lesion & ~made.cord).any()
    assert not (made.unsure & made.cord).any()


def test_the_same_chance_paints_the_same_image() -> None:
    first, again, other = painted(1), painted(1), painted(2)
    assert np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize(("contrast", "brighter"), [(Contrast.T2W, Tissue.CSF), (Contrast.T1W, Tissue.WHITE_MATTER)])
def test_fluid_is_bright_in_t2w_and_dark_in_t1w(contrast: Contrast, brighter: Tissue) -> None:
    made = paint(layered(), POOL, SPACING, plain_look(contrast), WHOLE, np.random.default_rng(0))
    fluid = layered()[:, ::2, ::2] == Tissue.CSF
    inside, around = made.image[made.cord & ~made.lesion].mean(), made.image[fluid].mean()
    assert (around > inside) == (brighter is Tissue.CSF)


def test_the_cord_is_where_at_least_half_of_a_voxel_is_cord_whatever_is_painted() -> None:
    tissue = layered()
    made = paint(tissue, POOL, SPACING, plain_look(), WHOLE, np.random.default_rng(0))
    cord = np.isin(tissue, [Tissue.WHITE_MATTER, Tissue.GREY_MATTER, Tissue.PLAQUE])
    share = cord.reshape(20, 40, 2, 40, 2).mean(axis=(2, 4))
    assert np.array_equal(made.cord, share >= 0.5)


def test_in_thick_slices_image_and_labels_have_the_same_steps() -> None:
    look = replace(plain_look(), slices=Slices(UP, thickness_mm=8.0, filled=1.0))
    made = paint(layered(), POOL, SPACING, look, WHOLE, np.random.default_rng(0))
    steps = {index for index in range(1, 20) if not np.allclose(made.image[index], made.image[index - 1])}
    label_steps = {index for index in range(1, 20) if (made.cord[index] != made.cord[index - 1]).any()}
    assert steps
    assert label_steps <= steps
    assert np.diff(sorted(steps)).min() >= 4


def test_nothing_is_labelled_where_nothing_is_seen() -> None:
    beside = FieldShares(box=1.0, short=1.0, beside=0.0, margins_mm=(0.0, 1.0))
    made = painted(3, beside)
    unseen = made.image == made.image[0, 0, 0]
    assert unseen.any()
    assert not (made.cord & unseen).any()
    assert made.cord.any()
