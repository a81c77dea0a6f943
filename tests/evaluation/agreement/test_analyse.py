from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.evaluation.agreement.agreement_dictionary import AGREEMENT, COMPARISON, CORRELATION, PAIRS, SITES
from nnunet_ext.evaluation.agreement.align import Unit
from nnunet_ext.evaluation.agreement.analyse import analyse, pair_rows
from nnunet_ext.evaluation.agreement.compare import Rules
from nnunet_ext.evaluation.agreement.confidence_interval import Bootstrap
from nnunet_ext.evaluation.agreement.measurements import Kind, Measurements, read_measurements
from nnunet_ext.evaluation.agreement.scores import read_scores
from nnunet_ext.evaluation.agreement.sites import site_rows
from tests.evaluation.agreement.tables import write_biomarkers, write_metrics, write_participants

RULES = Rules(bootstrap=Bootstrap(200, 0))
COUNT = 12


def metrics(tmp_path: Path, name: str, shift: float, seed: int = 0) -> Measurements:
    rng = np.random.default_rng(seed)
    rows = [
        {"case": f"sub-{number:02d}_T2w", "region": region, "dsc": 0.6 + shift + rng.normal(0, 0.01), "hd95": 3.0}
        for number in range(COUNT)
        for region in ("sc", "lesion")
    ]
    return read_measurements(write_metrics(tmp_path / name, rows), Kind.METRICS, name)


def biomarkers(tmp_path: Path, name: str, noise: float) -> Measurements:
    rng = np.random.default_rng(5)
    rows = [
        {"case": f"sub-{number:02d}_T2w", "total_volume_mm3": 100 * number + noise * rng.normal(), "odd_ratio": number}
        for number in range(COUNT)
    ]
    return read_measurements(write_biomarkers(tmp_path / name, rows), Kind.BIOMARKERS, name)


def test_every_pair_of_methods_is_compared_and_counts_in_its_regions_family(tmp_path: Path) -> None:
    tables = [metrics(tmp_path, name, shift, seed) for seed, (name, shift) in enumerate([("a", 0), ("b", 0), ("c", 1)])]
    found = analyse(tables, [], RULES)
    in_lesion = [row for row in found.rows if row["region"] == "lesion"]
    assert len(in_lesion) == 2 * 3
    by_pair = {(row["method_a"], row["method_b"]): row for row in in_lesion if row["metric"] == "dsc"}
    assert list(by_pair) == [("a", "b"), ("a", "c"), ("b", "c")]
    smallest = float(by_pair["a", "c"]["p"])
    assert smallest == pytest.approx(2 / 2**COUNT)  # all twelve differences of one sign
    assert float(by_pair["a", "c"]["p_adjusted"]) == pytest.approx(6 * smallest)
    assert float(by_pair["a", "b"]["p_adjusted"]) > 0.05


def test_biomarkers_are_compared_with_the_first_method_only(tmp_path: Path) -> None:
    tables = [biomarkers(tmp_path, name, noise) for name, noise in (("manual", 0), ("b", 5), ("c", 9))]
    found = analyse(tables, [], RULES)
    assert [(row["method_a"], row["method_b"]) for row in found.rows] == [("manual", "b"), ("manual", "c")]
    assert all(float(row["ccc"]) > 0.99 for row in found.rows)


