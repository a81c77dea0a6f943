import nibabel as nib
import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.core.labels import Mask
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.stray_lesions import cord_alone, without_stray_lesions
from nnunet_ext.core.volume import Volume
from tests.core.test_labels import CORD_LESION, PLAIN, TUMOUR
from tests.strategies import ANGLES, AXES, SEEDS, Triple

SHAPE = (20, 20, 30)
AFFINE = np.eye(4)
WIDE = np.diag([3.0, 3.0, 1.0, 1.0])
"""With these voxels what lies five to the side of the cord is no part of its tube."""


def box(start: tuple[int, int, int], stop: tuple[int, int, int]) -> Mask:
    mask = np.zeros(SHAPE, dtype=np.bool_)
    mask[tuple(slice(*ends) for ends in zip(start, stop, strict=True))] = True
    return mask


TUBE = box((8, 8, 0), (13, 13, 30))
IN_TUBE = box((9, 9, 5), (12, 12, 9))
AWAY = box((0, 0, 20), (3, 3, 25))
AT_A_CORNER = box((6, 6, 12), (8, 8, 14))


def test_a_lesion_apart_from_the_cord_is_no_cord_and_one_that_touches_it_is() -> None:
    lesion = IN_TUBE | AWAY | AT_A_CORNER
    found = cord_alone(TUBE | lesion, lesion, AFFINE)
    assert np.array_equal(found, TUBE | AT_A_CORNER)


def test_a_piece_of_the_tube_with_more_than_its_lesion_stays() -> None:
    other = box((0, 0, 10), (4, 4, 15))
    cord = TUBE | other
    assert np.array_equal(cord_alone(cord, IN_TUBE | box((0, 0, 10), (4, 4, 14)), AFFINE), cord)


@pytest.mark.parametrize(("slices", "goes"), [(2, False), (3, True), (5, True)])
def test_a_piece_apart_from_the_tube_is_no_cord_where_half_of_it_is_lesion(slices: int, goes: bool) -> None:
    rimmed = box((0, 0, 10), (4, 4, 16))
    cord, lesion = TUBE | rimmed, IN_TUBE | box((0, 0, 10), (4, 4, 10 + slices))
    assert np.array_equal(cord_alone(cord, lesion, WIDE), TUBE if goes else cord)
    assert np.array_equal(cord_alone(cord, lesion, AFFINE), cord)  # near enough to be of the tube


def test_a_severe_injury_with_a_thin_rim_that_gaps_part_from_the_rest_is_cord() -> None:
    injury = box((8, 8, 12), (13, 13, 18))
    cord = (TUBE & ~box((0, 0, 10), (20, 20, 20))) | injury
    for lesion in (box((8, 8, 12), (13, 13, 17)), box((9, 9, 12), (13, 13, 18))):
        assert np.array_equal(cord_alone(cord, lesion, WIDE), cord)


@pytest.mark.parametrize("rim", [0, 1])
def test_a_lesion_larger_than_each_piece_of_a_broken_cord_is_held_against_the_whole_tube(rim: int) -> None:
    broken, away = TUBE.copy(), box((0, 0, 0), (3, 3, 25))
    broken[:, :, [7, 15, 23]] = False
    lesion = box((0, 0, 0), (3, 3, 25 - rim))
    assert broken.sum() > lesion.sum() > broken[:, :, :7].sum()
    assert np.array_equal(cord_alone(broken | away, lesion, WIDE), broken)
    assert np.array_equal(cord_alone(broken | lesion, lesion, WIDE), broken)


@pytest.mark.parametrize("beside", [np.zeros(SHAPE, np.bool_), box((0, 0, 0), (1, 1, 1))])
def test_where_the_largest_piece_is_nothing_but_lesion_all_stays(beside: Mask) -> None:
    lesion = TUBE | AWAY
    assert np.array_equal(cord_alone(lesion | beside, lesion, AFFINE), lesion | beside)


def test_an_empty_cord_and_one_without_lesion_stay() -> None:
    nothing = np.zeros(SHAPE, np.bool_)
    assert not cord_alone(nothing, AWAY, AFFINE).any()
    assert np.array_equal(cord_alone(TUBE | AWAY, nothing, AFFINE), TUBE | AWAY)


def test_lesions_stay_lesions_and_other_targets_stay_as_they_are() -> None:
    masks = {"sc": TUBE | AWAY, "lesion": IN_TUBE | AWAY}
    found = without_stray_lesions(masks, CORD_LESION, AFFINE)
    assert np.array_equal(found["sc"], TUBE)
    assert np.array_equal(found["lesion"], IN_TUBE | AWAY)
    assert np.array_equal(masks["sc"], TUBE | AWAY)  # what was given is not written to
    for regions in (PLAIN, TUMOUR):
        given = dict.fromkeys(regions.names, AWAY)
        assert without_stray_lesions(given, regions, AFFINE) == given


def _scene(seed: int) -> tuple[Mask, Mask]:
    """Draw blocks of cord, and lesions as blocks within them."""
    generator = np.random.default_rng(seed)
    cord, lesion = np.zeros(SHAPE, np.bool_), np.zeros(SHAPE, np.bool_)
    for _ in range(generator.integers(1, 8)):
        start = generator.integers(0, np.array(SHAPE) - 1)
        block = tuple(slice(at, at + size) for at, size in zip(start, generator.integers(1, 9, 3), strict=True))
        cord[block] = True
        if generator.random() < 0.7:
            lesion[tuple(slice(side.start, side.stop - generator.integers(0, 2)) for side in block)] = True
    return cord, lesion & cord


@given(seed=SEEDS)
def test_what_was_drawn_into_a_label_map_gives_the_same_cord_again(seed: int) -> None:
    cord, lesion = _scene(seed)
    once = cord_alone(cord, lesion, WIDE)
    assert np.array_equal(cord_alone(once | lesion, lesion, WIDE), once)
    assert not (cord & ~once).any() or once.any()


@given(seed=SEEDS, axes=AXES, angles=ANGLES)
def test_the_order_of_the_axes_does_not_matter(seed: int, axes: str, angles: Triple) -> None:
    cord, lesion = _scene(seed)
    affine = nib.affines.from_matvec(nib.eulerangles.euler2mat(*angles) @ WIDE[:3, :3])
    turned = [reorient(Volume(mask.astype(np.uint8), affine), axes) for mask in (cord, lesion)]
    expected = reorient(Volume(cord_alone(cord, lesion, affine).astype(np.uint8), affine), axes)
    found = cord_alone(turned[0].data > 0, turned[1].data > 0, turned[0].affine)
    assert np.array_equal(found, expected.data > 0)
