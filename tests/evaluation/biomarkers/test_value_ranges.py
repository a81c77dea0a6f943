import numpy as np
import pytest

from nnunet_ext.evaluation.biomarkers.intensity import intensities, sums
from nnunet_ext.evaluation.biomarkers.value_ranges import lesion_intervals, total_volumes
from tests.evaluation.biomarkers.boxes import boxes, measure, straight_cord


def test_the_range_spans_the_lesion_and_its_counterparts() -> None:
    cord = straight_cord()
    drawn = measure(boxes(((7, 7, 4), (3, 2, 4))), cord)
    smaller, larger = measure(boxes(((8, 7, 5), (1, 2, 2))), cord), measure(boxes(((7, 6, 4), (3, 4, 4))), cord)
    interval = lesion_intervals(drawn, [smaller, larger])[1]
    assert (interval.volume_low_mm3, interval.volume_high_mm3) == (4, 48)
    assert (interval.dorsal_bridge_low_mm, interval.dorsal_bridge_high_mm) == (1, 2)
    assert (interval.ventral_bridge_low_mm, interval.ventral_bridge_high_mm) == (3, 4)
    assert (interval.variants, interval.variants_found) == (2, 2)


def test_a_variant_without_the_lesion_has_no_volume_and_no_bridge() -> None:
    cord = straight_cord()
    drawn = measure(boxes(((7, 7, 4), (3, 2, 4)), ((7, 7, 10), (1, 1, 1))), cord)
    without = measure(boxes(((7, 7, 4), (3, 2, 4))), cord)
    small, large = (lesion_intervals(drawn, [without])[int(drawn.instances[at])] for at in ((7, 7, 10), (8, 7, 4)))
    assert (small.volume_low_mm3, small.volume_high_mm3, small.variants_found) == (0, 1, 0)
    assert small.dorsal_bridge_low_mm == small.dorsal_bridge_high_mm
    assert (large.volume_low_mm3, large.volume_high_mm3) == (24, 24)
    assert total_volumes(drawn, [without]) == (24, 25)


def test_a_lesion_that_falls_apart_is_compared_with_its_largest_part() -> None:
    cord = straight_cord()
    drawn = measure(boxes(((7, 7, 2), (2, 2, 8))), cord)
    apart = measure(boxes(((7, 7, 2), (2, 2, 2)), ((7, 7, 5), (2, 2, 5))), cord)
    assert lesion_intervals(drawn, [apart])[1].volume_low_mm3 == 20


def test_a_lesion_beside_every_lesion_of_the_variant_has_no_counterpart() -> None:
    cord = straight_cord()
    drawn, other = measure(boxes(((7, 7, 2), (2, 2, 2))), cord), measure(boxes(((7, 7, 9), (2, 2, 2))), cord)
    assert lesion_intervals(drawn, [other])[1].variants_found == 0
    assert lesion_intervals(drawn, []) == {}


def test_an_image_is_described_inside_each_lesion_by_itself() -> None:
    within = np.zeros((4, 4, 4), np.uint32)
    within[0, 0], within[2, 2, :2] = 1, 3
    image = np.arange(64.0).reshape(4, 4, 4)
    found = intensities(within, image)
    assert set(found) == {1, 3}
    for label, shown in found.items():
        values = image[within == label]
        assert (shown.mean_corrected, shown.sd_corrected) == pytest.approx((values.mean(), values.std()))
        counted = values[values != 0]  # as SCT does
        assert (shown.mean, shown.sd) == pytest.approx((counted.mean(), counted.std()))
        assert sums(within, image)[label] == values.sum()
    assert intensities(np.zeros_like(within), image) == {}
    assert sums(np.zeros_like(within), image) == {}


def test_of_a_lesion_of_nothing_but_zeros_there_is_no_mean_as_sct_has_it() -> None:
    within = np.zeros((4, 4, 4), np.uint32)
    within[0, 0], within[2, 2, :2] = 1, 2
    image = np.zeros((4, 4, 4))
    image[2, 2, 0] = 6
    found = intensities(within, image)
    assert (found[1].mean, found[1].sd, found[1].mean_corrected, found[1].sd_corrected) == (None, None, 0, 0)
    assert (found[2].mean, found[2].sd, found[2].mean_corrected, found[2].sd_corrected) == (6, 0, 3, 3)
