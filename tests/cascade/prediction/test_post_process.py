from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.post_process import PostProcessed, post_process
from nnunet_ext.cascade.prediction.post_processing import OutsideCord, PostProcessing, default_post_processing
from nnunet_ext.core.labels import Labelling, Masks
from tests.core.test_labels import CORD_LESION, PLAIN, TUMOUR
from tests.strategies import SEEDS

SHAPE = (24, 24, 40)
AFFINE = np.diag([-1.0, 1.0, 2.0, 1.0])
TUBE = Box((10, 10, 0), (14, 14, 30))
IN_TUBE = Box((11, 11, 8), (13, 13, 12))
AWAY = Box((1, 1, 34), (4, 4, 37))


def masks_of(regions: Labelling, *boxes: tuple[int, Box]) -> Masks:
    """Draw boxes with label values over each other, and take the regions."""
    labels = np.zeros(SHAPE, dtype=np.int16)
    for value, box in boxes:
        labels[box.slices] = value
    return regions.take(labels)


def sizes(done: PostProcessed) -> dict[str, int]:
    return {name: int(mask.sum()) for name, mask in done.masks.items()}


def nested(masks: Mapping[str, np.ndarray], regions: Labelling) -> bool:
    inside = all(not (masks[part] & ~masks[whole]).any() for whole in regions.names for part in regions.inside(whole))
    apart = all(not (masks[name] & masks[other]).any() for name in regions.names for other in regions.beside(name))
    return inside and apart


def test_by_default_cord_and_lesion_are_left_as_they_are() -> None:
    masks = masks_of(CORD_LESION, (1, TUBE), (2, IN_TUBE), (1, AWAY), (2, Box((11, 11, 20), (12, 12, 21))))
    done = post_process(masks, CORD_LESION, AFFINE, default_post_processing(CORD_LESION))
    assert all(np.array_equal(done.masks[name], masks[name]) for name in masks)
    assert (done.changes, done.warnings) == ((), ())


def test_of_the_cord_the_largest_tube_is_kept_with_its_lesions() -> None:
    masks = masks_of(CORD_LESION, (1, TUBE), (2, IN_TUBE), (1, AWAY), (2, Box((2, 2, 34), (3, 3, 35))))
    done = post_process(masks, CORD_LESION, AFFINE, PostProcessing(largest_cord=True))
    assert sizes(done) == {"sc": TUBE.voxels, "lesion": IN_TUBE.voxels}
    change = done.changes[0]
    assert (change.region, change.voxels, change.components) == ("sc", AWAY.voxels, 1)
    assert change.volume_mm3 == 2 * AWAY.voxels
    assert masks["sc"].sum() > done.masks["sc"].sum()  # what was given is not written to


@pytest.mark.parametrize(
    ("policy", "left", "warned"),
    [
        (OutsideCord.KEEP, IN_TUBE.voxels + AWAY.voxels, False),
        (OutsideCord.FLAG, IN_TUBE.voxels + AWAY.voxels, True),
        (OutsideCord.REMOVE, IN_TUBE.voxels, False),
    ],
)
@pytest.mark.parametrize("cord_holds_it", [True, False])
def test_a_lesion_outside_the_cord_is_kept_flagged_or_removed(
    policy: OutsideCord, left: int, warned: bool, cord_holds_it: bool
) -> None:
    masks = masks_of(CORD_LESION, (1, TUBE), (2, IN_TUBE), (2, AWAY))
    if not cord_holds_it:
        masks["sc"][AWAY.slices] = False
    done = post_process(masks, CORD_LESION, AFFINE, PostProcessing(outside_cord=policy))
    assert done.masks["lesion"].sum() == left
    assert bool(done.warnings) is warned
    assert not warned or f"{AWAY.voxels} voxels ({2 * AWAY.voxels} mm3, 1 components) of lesion" in done.warnings[0]
    if policy is OutsideCord.REMOVE:
        assert not done.masks["sc"][AWAY.slices].any()


