import pytest

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.target import load_target
from nnunet_ext.evaluation.labelling import Labelling


@pytest.mark.parametrize("name", ["cord-lesion", "cord", "tumor"])
def test_a_target_and_its_dataset_json_say_the_same(name: str) -> None:
    target = load_target(name)
    assert Labelling.of_dataset_json(target.nnunet_keys(ignore=True), "d") == Labelling.of_target(target)


def test_the_cord_contains_its_lesion_and_not_the_reverse() -> None:
    labelling = Labelling.of_target(load_target("cord-lesion"))
    assert labelling.contained_in("sc") == ["lesion"]
    assert labelling.contained_in("lesion") == []


@pytest.mark.parametrize("content", [{}, {"labels": {"background": 0}}, {"labels": {"sc": "one"}}, {"labels": [1]}])
def test_a_dataset_json_without_regions_is_refused_by_its_name(content: dict[str, object]) -> None:
    with pytest.raises(DataRefusedError, match=r"^there/dataset.json: `labels`"):
        Labelling.of_dataset_json(content, "there/dataset.json")
