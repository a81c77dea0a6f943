"""The painted phantom beside people: what `benchmarks/phantom_against_people.py` prints, kept as numbers."""

from pathlib import Path

import numpy as np
import pytest

from tests.phantom.sections import (
    Measures,
    healthy_spine,
    level_section,
    medians,
    neck_stack,
    read_stack,
    stack_measures,
)

# 5th and 95th percentile over ten healthy people: manual masks of cord and fluid on T2w, necks of 80 mm, median of each
# neck's slices (spine-generic, ivadomed/data_example_spinegeneric). See `stack_measures`.
PEOPLE = {
    "cord_area": (59.78, 75.65),
    "cord_width": (11.21, 13.25),
    "cord_depth": (6.644, 7.497),
    "fullness": (0.9596, 1.004),
    "front_width": (0.7485, 0.8167),
    "back_width": (0.5863, 0.7068),
    "canal_area": (162.9, 259.3),
    "canal_width": (18.85, 22.52),
    "canal_depth": (11.35, 14.88),
    "place_front": (-0.347, -0.01071),
    "place_right": (-0.1021, 0.0879),
    "bend": (9.884, 34.45),
    "sideways": (2.076, 6.844),
}
# The PAM50 template at the middle of vertebrae: areas of cord and canal in mm2, place of the cord in the canal
# (1: it touches the front), grey matter's share of the cord.
TEMPLATE = {
    2.5: (66.75, 197.3, -0.33, 0.21),
    4.5: (71.75, 186.3, -0.20, 0.19),
    7.5: (44.50, 163.8, -0.24, 0.17),
    11.5: (33.50, 131.3, 0.67, 0.21),
    15.5: (36.00, 143.5, 0.14, 0.18),
    17.5: (37.25, 181.3, -0.06, 0.25),
}
SEEDS = range(24)


def at_level(level: float) -> list[Measures]:
    sections = [level_section(healthy_spine(seed), level) for seed in SEEDS]
    return [section for section in sections if section is not None]


@pytest.fixture(scope="module")
def necks() -> list[Measures]:
    centres = np.linspace(2.9, 3.6, len(SEEDS))
    spines = [healthy_spine(seed) for seed in SEEDS]
    return [
        stack_measures(*neck_stack(spine, level), 0.5, 5.0)["whole"]
        for spine, level in zip(spines, centres, strict=True)
    ]


@pytest.mark.parametrize("name", PEOPLE)
def test_the_middle_phantoms_neck_lies_within_the_peoples_spread(necks: list[Measures], name: str) -> None:
    low, high = PEOPLE[name]
    assert low <= medians(necks)[name] <= high


@pytest.mark.parametrize("name", ["cord_area", "canal_area", "place_front", "bend"])
def test_phantoms_differ_from_each_other_about_as_much_as_people(necks: list[Measures], name: str) -> None:
    low, high = PEOPLE[name]
    drawn = np.percentile([neck[name] for neck in necks], [5, 95])
    assert 0.5 < (drawn[1] - drawn[0]) / (high - low) < 2.3


@pytest.mark.parametrize("level", TEMPLATE)
def test_cord_canal_and_grey_matter_follow_the_template_down_to_the_conus(level: float) -> None:
    cord, canal, place, grey = TEMPLATE[level]
    middle = medians(at_level(level))
    assert middle["cord_area"] == pytest.approx(cord, rel=0.3)  # the template's lumbar enlargement is a slender one
    assert middle["canal_area"] == pytest.approx(canal, rel=0.15)
    assert middle["place_front"] == pytest.approx(place, abs=0.3)
    assert middle["grey_share"] == pytest.approx(grey, abs=0.05)


def test_the_lumbar_cord_holds_twice_the_share_of_grey_matter_of_the_thoracic_one() -> None:
    thoracic, lumbar = (medians(at_level(level))["grey_share"] for level in (13.5, 18.8))
    assert 1.6 < lumbar / thoracic < 2.6


def test_the_horns_reach_as_far_as_in_manual_masks_of_grey_matter() -> None:
    # Manual masks of the grey-matter challenge, three sessions: 0.54, 0.59 and 0.60 of the cord's width, 0.62, 0.67
    # and 0.70 of its depth.
    middle = medians(at_level(3.5))
    assert 0.5 < middle["grey_width"] < 0.64
    assert 0.58 < middle["grey_depth"] < 0.76


def test_the_figures_of_people_are_those_of_their_masks(real_data: Path) -> None:
    folder = real_data.parent / "anatomy" / "spine_generic_masks"
    paths = sorted(folder.glob("*T2w_seg-manual.nii.gz"))
    if not paths:
        pytest.skip("no masks of people beside the checkout")
    people = [stack_measures(*read_stack(path))["whole"] for path in paths]
    for name, ends in PEOPLE.items():
        assert np.percentile([one[name] for one in people], [5, 95]) == pytest.approx(ends, rel=1e-2, abs=1e-3)
