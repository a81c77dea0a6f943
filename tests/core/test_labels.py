from collections.abc import Callable

import numpy as np
import pytest

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.target import load_target

CORD_LESION = Labelling.of_model(load_target("cord-lesion").nnunet_keys(ignore=True))
TUMOUR = Labelling.of_model(load_target("tumor").nnunet_keys())
PLAIN = Labelling.of_model({"labels": {"background": 0, "sc": 1, "lesion": 2}})


@pytest.mark.parametrize("name", ["cord-lesion", "cord", "tumor", "lesion"])
def test_what_a_target_says_comes_back_from_its_dataset_json(name: str) -> None:
    target = load_target(name)
    found = Labelling.of_dataset_json(target.nnunet_keys(ignore=True))
    assert (found.regions, found.ignore) == (target.regions, target.ignore)
    assert (found.classes, found.within) == (target.classes, target.within)
    assert found.order == (target.regions_class_order or tuple(value for _, (value, *_) in target.regions))
    assert [found.channels[index] for index in found.image_channels] == list(target.channels)
    assert Labelling.of_target(target) == found
    assert Labelling.of_dataset_json(target.nnunet_keys()).ignore is None


def test_a_dataset_json_is_read_whole() -> None:
    content = {
        "channel_names": {"1": "noNorm", "0": "T2w"},
        "labels": {"background": 0, "sc": [1, 2], "lesion": 2, "ignore": 3},
        "regions_class_order": [1, 2],
        "classes": {"sc": 1, "lesion": 2},
        "within": {"lesion": "sc"},
    }
    found = Labelling.of_dataset_json(content)
    assert (found.names, found.values, found.order) == (("sc", "lesion"), {"sc": (1, 2), "lesion": (2,)}, (1, 2))
    assert (found.ignore, sorted(found.every_value)) == (3, [0, 1, 2])
    assert (found.classes, found.within) == ((("sc", 1), ("lesion", 2)), (("lesion", "sc"),))
    assert (found.channels, found.image_channels) == (("T2w", "noNorm"), (0,))


@pytest.mark.parametrize("content", [{}, {"labels": {"background": 0}}, {"labels": {"sc": "one"}}, {"labels": [1]}])
def test_a_dataset_json_without_regions_is_refused_by_its_name(content: dict[str, object]) -> None:
    with pytest.raises(DataRefusedError, match=r"^there/dataset.json: `labels`"):
        Labelling.of_dataset_json(content, "there/dataset.json")


@pytest.mark.parametrize("as_file_says", [str, float, lambda value: f" {value}"])
def test_label_values_written_as_texts_are_the_numbers_that_nnunet_takes_them_for(
    as_file_says: Callable[[int], object],
) -> None:
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

    regions = {name: [*map(as_file_says, values)] for name, values in CORD_LESION.values.items()}
    labels = {"background": as_file_says(0), **regions, "ignore": as_file_says(3)}
    found = Labelling.of_model({"labels": labels, "regions_class_order": [*map(as_file_says, (1, 2))]})
    assert (found.values, found.order, found.ignore) == (CORD_LESION.values, CORD_LESION.order, 3)
    plain = {"background": as_file_says(0), "sc": as_file_says(1), "lesion": as_file_says(2)}
    assert Labelling.of_model({"labels": plain}) == PLAIN
    assert LabelManager(plain, None).all_labels == sorted(PLAIN.every_value)


@pytest.mark.parametrize("value", [1.5, True, "1.5", "1,2", "", None, float("nan"), float("inf"), "³", {}, [[1]]])
def test_a_label_value_that_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(DataRefusedError, match=r"dataset.json: `labels` with names and whole numbers was needed"):
        Labelling.of_dataset_json({"labels": {"background": 0, "sc": value}})


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
    regions = Labelling.of_model(known.nnunet_keys())
    labels = np.random.default_rng(1).integers(0, known.ignore, (5, 6, 7))
    taken = regions.take(labels)
    expected = {name: np.isin(labels, values) for name, values in known.regions}
    assert set(taken) == set(expected)
    assert all(np.array_equal(taken[name], expected[name]) for name in expected)
    np.testing.assert_array_equal(regions.draw(taken), labels)


def test_a_lesion_that_was_drawn_outside_the_cord_is_cord_afterwards_as_for_nnunet() -> None:
    lesion = np.zeros((3, 3, 3), dtype=np.bool_)
    lesion[1, 1, 1] = True
    labels = CORD_LESION.draw({"sc": np.zeros_like(lesion), "lesion": lesion})
    assert labels[1, 1, 1] == 2
    assert CORD_LESION.take(labels)["sc"].sum() == 1


def test_labels_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(DataRefusedError, match="regions_class_order"):
        Labelling.of_model({"labels": {"background": 0, "sc": [1, 2], "lesion": 2}})


def test_a_lower_threshold_takes_more_and_the_cord_holds_its_lesions() -> None:
    values = np.linspace(0, 1, 27, dtype=np.float32).reshape(3, 3, 3)
    probabilities = {"sc": values, "lesion": values[::-1]}
    sizes = []
    for threshold in (0.2, 0.5, 0.8):
        masks = CORD_LESION.above(probabilities, dict.fromkeys(probabilities, threshold))
        np.testing.assert_array_equal(masks["lesion"], values[::-1] > threshold)
        np.testing.assert_array_equal(masks["sc"], (values > threshold) | (values[::-1] > threshold))
        sizes.append(masks["lesion"].sum())
    assert sizes == sorted(sizes, reverse=True)


def test_of_plain_labels_a_voxel_belongs_to_the_most_probable_alone() -> None:
    cord = np.array([[[0.4, 0.3, 0.9, 0.1]]], dtype=np.float32)
    lesion = np.array([[[0.3, 0.4, 0.1, 0.2]]], dtype=np.float32)
    masks = PLAIN.above({"sc": cord, "lesion": lesion}, {"sc": 0.25, "lesion": 0.25})
    assert masks["sc"].ravel().tolist() == [True, False, True, False]
    assert masks["lesion"].ravel().tolist() == [False, True, False, False]