def test_of_several_images_of_a_subject_the_agreement_of_one_is_given_beside_that_of_their_mean(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    volumes = rng.gamma(3, 30, 30)
    tables = []
    for name, noise in (("manual", 0), ("automatic", 28)):
        rows = [
            {"case": f"sub-{n:02d}_ses-{image}_T2w", "total_volume_mm3": volume + rng.normal(0, 1) * noise}
            for n, volume in enumerate(volumes)
            for image in range(3)
        ]
        tables.append(read_measurements(write_biomarkers(tmp_path / name, rows), Kind.BIOMARKERS, name))
    of_subjects = analyse(tables, [], RULES).rows[0]
    of_images = analyse(tables, [], Rules(unit=Unit.CASE, bootstrap=Bootstrap(200, 0))).rows[0]
    assert (of_subjects["agreement_of"], of_images["agreement_of"]) == ("the mean of a subject's images", "one image")
    assert (of_subjects["n_subjects"], of_subjects["n_pairs"]) == ("30", "90")
    # Means of three images agree better than one does by the root of three.
    assert float(of_subjects["limit_high"]) == pytest.approx(1.96 * 28 / 3**0.5, rel=0.2)
    assert float(of_subjects["image_limit_high"]) == pytest.approx(1.96 * 28, rel=0.15)
    assert float(of_subjects["image_limit_low"]) == pytest.approx(float(of_images["limit_low"]), rel=0.05)
    assert float(of_subjects["icc"]) > float(of_subjects["image_icc"]) + 0.02
    assert of_subjects["image_icc"] == of_images["icc"]


def test_only_the_usual_columns_are_tested_unless_all_are_asked_for(tmp_path: Path) -> None:
    tables = [biomarkers(tmp_path, name, 1) for name in ("manual", "automatic")]
    assert {row["biomarker"] for row in analyse(tables, [], RULES).rows} == {"total_volume_mm3"}
    assert {row["biomarker"] for row in analyse(tables, ["all"], RULES).rows} == {"total_volume_mm3", "odd_ratio"}
    with pytest.raises(DataRefusedError, match="the column dsc was needed, found total_volume_mm3"):
        analyse(tables, ["dsc"], RULES)


def test_a_score_that_follows_the_lesions_is_found_with_both_methods(tmp_path: Path) -> None:
    tables = [biomarkers(tmp_path, name, noise) for name, noise in (("manual", 0), ("automatic", 20))]
    people = [{"participant_id": f"sub-{number:02d}", "motor": 100 - 5 * number} for number in range(COUNT - 2)]
    found = analyse(tables, [], RULES, read_scores(write_participants(tmp_path, people)))
    assert [(row["method"], row["n"]) for row in found.correlations] == [("manual", "10"), ("automatic", "10")]
    assert [case.case for case in found.left_out] == ["here_sub-10", "here_sub-11"]
    assert {case.reason for case in found.left_out} == {"no row of its own in participants.tsv"}
    assert float(found.correlations[0]["rho"]) == pytest.approx(-1)
    assert float(found.correlations[1]["rho"]) < -0.9
    assert found.correlations[0]["rho_difference"] == "n/a"
    assert float(found.correlations[1]["rho_difference"]) >= 0


def test_tables_without_a_common_case_are_refused_with_examples(tmp_path: Path) -> None:
    rows = [{"case": "sub-1", "dsc": 1.0}], [{"case": "sub-2", "dsc": 1.0}]
    tables = [
        read_measurements(write_metrics(tmp_path / str(number), list(those)), Kind.METRICS, f"m{number}")
        for number, those in enumerate(rows)
    ]
    with pytest.raises(DataRefusedError, match="m0: sub-1; m1: sub-2"):
        analyse(tables, [], RULES)


def test_text_in_a_column_that_is_compared_is_refused(tmp_path: Path) -> None:
    file = write_metrics(tmp_path, [{"case": "sub-1", "dsc": "good"}])
    tables = [read_measurements(file, Kind.METRICS, name) for name in ("a", "b")]
    with pytest.raises(DataRefusedError, match="numbers were needed in the column dsc, found 'good'"):
        analyse(tables, [], RULES)


def test_each_column_is_described_and_in_its_place(tmp_path: Path) -> None:
    tables = [metrics(tmp_path, name, 0) for name in ("a", "b")]
    found = analyse(tables, [], RULES)
    assert [list(row) for row in found.rows] == [list(COMPARISON)] * len(found.rows)
    assert list(site_rows(found.samples)[0]) == list(SITES)
    assert list(pair_rows(found.pairs)[0]) == list(PAIRS)
    people = write_participants(tmp_path, [{"participant_id": "sub-01", "motor": 4}])
    agreed = analyse([biomarkers(tmp_path, name, 1) for name in ("m", "n")], [], RULES, read_scores(people))
    assert list(agreed.rows[0]) == list(AGREEMENT)
    assert list(agreed.correlations[0]) == list(CORRELATION)
    assert "1 subjects" in agreed.correlations[0]["note"]


def test_sites_are_described_and_not_tested(tmp_path: Path) -> None:
    rows = [{"case": f"sub-{n}", "site": "x" if n < 2 else "y", "dsc": n / 10} for n in range(4)]
    tables = [read_measurements(write_metrics(tmp_path, rows), Kind.METRICS, name) for name in ("a", "b")]
    table = site_rows(analyse(tables, ["dsc"], RULES).samples)
    means = {(row["site"], row["method"]): float(row["mean"]) for row in table}
    assert means["(all)", "a"] == pytest.approx(0.15)
    assert means["y", "b"] == pytest.approx(0.25)
    assert not {"p", "p_adjusted"} & set(table[0])


def test_a_site_without_lesions_has_a_row_that_says_so_and_does_not_lift_the_mean(tmp_path: Path) -> None:
    missed = {"lesion_sensitivity": 0.0, "lesion_ppv": 0.0, "lesion_f1": 0.0, "ref_count": 2, "pred_count": 0}
    clean = {"lesion_sensitivity": 1.0, "lesion_ppv": 1.0, "lesion_f1": 1.0, "ref_count": 0, "pred_count": 0}
    false = {"lesion_sensitivity": 1.0, "lesion_ppv": 0.0, "lesion_f1": 0.0, "ref_count": 0, "pred_count": 1}
    rows = [
        {"case": "sub-1", "site": "x", "dsc": 0.0, **missed},
        {"case": "sub-2", "site": "y", "dsc": 1.0, **clean},
        {"case": "sub-3", "site": "y", "dsc": 0.0, **false},
    ]
    tables = [read_measurements(write_metrics(tmp_path, rows), Kind.METRICS, name) for name in ("a", "b")]
    found = analyse(tables, [], RULES)
    table = {(row["metric"], row["site"]): row for row in site_rows(found.samples) if row["method"] == "a"}
    told = {
        key: (row["n"], row["n_left_out"], row["mean"]) for key, row in table.items() if key[0].startswith("lesion_")
    }
    assert told == {
        ("lesion_sensitivity", "(all)"): ("1", "2", "0.0"),
        ("lesion_sensitivity", "x"): ("1", "0", "0.0"),
        ("lesion_sensitivity", "y"): ("0", "2", "n/a"),
        ("lesion_ppv", "(all)"): ("1", "2", "0.0"),
        ("lesion_ppv", "x"): ("0", "1", "n/a"),
        ("lesion_ppv", "y"): ("1", "1", "0.0"),
        ("lesion_f1", "(all)"): ("2", "1", "0.0"),
        ("lesion_f1", "x"): ("1", "0", "0.0"),
        ("lesion_f1", "y"): ("1", "1", "0.0"),
    }
    why = {(case.case, case.column): case.reason for case in found.left_out}
    assert why["sub-2", "lesion_f1"] == "not defined, as nothing is there to divide by: a, b"
    assert ("sub-2", "dsc") not in why


def test_numbers_are_written_in_full_and_nothing_as_n_a() -> None:
    row = as_row({"x": np.float64(0.1), "n": np.int64(3), "none": None, "text": "a\tb"})
    assert row == {"x": "0.1", "n": "3", "none": "n/a", "text": "a b"}
