from pathlib import Path

import pytest

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.evaluation.agreement.measurements import WHOLE, Kind, read_measurements
from tests.evaluation.agreement.tables import write_biomarkers, write_metrics


def test_numbers_are_read_and_what_is_missing_or_infinite_is_none(tmp_path: Path) -> None:
    file = write_metrics(tmp_path, [{"case": "sub-1_T2w", "dsc": 0.5, "hd95": "inf", "assd": "n/a"}])
    found = read_measurements(file, Kind.METRICS, "mine")
    row = found.values["sub-1_T2w", "lesion"]
    assert (row["dsc"], row["hd95"], row["assd"]) == (0.5, None, None)


def test_columns_of_text_are_named_with_an_example(tmp_path: Path) -> None:
    file = write_biomarkers(tmp_path, [{"case": "sub-1", "n_lesions": 2, "bridge_is_proxy": "True"}])
    found = read_measurements(file, Kind.BIOMARKERS, "mine")
    assert found.columns == ("n_lesions",)
    assert found.left_out == {"bridge_is_proxy": "True"}
    assert found.values["sub-1", WHOLE] == {"n_lesions": 2}


def test_a_volume_error_without_its_sign_is_added(tmp_path: Path) -> None:
    file = write_metrics(tmp_path, [{"case": "a", "rel_vol_error": -12.5}, {"case": "b", "rel_vol_error": 3}])
    found = read_measurements(file, Kind.METRICS, "mine")
    assert [row["abs_rel_vol_error"] for row in found.values.values()] == [12.5, 3.0]


@pytest.mark.parametrize(
    ("case", "further", "subject", "participant"),
    [
        ("zurich_sub-01_ses-02_T2w", {}, "zurich_sub-01", "sub-01"),
        ("sub-01_T2w", {}, "here_sub-01", "sub-01"),
        ("sub-10_T2w", {}, "here_sub-10", "sub-10"),
        ("scan7", {}, "here_scan7", "scan7"),
        ("scan7", {"subject": "P7"}, "here_P7", "P7"),
        ("scan7", {"subject": "P7", "dataset": "d"}, "d_P7", "P7"),
        ("scan7", {"site": "n/a"}, "scan7", "scan7"),
    ],
)
def test_the_subject_is_known_by_its_column_or_by_the_case(
    tmp_path: Path, case: str, further: dict[str, str], subject: str, participant: str
) -> None:
    file = write_metrics(tmp_path, [{"case": case, "dsc": 1, **further}])
    found = read_measurements(file, Kind.METRICS, "mine").cases[case]
    assert (found.subject, found.participant) == (subject, participant)


def test_a_case_that_stands_twice_is_refused_by_name(tmp_path: Path) -> None:
    file = write_metrics(tmp_path, [{"case": "sub-1", "dsc": 1}, {"case": "sub-1", "dsc": 0}])
    with pytest.raises(FileRefusedError, match="found more for sub-1 lesion"):
        read_measurements(file, Kind.METRICS, "mine")


def test_a_case_may_have_several_regions(tmp_path: Path) -> None:
    file = write_metrics(tmp_path, [{"case": "sub-1", "dsc": 1}, {"case": "sub-1", "region": "sc", "dsc": 0}])
    assert len(read_measurements(file, Kind.METRICS, "mine").values) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [("case\tregion\tdsc\n\tsc\t1\n", "line 2: case"), ("case\tregion\tdsc\nsub-1\tsc\n", "line 2: as many cells")],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "metrics.tsv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FileRefusedError, match=why):
        read_measurements(file, Kind.METRICS, "mine")


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="a table was needed"):
        read_measurements(tmp_path / "none.tsv", Kind.METRICS, "mine")
