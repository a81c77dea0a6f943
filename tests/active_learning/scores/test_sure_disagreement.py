import numpy as np
import pytest

from nnunet_ext.active_learning.scores.cord_zone import CordZone
from nnunet_ext.active_learning.scores.sure_disagreement import SureDisagreement, sure_disagreement
from nnunet_ext.cascade.box import Box
from nnunet_ext.core.volume import Array

SHAPE = (12, 12, 6)
SPACING = (1.0, 1.0, 3.0)
ZONE = CordZone(Box.whole(SHAPE), np.ones(SHAPE, np.bool_), 1)
THERE = (slice(3, 8), slice(3, 8), slice(2, 4))


def block(at: tuple[slice, ...] = THERE, value: float = 1.0) -> Array:
    values = np.zeros(SHAPE, np.float32)
    values[at] = value
    return values


def compared(probability: Array, label: Array, zone: CordZone = ZONE, known: Array | None = None) -> SureDisagreement:
    annotated = np.ones(SHAPE, np.bool_) if known is None else known
    return sure_disagreement(probability.astype(np.float32), label > 0, annotated, zone, SPACING)


def test_a_lesion_that_only_the_model_has_and_one_that_only_the_label_has() -> None:
    nothing = np.zeros(SHAPE)
    assert compared(block(), nothing) == SureDisagreement(50 * 3.0, 0)
    assert compared(nothing, block()) == SureDisagreement(0, 50 * 3.0)
    assert compared(block(), block()) == compared(nothing, nothing) == SureDisagreement(0, 0)
    assert compared(block(), nothing).volume_mm3 == 150


@pytest.mark.parametrize(("probability", "missing", "extra"), [(0.94, 0, 0), (0.96, 150, 0), (0.5, 0, 0)])
def test_a_model_that_is_not_sure_says_nothing(probability: float, missing: float, extra: float) -> None:
    found = compared(block(value=probability), np.zeros(SHAPE))
    assert (found.missing_mm3, found.extra_mm3) == (missing, extra)


def test_a_border_that_lies_a_millimetre_off_is_no_fault() -> None:
    wider = block((slice(2, 9), slice(2, 9), slice(2, 4)))
    corners = 2 * 4 * 3.0  # 1.4 mm away
    assert compared(wider, block()).missing_mm3 == corners
    assert compared(block(), wider).extra_mm3 == corners
    slices = block((slice(3, 8), slice(3, 8), slice(2, 5)))  # 3 mm further along
    assert compared(slices, block()).missing_mm3 == 25 * 3.0


def test_only_what_was_annotated_in_the_zone_is_looked_at() -> None:
    half = np.zeros(SHAPE, np.bool_)
    half[:, :, :3] = True
    assert compared(block(), np.zeros(SHAPE), known=half).missing_mm3 == 75
    assert compared(block(), np.zeros(SHAPE), zone=CordZone(Box.whole(SHAPE), half, 1)).missing_mm3 == 75
