from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.cord_place import CordPlace
from nnunet_ext.core.names import parse_image_name
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.tables import NOTHING, Row
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.quality import ClassQuality, Quality
from nnunet_ext.dataset_conversion.quality_table import quality_columns, quality_row, unusual_first
from nnunet_ext.dataset_conversion.source import Source, name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.conftest import SmallBids

CLASSES = ("sc", "lesion")
USUAL = Quality(
    shape=(16, 20, 12),
    spacing=(1.0, 1.0, 2.0),
    axes="LAS",
    intensities=(0.0, 10.0, 100.0, 400.0, 420.0),
    classes={"sc": ClassQuality(192, 384.0, 1), "lesion": ClassQuality(12, 24.0, 1)},
    moved_mm=0.0,
)


def converted(
    number: int, quality: Quality | None = USUAL, site: str = "geneva", outside: int | None = 0
) -> ConvertedCase:
    stem = f"sub-{number:02d}_T2w"
    plan = PlannedCase(f"d_{stem}", Source("d", Path("/d")), parse_image_name(stem), site, (stem,), split="train")
    return ConvertedCase(plan, lesion_voxels_outside_sc=outside, quality=quality)


def with_cord(volume: float, pieces: int = 1) -> Quality:
    return replace(USUAL, classes={**USUAL.classes, "sc": ClassQuality(int(volume / 2), volume, pieces)})


def with_intensities(middle: float, high: float) -> Quality:
    return replace(USUAL, intensities=(0.0, 10.0, middle, high, high + 20))


def table(cases: Sequence[ConvertedCase], classes: Sequence[str] = CLASSES) -> dict[str, Row]:
    """Give the marked rows by subject, in their order."""
    rows = unusual_first([quality_row(case, classes) for case in cases], classes)
    return {row["case"].removeprefix("d_sub-").removesuffix("_T2w"): row for row in rows}


def remarks(cases: Sequence[ConvertedCase]) -> dict[str, str]:
    return {name: row["unusual"] for name, row in table(cases).items() if row["unusual"] != NOTHING}


def test_a_row_says_what_was_measured_column_by_column() -> None:
    row = quality_row(converted(1, replace(USUAL, moved_mm=0.25, spacing=(0.468751, 0.5, 4.4)), outside=3), CLASSES)
    assert list(row) == list(quality_columns(CLASSES))
    assert row == {
        "case": "d_sub-01_T2w", "site": "geneva", "split": "train", "unusual": "n/a",
        "shape": "16 20 12", "spacing_mm": "0.4688 0.5 4.4", "axes": "LAS",
        "intensity_min": "0", "intensity_p01": "10", "intensity_median": "100", "intensity_p99": "400",
        "intensity_max": "420", "moved_mm": "0.25", "lesion_voxels_outside_sc": "3",
        "voxels_sc": "192", "volume_mm3_sc": "384", "components_sc": "1",
        "voxels_lesion": "12", "volume_mm3_lesion": "24", "components_lesion": "1",
        "cord_contrast": "n/a", "cord_step_mm": "n/a", "cord_place": "n/a",
    }  # fmt: skip


def test_what_nobody_annotated_has_no_value_and_what_is_empty_has_nought() -> None:
    unknown = quality_row(converted(1, replace(USUAL, classes={"sc": USUAL.classes["sc"]}), outside=None), CLASSES)
    assert {cell for column, cell in unknown.items() if "lesion" in column} == {"n/a"}
    nothing = {**USUAL.classes, "lesion": ClassQuality(0, 0.0, 0)}
    empty = quality_row(converted(1, replace(USUAL, classes=nothing)), CLASSES)
    assert {cell for column, cell in empty.items() if "lesion" in column} == {"0"}
    assert table([converted(1, replace(USUAL, classes={}), outside=None)])["01"]["unusual"] == "n/a"


def test_a_case_that_was_not_measured_is_not_called_constant() -> None:
    row = quality_row(converted(1, None, outside=None), CLASSES)
    assert {row[column] for column in row if column not in ("case", "site", "split")} == {"n/a"}
    assert table([converted(1, None, outside=None)])["01"]["unusual"] == "n/a"


