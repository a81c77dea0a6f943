from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.curves.curves_table import CURVES_COLUMNS, CurvePoint, read_curves, write_curves
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError

NUMBERS = st.integers(0, 10**6)
VALUES = st.none() | st.floats(allow_nan=False, allow_infinity=False)
POINTS = st.lists(
    st.builds(
        CurvePoint, st.sampled_from(["random", "bald"]), NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["sc", "lesion"]),
        st.just("dsc"), VALUES,
    ),
    unique_by=lambda point: point.key,
)  # fmt: skip
POINT = CurvePoint("bald", 1, 2, 16, "lesion", "dsc", 0.5)


@given(points=POINTS)
def test_what_is_written_is_read_again_to_the_last_digit(
    points: list[CurvePoint], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("curves")
    write_curves(folder / "curves.tsv", points)
    assert sorted(read_curves(folder / "curves.tsv"), key=lambda point: point.key) == sorted(
        points, key=lambda point: point.key
    )
    write_curves(folder / "again.tsv", reversed(points))
    assert (folder / "again.tsv").read_bytes() == (folder / "curves.tsv").read_bytes()


def test_the_table_is_as_promised(tmp_path: Path) -> None:
    write_curves(tmp_path / "curves.tsv", [POINT])
    assert (tmp_path / "curves.tsv").read_text() == (
        "strategy\tseed\tround\tbudget\tregion\tmetric\tvalue\nbald\t1\t2\t16\tlesion\tdsc\t0.5\n"
    )


def test_two_values_of_one_model_are_refused_when_written_and_when_read(tmp_path: Path) -> None:
    other = CurvePoint("bald", 1, 2, 17, "lesion", "dsc", 0.7)
    with pytest.raises(DataRefusedError, match=r"found several of .'bald', 1, 2, 'lesion', 'dsc'"):
        write_curves(tmp_path / "curves.tsv", [POINT, other])
    assert not (tmp_path / "curves.tsv").exists()
    write_text(tmp_path / "curves.tsv", "\t".join(CURVES_COLUMNS) + "\n" + 2 * "bald\t1\t2\t16\tlesion\tdsc\t0.5\n")
    with pytest.raises(DataRefusedError, match="found several of"):
        read_curves(tmp_path / "curves.tsv")


def test_a_value_that_is_not_finite_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataRefusedError, match="found nan"):
        write_curves(tmp_path / "curves.tsv", [CurvePoint("bald", 1, 2, 16, "lesion", "dsc", float("nan"))])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("bald\t1\t2\t16\tlesion\tdsc\tinf", "line 2: a finite number or n/a was needed as value, found 'inf'"),
        ("bald\t1\t2\t16\tlesion\tdsc\tgood", "line 2: a number was needed as value, found 'good'"),
        ("bald\t-1\t2\t16\tlesion\tdsc\t1", "line 2: a whole number from 0 was needed as seed, found '-1'"),
        ("bald\t1\t2.5\t16\tlesion\tdsc\t1", "as round, found '2.5'"),
        ("bald\t1\t2\tn/a\tlesion\tdsc\t1", "as budget, found 'n/a'"),
        ("bald\t1\t2\t16\tlesion", "line 2: as many cells as there are columns"),
    ],
)
def test_what_is_no_number_is_refused_by_line(tmp_path: Path, row: str, words: str) -> None:
    write_text(tmp_path / "curves.tsv", "\t".join(CURVES_COLUMNS) + f"\n{row}\n")
    with pytest.raises(FileRefusedError, match=words):
        read_curves(tmp_path / "curves.tsv")
