from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.slices import Slices
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Array
from nnunet_ext.dataset_conversion.planned_case import PlannedCase, PlannedLabel
from nnunet_ext.dataset_conversion.source import Source
from nnunet_ext.dataset_conversion.training_labels import training_labels
from nnunet_ext.trainers.region_knowledge import knowledge_where_ignored
from tests.strategies import masks

TARGET = load_target("cord-lesion")
SHAPE = (4, 4, 5)
SOME = st.none() | st.builds(Slices, st.just(2), st.frozensets(st.integers(0, 4), min_size=1))
IGNORE = TARGET.ignore


def drawn(*, lesion: bool = True) -> dict[str, Array]:
    cord = np.zeros(SHAPE, np.uint8)
    cord[1:3, 1:3] = 1
    inside = np.zeros(SHAPE, np.uint8)
    inside[1, 1, 2:4] = 1
    return {"sc": cord, **({"lesion": inside} if lesion else {})}


def not_annotated(corrected: dict[str, Slices | None]) -> tuple[str, ...]:
    def label(name: str) -> PlannedLabel:
        if name not in corrected:
            return PlannedLabel(name)
        return PlannedLabel(name, (("", f"{name}.nii.gz"),), root=Path("rounds"), slices=corrected[name])

    labels = tuple(label(name) for name, _ in TARGET.classes)
    return PlannedCase("case", Source("zurich", Path("zurich")), None, "zurich", ("a",), labels=labels).not_annotated


@given(masks(SHAPE), masks(SHAPE), SOME, SOME, st.sampled_from(["both", "sc", "lesion"]))
def test_nothing_that_nobody_looked_at_is_background_or_foreground_unless_it_is_certain(
    cord: Array, lesion: Array, of_cord: Slices | None, of_lesion: Slices | None, which: str
) -> None:
    given_masks = {
        name: mask for name, mask in {"sc": cord | lesion, "lesion": lesion}.items() if which in ("both", name)
    }
    limits = {"sc": of_cord, "lesion": of_lesion}
    labels = training_labels(TARGET, given_masks, limits)
    every = np.ones(SHAPE, bool)
    looked = {
        name: np.zeros(SHAPE, bool) if name not in given_masks else every if (found := limits[name]) is None
        else found.voxels(SHAPE)
        for name in ("sc", "lesion")
    }  # fmt: skip
    told = labels != IGNORE
    assert not told[~looked["sc"] & ~looked["lesion"]].any()
    only_cord = looked["sc"] & ~looked["lesion"]  # around the cord there is no lesion; inside there may be
    assert (labels[only_cord] == np.where((cord | lesion)[only_cord], IGNORE, 0)).all()
    only_lesion = looked["lesion"] & ~looked["sc"]  # what is no lesion may be cord or not
    assert (labels[only_lesion] == np.where(lesion[only_lesion], 2, IGNORE)).all()
    both = looked["sc"] & looked["lesion"]
    assert (labels[both] == np.where(lesion, 2, (cord | lesion).astype(int))[both]).all()


def test_slices_that_nobody_looked_at_are_ignored_and_the_others_are_drawn() -> None:
    labels = training_labels(TARGET, drawn(), {"sc": Slices(2, frozenset({1, 2})), "lesion": Slices(2, frozenset({2}))})
    assert (labels[..., [0, 3, 4]] == IGNORE).all()
    assert set(np.unique(labels[..., 1])) == {0, IGNORE}
    assert set(np.unique(labels[..., 2])) == {0, 1, 2}


def test_a_whole_correction_is_drawn_as_the_converter_draws_it() -> None:
    assert np.array_equal(training_labels(TARGET, drawn()), TARGET.fuse(drawn()))
    assert not_annotated({"sc": None, "lesion": None}) == ()


def test_a_case_without_any_corrected_class_is_refused() -> None:
    with pytest.raises(DataRefusedError):
        training_labels(TARGET, {})


def test_trainers_conclude_nothing_of_ignored_voxels_where_slices_were_left_out() -> None:
    regions, classes, within = [values for _, values in TARGET.regions], dict(TARGET.classes), dict(TARGET.within)
    whole = not_annotated({"sc": None})
    assert knowledge_where_ignored(regions, classes, within, whole).known == (True, False)
    partly = not_annotated({"sc": Slices(2, frozenset({1}))})
    assert knowledge_where_ignored(regions, classes, within, partly).known == (False, False)
