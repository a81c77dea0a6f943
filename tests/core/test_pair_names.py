from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.names import parse_mask_name
from nnunet_ext.core.pair_names import pair_names

IMAGE = "sub-01_ses-2_acq-sag_run-1_T2w"
OF_MASK = ["desc-rater3", "space-orig", "res-high", "den-32k", "hemi-L", "lab-7"]
"""Entities that a mask has of its own: the last is one that nobody knows."""


def case(stem: str) -> str:
    found = parse_mask_name(stem, ["sc", "lesion"])
    assert found is not None
    return found.case


def paired(left: str, *right: str) -> str | None:
    return pair_names([left], right).partners.get(left)


@given(st.lists(st.sampled_from(OF_MASK), unique=True), st.data())
def test_a_mask_s_own_entities_are_ignored_wherever_they_stand(own: list[str], data: st.DataObject) -> None:
    # BIDS has the contrast in `desc-`, so that a rater's cannot stand there, too.
    named = [part for part in own if not part.startswith("desc-")]
    entities = IMAGE.split("_")[1:-1]
    others = data.draw(st.permutations([*entities, *named, "label-lesion"]))
    labs = data.draw(st.permutations([*own, "label-lesion"]))
    bids = "_".join(["sub-01", *others, "desc-T2w", "mask"])
    for stem in (bids, "_".join([IMAGE, *labs, "seg"]), "_".join([IMAGE, *own, "lesion-manual"])):
        assert paired(case(stem), IMAGE, "sub-01_ses-2_acq-sag_run-2_T2w", "sub-010_ses-2_acq-sag_run-1_T2w") == IMAGE


@pytest.mark.parametrize("order", list(permutations(["ses-2", "acq-sag", "run-01"])))
def test_the_image_s_entities_count_in_any_order(order: tuple[str, ...]) -> None:
    stem = "_".join(["sub-01", *order, "T2w_label-SC_seg"])
    assert paired(case(stem), IMAGE) == IMAGE


@pytest.mark.parametrize(
    "other",
    ["sub-01_ses-2_acq-ax_run-1_T2w", "sub-01_acq-sag_run-1_T2w", "sub-01_ses-2_acq-sag_run-1_T1w", "sub-1_T2w",
     "sub-01_ses-2_acq-sag_T2w", "sub-02_ses-2_acq-sag_run-1_T2w"],
)  # fmt: skip
def test_what_tells_images_apart_is_never_ignored(other: str) -> None:
    assert paired(IMAGE, other) is None


def test_a_rater_in_place_of_the_contrast_leads_to_the_only_image_there_is() -> None:
    name = case("sub-01_label-lesion_desc-rater3_mask")
    assert paired(name, "sub-01_T2w", "sub-02_T2w") == "sub-01_T2w"
    both = pair_names([name], ["sub-01_T1w", "sub-01_T2w"])
    assert both.partners == {}
    assert both.unsure == {name: ("sub-01_T1w", "sub-01_T2w")}


def test_an_image_with_such_an_entity_keeps_its_own_mask() -> None:
    names = ["sub-01_T1w", "sub-01_space-T2w_T1w"]
    assert pair_names(names, names[::-1]).partners == {name: name for name in names}


def test_a_pair_is_made_once_and_by_the_closest_name() -> None:
    found = pair_names(["sub-01_T2w", "lab_sub-01_T2w"], ["sub-01_T2w", "sub-01_space-orig_T2w"])
    assert found.partners == {"sub-01_T2w": "sub-01_T2w", "lab_sub-01_T2w": "sub-01_space-orig_T2w"}
