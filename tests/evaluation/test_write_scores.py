import csv
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnunet_ext import __version__
from nnunet_ext.evaluation.case import RegionMetrics, evaluate_case
from nnunet_ext.evaluation.metrics_dictionary import METRICS, SUMMARY_METRICS, metrics_dictionary
from nnunet_ext.evaluation.preset import PRESETS, SCISEG2
from nnunet_ext.evaluation.write_scores import metrics_table, tsv, write_scores

REGIONS = {"sc": (1, 2), "lesion": (2,)}


def rows(name: str = "c1") -> list[RegionMetrics]:
    rng = np.random.default_rng(3)
    reference, prediction = rng.integers(0, 3, (2, 5, 5, 7)).astype(np.uint8)
    return evaluate_case(reference, prediction, 1 / 3, REGIONS, case=name, site="here")


def test_floats_come_back_from_the_table_to_the_last_bit(tmp_path: Path) -> None:
    write_scores(tmp_path, rows(), REGIONS, SCISEG2)
    with (tmp_path / "metrics.tsv").open(newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    for row, line in zip(rows(), lines, strict=True):
        assert float(line["dsc"]) == row.dsc
        assert float(line["ref_volume_mm3"]) == row.ref_volume_mm3


def test_what_does_not_apply_is_written_as_not_available(tmp_path: Path) -> None:
    write_scores(tmp_path, rows(), REGIONS, SCISEG2)
    header, cord, lesion = (line.split("\t") for line in (tmp_path / "metrics.tsv").read_text().splitlines())
    assert cord[header.index("ref_count")] == cord[header.index("lesion_f1")] == "n/a"
    assert lesion[header.index("ref_count")] == str(rows()[1].ref_count)  # a whole number, without a point


def test_every_column_of_both_tables_is_in_the_dictionary(tmp_path: Path) -> None:
    summary = write_scores(tmp_path, rows(), REGIONS, SCISEG2)
    dictionary = json.loads((tmp_path / "metrics.json").read_text())
    columns = [field.name for field in fields(RegionMetrics)]
    assert columns[3:] == list(dictionary["metrics"]) == [metric.column for metric in METRICS]
    described = set(dictionary["metrics"]) | set(dictionary["summary"]["metrics"])
    of_cord = {metric.column for metric in METRICS if metric.regions == "cord"}
    assert set(summary["metric"]) == described
    assert set(summary.loc[summary["region"] == "sc", "metric"]) >= of_cord
    assert {metric.column for metric in SUMMARY_METRICS} == set(dictionary["summary"]["metrics"])


def test_the_dictionary_names_the_tool_the_preset_and_each_empty_rule(tmp_path: Path) -> None:
    write_scores(tmp_path, rows(), REGIONS, SCISEG2)
    dictionary = json.loads((tmp_path / "metrics.json").read_text())
    assert dictionary["version"] == __version__
    preset = dictionary["preset"]
    assert (preset["name"], preset["lesion"]["connectivity"], preset["rule"]["overlap"]) == ("sciseg2", 6, 0.1)
    assert dictionary["regions"] == {"sc": [1, 2], "lesion": [2]}
    assert all(entry["empty_masks"] and entry["formula"] and entry["unit"] for entry in dictionary["metrics"].values())


@pytest.mark.parametrize("name", PRESETS)
def test_a_rule_of_lesions_does_not_speak_of_empty_masks(name: str) -> None:
    """A mask that holds voxels and no lesion of the preset's size is not empty, and has the rule's value."""
    told = metrics_dictionary(PRESETS[name], REGIONS)
    preset = told["preset"]["empty_masks"]
    for column in ("lesion_ppv", "lesion_sensitivity", "lesion_f1"):
        assert "no lesion in R and P" in preset[column]
        assert preset[column] in told["metrics"][column]["empty_masks"]
        assert "empty" not in preset[column]
    assert "empty" not in told["metrics"]["detection_rate_6mm3"]["empty_masks"]
    assert ("below the smallest size 0" in preset["lesion_ppv"]) == (name == "anima")


def test_no_case_at_all_still_leaves_readable_tables(tmp_path: Path) -> None:
    write_scores(tmp_path, [], REGIONS, SCISEG2)
    assert (tmp_path / "metrics.tsv").read_text().startswith("case\tsite\tregion\tdsc\t")
    assert len(pd.read_csv(tmp_path / "summary.tsv", sep="\t")) == 0


def test_a_tab_in_a_site_name_does_not_shift_the_columns(tmp_path: Path) -> None:
    odd = evaluate_case(np.ones((2, 2, 2), np.uint8), np.ones((2, 2, 2), np.uint8), 1.0, REGIONS, case="c", site="a\tb")
    (tmp_path / "t.tsv").write_text(tsv(metrics_table(odd)))
    assert list(pd.read_csv(tmp_path / "t.tsv", sep="\t")["site"]) == ["a\tb", "a\tb"]
