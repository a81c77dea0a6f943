import numpy as np
import pytest

from nnunet_ext.core.labels import Mask
from nnunet_ext.core.stray_lesions import cord_alone, without_stray_lesions
from tests.core.test_labels import CORD_LESION, PLAIN, TUMOUR

SHAPE = (20, 20, 30)


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
    found = cord_alone(TUBE | lesion, lesion)
    assert np.array_equal(found, TUBE | AT_A_CORNER)


def test_a_piece_of_cord_with_more_than_its_lesion_stays() -> None:
    other = box((0, 0, 10), (4, 4, 15))
    cord = TUBE | other
    assert np.array_equal(cord_alone(cord, IN_TUBE | box((0, 0, 10), (4, 4, 14))), cord)


@pytest.mark.parametrize("beside", [np.zeros(SHAPE, np.bool_), box((0, 0, 0), (1, 1, 1))])
def test_where_the_largest_piece_is_nothing_but_lesion_all_stays(beside: Mask) -> None:
    lesion = TUBE | AWAY
    assert np.array_equal(cord_alone(lesion | beside, lesion), lesion | beside)


def test_an_empty_cord_and_one_without_lesion_stay() -> None:
    nothing = np.zeros(SHAPE, np.bool_)
    assert not cord_alone(nothing, AWAY).any()
    assert np.array_equal(cord_alone(TUBE | AWAY, nothing), TUBE | AWAY)


def test_lesions_stay_lesions_and_other_targets_stay_as_they_are() -> None:
    masks = {"sc": TUBE | AWAY, "lesion": IN_TUBE | AWAY}
    found = without_stray_lesions(masks, CORD_LESION)
    assert np.array_equal(found["sc"], TUBE)
    assert np.array_equal(found["lesion"], IN_TUBE | AWAY)
    assert np.array_equal(masks["sc"], TUBE | AWAY)  # what was given is not written to
    for regions in (PLAIN, TUMOUR):
        given = dict.fromkeys(regions.names, AWAY)
        assert without_stray_lesions(given, regions) == given
