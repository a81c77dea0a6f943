import numpy as np
import pytest

from nnunet_ext.active_learning.scores.lesion_size import LesionSize, lesion_region, lesion_size
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.target import load_target


def test_volume_and_number_of_lesions_are_told() -> None:
    lesion = np.zeros((9, 8, 7), np.bool_)
    assert lesion_size(lesion, 3.0) == LesionSize(0.0, 0)
    lesion[1, 1, 1] = lesion[2, 2, 2] = True  # by a corner
    lesion[6, 6, 6] = True
    assert lesion_size(lesion, 3.0) == LesionSize(9.0, 2)


@pytest.mark.parametrize(("target", "region"), [("cord-lesion", "lesion"), ("cord", None), ("tumor", "whole")])
def test_the_region_of_most_labels_stands_for_the_lesion(target: str, region: str | None) -> None:
    assert lesion_region(Labelling.of_target(load_target(target))) == region