def test_a_lesion_through_the_whole_cord_lies_inside_it() -> None:
    masks = masks_of(CORD_LESION, (1, TUBE), (2, Box((10, 10, 12), (14, 14, 18))))
    assert post_process(masks, CORD_LESION, AFFINE, PostProcessing()).warnings == ()


def test_a_lesion_without_any_cord_is_outside_and_stays_unless_told() -> None:
    masks = masks_of(CORD_LESION, (2, AWAY))
    done = post_process(masks, CORD_LESION, AFFINE, PostProcessing(largest_cord=True))
    assert sizes(done) == {"sc": AWAY.voxels, "lesion": AWAY.voxels}
    assert "outside the cord" in done.warnings[0]


ALL_LESION = (2, TUBE)
SPECK = (1, Box((20, 20, 36), (22, 22, 38)))  # 16 mm3 of noise


@pytest.mark.parametrize("rules", [{"largest_cord": True}, {"outside_cord": OutsideCord.REMOVE}])
@pytest.mark.parametrize("drawn", [[ALL_LESION], [ALL_LESION, (2, AWAY)], [ALL_LESION, SPECK], [(2, AWAY)]])
@pytest.mark.parametrize("cord_holds_it", [True, False])
def test_where_all_that_was_found_of_the_cord_is_lesion_nothing_goes_and_that_is_said(
    rules: dict[str, Any], drawn: list[tuple[int, Box]], cord_holds_it: bool
) -> None:
    masks = masks_of(CORD_LESION, *drawn)
    if not cord_holds_it:
        masks["sc"] &= ~masks["lesion"]
    done = post_process(masks, CORD_LESION, AFFINE, PostProcessing(**{"outside_cord": OutsideCord.KEEP, **rules}))
    assert all(np.array_equal(done.masks[name], masks[name]) for name in masks)
    assert [change.voxels for change in done.changes] == [0]
    (said,) = done.warnings
    assert said.startswith("no cord was found beside lesion")


@pytest.mark.parametrize(
    ("rules", "rule"),
    [
        ({"outside_cord": OutsideCord.REMOVE}, "OutsideCord"),
        ({"largest_cord": True}, "LargestCord"),
        ({"smallest_mm3": (("lesion", 1000.0),)}, "SmallestMm3"),
    ],
)
def test_a_rule_that_leaves_nothing_of_a_region_says_so(rules: dict[str, Any], rule: str) -> None:
    masks = masks_of(CORD_LESION, (1, TUBE), (2, AWAY))
    done = post_process(masks, CORD_LESION, AFFINE, PostProcessing(**{"outside_cord": OutsideCord.KEEP, **rules}))
    assert sizes(done)["lesion"] == 0
    assert done.masks["sc"][TUBE.slices].all()
    said = f"{rule} left nothing of lesion: {AWAY.voxels} voxels ({2 * AWAY.voxels} mm3, 1 components) were removed"
    assert done.warnings == (said,)


def test_where_the_labels_are_plain_a_lesion_is_never_said_to_be_outside() -> None:
    masks = masks_of(PLAIN, (1, TUBE), (2, AWAY))
    assert post_process(masks, PLAIN, AFFINE, PostProcessing()).warnings == ()


def test_tumours_get_the_published_rules_and_what_a_part_loses_stays_in_its_whole() -> None:
    core, small_core = Box((2, 2, 2), (8, 8, 8)), Box((12, 2, 2), (16, 6, 8))  # 432 and 192 mm3
    edema = Box((2, 12, 2), (8, 18, 8))  # 432 mm3
    masks = masks_of(TUMOUR, (1, core), (1, small_core), (3, edema))
    done = post_process(masks, TUMOUR, AFFINE, default_post_processing(TUMOUR))
    assert sizes(done) == {
        "sc": core.voxels + small_core.voxels + edema.voxels,
        "whole": core.voxels + small_core.voxels + edema.voxels,
        "edema": 0,
        "cavity": 0,
        "core": core.voxels,
    }
    told = {(change.rule, change.region): (change.voxels, change.components) for change in done.changes}
    assert told["SmallestMm3", "core"] == (small_core.voxels, 1)
    assert told["SmallestMm3", "edema"] == (edema.voxels, 1)
    assert told["SmallestMm3", "cavity"] == (0, 0)
    assert {region for rule, region in told if rule == "FillHoles"} == {"whole", "edema", "cavity", "core"}