@pytest.mark.parametrize(
    ("quality", "outside", "words"),
    [
        (replace(USUAL, intensities=(7.0,) * 5), 0, "the image is constant, or nearly"),
        (replace(USUAL, intensities=(0.0, 7.0, 7.0, 7.0, 90.0)), 0, "the image is constant, or nearly"),
        (replace(USUAL, classes={**USUAL.classes, "sc": ClassQuality(0, 0.0, 0)}), 0, "the cord mask is empty"),
        (with_cord(384, 3), 0, "the cord mask is in 3 pieces"),
        (USUAL, 5, "5 lesion voxels outside the cord"),
        (replace(USUAL, moved_mm=0.339), 0, "a mask or a channel was moved by 0.339 mm"),
    ],
)
def test_what_is_wrong_in_itself_is_said_of_a_single_case(quality: Quality, outside: int, words: str) -> None:
    assert remarks([converted(1, quality, outside=outside)]) == {"01": words}


def test_a_cord_mask_beside_the_cord_is_told_by_itself_and_by_the_site_s_other_cases() -> None:
    def at(contrast: float, **place: Any) -> Quality:  # noqa: ANN401 - any field
        return replace(USUAL, cord=CordPlace(contrast, 0.5, **place))

    cases = [converted(number, at(0.5 + 0.02 * (number % 3))) for number in range(1, 9)]
    assert remarks(cases) == {}
    jumps = at(0.5, step_mm=6.25, step_slice=4, steps_aside=True)
    aside = at(0.5, better_mm=6.0, better_where="left")
    other = at(-0.1)
    found = remarks([*cases, converted(10, jumps), converted(11, aside), converted(12, other)])
    assert found == {
        "10": "the cord mask steps aside by 6.2 mm at slice 4",
        "11": "the cord mask lies beside what looks like a cord, which is 6 mm to the left",
        "12": "cord_contrast -0.1, the site's median is 0.52",
    }


def test_a_table_of_before_there_were_columns_of_the_cord_is_read() -> None:
    rows = [
        {name: cell for name, cell in quality_row(converted(1), CLASSES).items() if not name.startswith("cord_")},
        quality_row(converted(2), CLASSES),
    ]
    assert all(list(row) == list(quality_columns(CLASSES)) for row in unusual_first(rows, CLASSES))


def test_a_lesion_in_pieces_and_an_empty_lesion_are_nothing_unusual() -> None:
    many = replace(USUAL, classes={**USUAL.classes, "lesion": ClassQuality(12, 24.0, 6)})
    none = replace(USUAL, classes={**USUAL.classes, "lesion": ClassQuality(0, 0.0, 0)})
    cases = [converted(number) for number in range(8)]
    assert remarks([*cases, converted(8, many), converted(9, none)]) == {}


def test_the_most_unusual_come_first_and_the_usual_ones_follow_by_name() -> None:
    cases = [converted(number) for number in range(6, 0, -1)]
    cases += [converted(9, with_cord(384, 2)), converted(8, replace(with_cord(384, 2), moved_mm=0.1), outside=4)]
    cases += [converted(7, with_cord(384, 4))]
    found = table(cases)
    assert list(found) == ["08", "07", "09", "01", "02", "03", "04", "05", "06"]
    assert found["08"]["unusual"] == (
        "4 lesion voxels outside the cord; the cord mask is in 2 pieces; a mask or a channel was moved by 0.1 mm"
    )


@pytest.mark.parametrize(
    ("quality", "words"),
    [
        (
            with_intensities(900.0, 2000.0),
            ["intensity_median 900, the site's median is 105", "intensity_p99 2000, the site's median is 405"],
        ),
        (with_cord(4000.0), ["volume_mm3_sc 4000, the site's median is 389"]),
        (with_cord(3.0), ["volume_mm3_sc 3, the site's median is 388"]),
        (replace(USUAL, axes="RAS"), ["axes RAS, most of the site have LAS"]),
        (replace(USUAL, spacing=(1.0, 1.0, 5.0)), ["spacing_mm 1 1 5, most of the site have 1 1 2"]),
    ],
)
def test_what_sets_a_case_apart_from_its_site_is_said_with_both_values(quality: Quality, words: list[str]) -> None:
    site = [
        converted(
            number, replace(with_cord(384.0 + number), intensities=(0.0, 10.0, 100.0 + number, 400.0 + number, 420.0))
        )
        for number in range(1, 9)
    ]
    found = remarks([*site, converted(20, quality)])
    assert found == {"20": "; ".join(words)}


def test_a_site_is_compared_with_itself_only() -> None:
    here = [converted(number) for number in range(1, 9)]
    there = [converted(number, with_intensities(900.0, 2000.0), "basel") for number in range(11, 19)]
    assert remarks([*here, *there]) == {}
    assert set(remarks([*here, converted(30, with_intensities(900.0, 2000.0)), *there])) == {"30"}


