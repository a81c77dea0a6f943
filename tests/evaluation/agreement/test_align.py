from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from nnunet_ext.evaluation.agreement.align import Sample, Unit, align
from nnunet_ext.evaluation.agreement.measurements import Kind, read_measurements
from tests.evaluation.agreement.tables import write_metrics

Rows = Sequence[Mapping[str, object]]


def aligned(tmp_path: Path, *methods: Rows, unit: Unit = Unit.SUBJECT) -> Sample:
    tables = [
        read_measurements(write_metrics(tmp_path / str(number), rows), Kind.METRICS, f"m{number}")
        for number, rows in enumerate(methods)
    ]
    return align(tables, "lesion", "dsc", unit)


def test_images_of_one_subject_count_once_with_their_mean(tmp_path: Path) -> None:
    first: Rows = [{"case": f"sub-1_ses-{visit}", "dsc": dsc} for visit, dsc in ((1, 0.2), (2, 0.4))]
    second: Rows = [{"case": f"sub-1_ses-{visit}", "dsc": dsc} for visit, dsc in ((1, 0.6), (2, 1.0))]
    sample = aligned(tmp_path, first, second)
    assert sample.units == ("here_sub-1",)
    assert sample.images == (2,)
    assert sample.values[:, 0] == pytest.approx([0.3, 0.8])
    assert aligned(tmp_path, first, second, unit=Unit.CASE).values.shape == (2, 2)


def test_an_image_that_one_method_lacks_does_not_count_for_the_other(tmp_path: Path) -> None:
    first: Rows = [{"case": "sub-1_ses-1", "dsc": 0.2}, {"case": "sub-1_ses-2", "dsc": 0.9}]
    sample = aligned(tmp_path, first, [{"case": "sub-1_ses-1", "dsc": 0.5}])
    assert sample.values[:, 0] == pytest.approx([0.2, 0.5])
    assert [(case.case, case.reason) for case in sample.left_out] == [("sub-1_ses-2", "not in the table of m1")]


def test_a_missing_value_is_left_out_of_its_column_only(tmp_path: Path) -> None:
    first: Rows = [{"case": "sub-1", "dsc": "n/a"}, {"case": "sub-2", "dsc": 0.5}]
    second: Rows = [{"case": "sub-1", "dsc": 0.5}, {"case": "sub-2", "dsc": "inf"}]
    sample = aligned(tmp_path, first, second)
    assert sample.values.shape == (2, 0)
    assert [(case.case, case.column, case.reason) for case in sample.left_out] == [
        ("sub-1", "dsc", "missing or not finite: m0"),
        ("sub-2", "dsc", "missing or not finite: m1"),
    ]


def test_a_refused_case_is_left_out_with_its_reason(tmp_path: Path) -> None:
    refused = {"case": "sub-1", "dsc": "n/a", "ref_volume_mm3": "n/a", "reason": "truncated file"}
    sample = aligned(tmp_path, [refused], [{"case": "sub-1", "dsc": 0.5}])
    assert [(case.column, case.reason) for case in sample.left_out] == [("", "m0 has no value: truncated file")]


def test_scores_against_two_different_references_are_not_compared(tmp_path: Path) -> None:
    sample = aligned(
        tmp_path, [{"case": "sub-1", "dsc": 0.5}], [{"case": "sub-1", "dsc": 0.5, "ref_volume_mm3": 101.0}]
    )
    assert not sample.units
    assert "references of different volume" in sample.left_out[0].reason


def test_patients_of_one_number_at_two_datasets_stay_two(tmp_path: Path) -> None:
    rows: Rows = [{"case": f"{dataset}_sub-01_T2w", "dsc": 0.5} for dataset in ("zurich", "paris")]
    assert aligned(tmp_path, rows, rows).units == ("paris_sub-01", "zurich_sub-01")


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    rows: Rows = [{"case": f"sub-{number}", "dsc": number / 20} for number in range(12)]
    there, back = aligned(tmp_path, rows, rows), aligned(tmp_path, rows[::-1], rows)
    assert there.units == back.units
    assert (there.values == back.values).all()