def test_what_the_whole_loses_its_parts_lose_and_the_cord_keeps() -> None:
    small = Box((2, 2, 2), (4, 4, 4))
    masks = masks_of(TUMOUR, (5, TUBE), (1, small))
    done = post_process(masks, TUMOUR, AFFINE, PostProcessing(smallest_mm3=(("whole", 100.0),)))
    assert sizes(done) == {"sc": TUBE.voxels + small.voxels, "whole": 0, "edema": 0, "cavity": 0, "core": 0}


def test_a_component_of_exactly_the_smallest_volume_stays() -> None:
    affine = np.diag([0.1, 0.7, 0.3, 1.0])
    masks = masks_of(CORD_LESION, (2, Box((0, 0, 0), (10, 10, 10))))
    rules = PostProcessing(outside_cord=OutsideCord.KEEP, smallest_mm3=(("lesion", 21.0),))
    assert sizes(post_process(masks, CORD_LESION, affine, rules))["lesion"] == 1000


def test_holes_are_filled_in_the_part_and_all_around_it_but_not_where_another_part_is() -> None:
    shell, hole, cavity = Box((2, 2, 2), (12, 12, 12)), Box((4, 4, 4), (6, 6, 6)), Box((8, 8, 8), (10, 10, 10))
    masks = masks_of(TUMOUR, (1, shell), (0, hole), (2, cavity))
    done = post_process(masks, TUMOUR, AFFINE, PostProcessing(fill_holes=("core",)))
    assert sizes(done) == {
        "sc": shell.voxels,
        "whole": shell.voxels,
        "edema": 0,
        "cavity": cavity.voxels,
        "core": shell.voxels - cavity.voxels,
    }
    assert done.changes[0].voxels == hole.voxels


def test_a_cavity_along_the_cord_that_is_open_at_an_end_is_no_hole() -> None:
    tumour, canal = Box((5, 5, 5), (15, 15, 15)), Box((9, 9, 5), (11, 11, 12))
    masks = masks_of(TUMOUR, (1, tumour), (0, canal))
    done = post_process(masks, TUMOUR, AFFINE, PostProcessing(fill_holes=("core", "whole")))
    assert done.masks["core"].sum() == tumour.voxels - canal.voxels


@given(
    seed=SEEDS,
    model=st.sampled_from([CORD_LESION, TUMOUR, PLAIN]),
    largest=st.booleans(),
    outside=st.sampled_from(OutsideCord),
    smallest=st.floats(0, 60),
)
def test_whatever_the_rules_regions_still_lie_in_each_other_and_can_be_drawn(
    seed: int, model: Labelling, largest: bool, outside: OutsideCord, smallest: float
) -> None:
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, max(model.order) + 1, (4, 4, 4)) * (generator.random((4, 4, 4)) < 0.6)
    masks = model.take(np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1))
    rules = PostProcessing(
        largest_cord=largest,
        outside_cord=outside,
        fill_holes=model.names,
        smallest_mm3=tuple((name, smallest) for name in model.names),
    )
    done = post_process(masks, model, AFFINE, rules)
    assert nested(done.masks, model)
    again = model.take(model.draw(done.masks))
    assert all(np.array_equal(again[name], done.masks[name]) for name in model.names)


def test_empty_masks_stay_empty() -> None:
    for model in (CORD_LESION, TUMOUR, PLAIN):
        rules = PostProcessing(
            largest_cord=True,
            outside_cord=OutsideCord.REMOVE,
            fill_holes=model.names,
            smallest_mm3=tuple((name, 5.0) for name in model.names),
        )
        done = post_process(masks_of(model), model, AFFINE, rules)
        assert not any(sizes(done).values())
        assert all(change.voxels == 0 for change in done.changes)