@pytest.mark.parametrize(("size", "compared"), [(4, False), (5, True), (9, True)])
def test_a_small_site_is_not_compared(size: int, compared: bool) -> None:
    odd = replace(with_intensities(900.0, 2000.0), axes="RAS")
    found = remarks([*(converted(number) for number in range(1, size + 1)), converted(20, odd)])
    assert ("20" in found) == compared


def test_a_volume_of_a_class_that_few_of_a_site_have_is_not_compared() -> None:
    def lesion(volume: float) -> Mapping[str, ClassQuality]:
        return {**USUAL.classes, "lesion": ClassQuality(int(volume / 2), volume, 1 if volume else 0)}

    healthy = [converted(number, replace(USUAL, classes=lesion(0))) for number in range(1, 20)]
    four = [converted(number, replace(USUAL, classes=lesion(20))) for number in range(20, 24)]
    large = converted(30, replace(USUAL, classes=lesion(9000)))
    assert remarks([*healthy, *four, large]) == {}
    five = [*four, converted(24, replace(USUAL, classes=lesion(20)))]
    assert remarks([*healthy, *five, large]) == {"30": "volume_mm3_lesion 9000, the site's median is 20"}


def test_a_site_of_two_protocols_has_no_usual_one() -> None:
    ras = [converted(number, replace(USUAL, axes="RAS")) for number in range(1, 4)]
    assert remarks([*ras, *(converted(number) for number in range(4, 10))]) == {}


def test_values_alike_to_a_hundredth_are_no_outliers_however_alike_the_others_are() -> None:
    cases = [converted(number) for number in range(1, 12)]
    assert remarks([*cases, converted(20, with_cord(384.0 * 1.04))]) == {}
    assert set(remarks([*cases, converted(20, with_cord(384.0 * 1.06))])) == {"20"}


@given(
    volumes=st.lists(st.floats(1, 1e5), min_size=1, max_size=12),
    sites=st.lists(st.sampled_from(["geneva", "basel"]), min_size=12, max_size=12),
    order=st.randoms(use_true_random=False),
)
def test_no_case_is_lost_or_changed_and_the_order_given_does_not_matter(
    volumes: list[float], sites: list[str], order: Random
) -> None:
    cases = [
        converted(n, with_cord(volume), site) for n, (volume, site) in enumerate(zip(volumes, sites, strict=False))
    ]
    rows = [quality_row(case, CLASSES) for case in cases]
    marked = unusual_first(rows, CLASSES)
    assert sorted((row | {"unusual": NOTHING} for row in marked), key=lambda row: row["case"]) == rows
    order.shuffle(rows)
    assert unusual_first(rows, CLASSES) == marked
    assert unusual_first(marked, CLASSES) == marked


def test_a_target_without_a_cord_is_marked_without_one() -> None:
    quality = replace(USUAL, classes={"core": ClassQuality(10, 20.0, 2)})
    assert table([converted(1, quality, outside=None)], ("core", "cavity"))["01"]["unusual"] == "n/a"


def test_the_table_of_a_dataset_begins_with_its_odd_cases(bids: SmallBids, tmp_path: Path) -> None:
    for number in range(1, 9):
        bids.case(f"sub-{number}_T2w", lesion=number % 2 == 0)
    bright = bids.image("sub-6_T2w")
    volume = read_volume(bright)
    write_image(bright, volume.data * np.int16(20), volume.affine)
    flat = bids.image("sub-7_T2w")
    write_image(flat, np.full_like(volume.data, 300), volume.affine)
    broken = bids.labels("sub-7_T2w")["sc"]
    mask = read_mask(broken)
    mask.data[:, :, 5] = 0
    write_mask(broken, mask.data, mask.affine)
    plan = make_plan(name_sources([str(bids.root)]), load_profile("auto"), load_target("cord-lesion"), PlanOptions())
    done = write_dataset(RawDataset.named(tmp_path / "raw", 7, "Cord"), plan)
    first, second, *others = read_cases(done.dataset.folder, "qc.tsv")
    assert (first["case"], second["case"]) == ("site_sub-7_T2w", "site_sub-6_T2w")
    for words in (
        "the image is constant",
        "the cord mask is in 2 pieces",
        "intensity_median 300, the site's median is",
    ):
        assert words in first["unusual"]
    assert second["unusual"].startswith("intensity_median ")
    assert [row["unusual"] for row in others] == ["n/a"] * 6
    assert {row["moved_mm"] for row in others} == {"0"}
