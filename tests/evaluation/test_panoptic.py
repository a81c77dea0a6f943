import math

import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.evaluation.lesions import LesionDefinition, Meetings, find_lesions, meet
from nnunet_ext.evaluation.lesionwise import detect_lesions
from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.panoptic import PanopticQuality, panoptic_quality
from nnunet_ext.evaluation.preset import PANOPTICA
from tests.evaluation.shapes import EDGE, LESION, SPECK, blank, block
from tests.strategies import masks

# Computed with panoptica 2.1.7 (ConnectedComponentsInstanceApproximator, NaiveThresholdMatching, defaults), with
# connected-components-3d 3.29.0 and numpy 2.2.6: RQ, SQ, PQ.
FROM_PANOPTICA = {
    "missed": (0.6666666666666666, 1.0, 0.6666666666666666),
    "invented": (0.6666666666666666, 1.0, 0.6666666666666666),
    "edge": (1.0, 1.0, 1.0),
    "blobs0": (0.6, 0.6, 0.36),
    "blobs1": (0.6, 0.5666666666666668, 0.34),
    "blobs2": (0.6666666666666666, 0.5605633802816901, 0.37370892018779334),
}


def blobs(seed: int) -> BoolArray:
    rng = np.random.default_rng(seed)
    mask = blank((16, 16, 16))
    for _ in range(5):
        at, size = rng.integers(0, 12, 3), rng.integers(2, 5, 3)
        mask[tuple(slice(start, start + length) for start, length in zip(at, size, strict=True))] = True
    return mask


CASES = {
    "missed": (LESION | SPECK, LESION),
    "invented": (LESION, LESION | SPECK),
    "edge": (EDGE, EDGE),
    **{f"blobs{axis}": (blobs(axis), np.roll(blobs(axis), 1, axis=axis)) for axis in range(3)},
}


def meetings(reference: BoolArray, prediction: BoolArray) -> Meetings:
    definition = LesionDefinition(26)
    return meet(find_lesions(reference, 1.0, definition), find_lesions(prediction, 1.0, definition))


@pytest.mark.parametrize("name", CASES)
def test_it_is_what_panoptica_gives(name: str) -> None:
    found = panoptic_quality(meetings(*CASES[name]))
    assert (found.rq, found.sq, found.pq) == pytest.approx(FROM_PANOPTICA[name])


def test_two_pieces_of_less_than_half_match_nothing() -> None:
    pieces = block((2, 4), (2, 4), (1, 5)) | block((2, 4), (2, 4), (7, 11))  # 16 and 16 of 40 voxels; panoptica: 0
    assert panoptic_quality(meetings(LESION, pieces)) == PanopticQuality(0.0, 0.0)


@pytest.mark.parametrize(
    ("reference", "prediction", "expected"),
    [(blank(), blank(), math.nan), (blank(), LESION, 0.0), (LESION, blank(), 0.0)],
    ids=["both empty", "reference empty", "prediction empty"],
)
def test_empty_masks(reference: BoolArray, prediction: BoolArray, expected: float) -> None:
    assert panoptic_quality(meetings(reference, prediction)).pq == pytest.approx(expected, nan_ok=True)


@given(masks(), masks())
def test_it_is_bounded_and_symmetric(reference: BoolArray, prediction: BoolArray) -> None:
    ahead = panoptic_quality(meetings(reference, prediction))
    back = panoptic_quality(meetings(prediction, reference))
    assert math.isnan(ahead.pq) or 0 <= ahead.pq <= min(ahead.rq, ahead.sq) <= 1
    assert ahead.rq == pytest.approx(back.rq, nan_ok=True)


@given(masks())
def test_a_mask_against_itself_is_perfect(mask: BoolArray) -> None:
    found = panoptic_quality(meetings(mask, mask))
    assert found.pq == 1 if mask.any() else math.isnan(found.pq)


@pytest.mark.parametrize("name", CASES)
def test_the_f1_of_the_preset_panoptica_is_its_recognition_quality(name: str) -> None:
    assert detect_lesions(*CASES[name], 1.0, PANOPTICA).f1 == pytest.approx(FROM_PANOPTICA[name][0])
