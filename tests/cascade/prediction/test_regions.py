import numpy as np
import pytest

from nnunet_ext.cascade.prediction.regions import Regions
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.target import load_target

CORD_LESION = Regions.of_dataset(load_target("cord-lesion").nnunet_keys(ignore=True))
TUMOUR = Regions.of_dataset(load_target("tumor").nnunet_keys())
PLAIN = Regions.of_dataset({"labels": {"background": 0, "sc": 1, "lesion": 2}})


def test_regions_lie_in_each_other_as_their_label_values_do() -> None:
    assert CORD_LESION.names == ("sc", "lesion")
    assert (CORD_LESION.inside("sc"), CORD_LESION.around("lesion")) == (("lesion",), ("sc",))
    assert TUMOUR.inside("whole") == ("edema", "cavity", "core")
    assert TUMOUR.around("core") == ("sc", "whole")
    assert TUMOUR.beside("core") == ("edema", "cavity")
    assert PLAIN.beside("sc") == ("lesion",)
    assert (CORD_LESION.lesions, PLAIN.lesions) == (("lesion",), ())
    assert (CORD_LESION.overlap, PLAIN.overlap) == (True, False)


@pytest.mark.parametrize("target", ["cord-lesion", "tumor", "tumor-only", "cord"])
def test_regions_are_drawn_and_taken_as_the_target_says(target: str) -> None:
    known = load_target(target)
    regions = Regions.of_dataset(known.nnunet_keys())
    labels = np.random.default_rng(1).integers(0, known.ignore, (5, 6, 7))
    taken = regions.take(labels)
    expected = known.region_masks(labels)
    assert set(taken) == set(expected)
    assert all(np.array_equal(taken[name], expected[name]) for name in expected)
    np.testing.assert_array_equal(regions.draw(taken), labels)


def test_a_lesion_that_was_drawn_outside_the_cord_is_cord_afterwards_as_for_nnunet() -> None:
    lesion = np.zeros((3, 3, 3), dtype=np.bool_)
    lesion[1, 1, 1] = True
    labels = CORD_LESION.draw({"sc": np.zeros_like(lesion), "lesion": lesion})
    assert labels[1, 1, 1] == 2
    assert CORD_LESION.take(labels)["sc"].sum() == 1


@pytest.mark.parametrize(
    "content", [{"labels": {"background": 0}}, {"labels": {"background": 0, "sc": [1, 2], "lesion": 2}}]
)
def test_labels_that_cannot_be_drawn_are_refused(content: dict[str, object]) -> None:
    with pytest.raises(DataRefusedError, match="regions_class_order"):
        Regions.of_dataset(content)
