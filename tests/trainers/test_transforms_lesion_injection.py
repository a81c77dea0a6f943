import numpy as np
import pytest

from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.target import load_target
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation
from nnunet_ext.trainers.transforms.lesion_injection import lesion_injection

ASKED = SpineAugmentation(inject_lesion_probability=0.5, inject_lesion_kinds=("ms",))


def labelling(target: str, *, ignore: bool = False) -> Labelling:
    return Labelling.of_dataset_json(load_target(target).nnunet_keys(ignore=ignore))


@pytest.mark.parametrize("ignore", [False, True])
def test_a_cord_with_its_lesion_gets_what_is_asked_for(ignore: bool) -> None:
    [made] = lesion_injection(ASKED, labelling("cord-lesion", ignore=ignore), np.eye(4))
    assert (made.lesion, made.inside, made.ignore) == (2, 1, 3 if ignore else None)
    assert (made.probability, [str(kind) for kind in made.kinds]) == (0.5, ["ms"])


@pytest.mark.parametrize("target", ["cord", "lesion", "tumor"])
def test_labels_that_are_no_cord_with_a_lesion_get_nothing(target: str) -> None:
    assert lesion_injection(ASKED, labelling(target), np.eye(4)) == []


def test_nothing_is_injected_unasked_or_into_slices() -> None:
    assert lesion_injection(SpineAugmentation(), labelling("cord-lesion"), np.eye(4)) == []
    assert lesion_injection(ASKED, labelling("cord-lesion"), None) == []
