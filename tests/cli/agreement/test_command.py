import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.agreement.words import label
from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.tables import read_table
from nnunet_ext.evaluation.metrics_dictionary import METRICS
from tests.evaluation.agreement.tables import write_biomarkers, write_metrics, write_participants

Told = pytest.CaptureFixture[str]
COUNT = 10


def agreement(*arguments: str | Path) -> int:
    return main(["agreement", *map(str, arguments), "--bootstrap", "200"])


@pytest.fixture
def methods(tmp_path: Path) -> tuple[Path, Path]:
    """Metrics of two methods, of which the second is better in the lesion and the same in the cord."""
    rng = np.random.default_rng(0)
    folders = tmp_path / "old", tmp_path / "new"
    for gain, folder in zip((0.0, 0.1), folders, strict=True):
        rows = [
            {
                "case": f"zurich_sub-{number:02d}_T2w",
                "site": "zurich" if number % 2 else "paris",
                "region": region,
                "dsc": 0.5 + number / 100 + (gain + rng.normal(0, 0.001) if region == "lesion" else 0),
                "lesion_f1": 0.5 if region == "lesion" else "n/a",
            }
            for number in range(COUNT)
            for region in ("sc", "lesion")
        ]
        write_metrics(folder, rows)
    return folders


@pytest.fixture
def measured(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Biomarkers by hand and by machine, and scores that follow them."""
    rng = np.random.default_rng(1)
    volumes = rng.gamma(3, 200, COUNT)
    folders = tmp_path / "manual", tmp_path / "automatic"
    for noise, folder in zip((0, 10), folders, strict=True):
        rows = [
            {"case": f"sub-{number:02d}_T2w", "n_lesions": 1, "total_volume_mm3": volume + rng.normal(0, 1) * noise}
            for number, volume in enumerate(volumes)
        ]
        write_biomarkers(folder, rows)
    people = [{"participant_id": f"sub-{n:02d}", "age": 40, "motor": 100 - v / 20} for n, v in enumerate(volumes)]
    return (*folders, write_participants(tmp_path, people))


def test_two_predictions_are_compared_region_by_region(
    methods: tuple[Path, Path], tmp_path: Path, capsys: Told
) -> None:
    assert agreement(*methods, "-o", tmp_path / "out") == 0
    rows = {(row["region"], row["metric"]): row for row in read_table(tmp_path / "out" / "comparison.tsv")}
    assert list(rows) == [("sc", "dsc"), ("lesion", "dsc"), ("lesion", "lesion_f1")]
    better = rows["lesion", "dsc"]
    assert float(better["p"]) == pytest.approx(2 / 2**COUNT)
    assert float(better["p_adjusted"]) == pytest.approx(2 * 2 / 2**COUNT)  # two tests in the lesion's family
    assert float(better["difference_low"]) <= float(better["median_difference"]) <= float(better["difference_high"])
    assert float(rows["sc", "dsc"]["p"]) == 1
    told = capsys.readouterr().out
    assert "higher with new" in told
    assert "no difference shown" in told


def test_the_output_can_be_checked_and_passed_on(methods: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert agreement(*methods, "-o", out) == 0
    pairs = read_table(out / "pairs.tsv")
    lesion = [float(row["b"]) - float(row["a"]) for row in pairs if (row["region"], row["metric"]) == ("lesion", "dsc")]
    stated = [row for row in read_table(out / "comparison.tsv") if row["metric"] == "dsc"][1]
    assert float(stated["mean_difference"]) == pytest.approx(np.mean(lesion))
    described = json.loads((out / "agreement.json").read_text())["tables"]
    for name, table in described.items():
        assert list(table["columns"]) == (out / name).read_text().splitlines()[0].split("\t")
        assert all(column["meaning"] for column in table["columns"].values())
    assert json.loads((out / "dataset_description.json").read_text())["DatasetType"] == "derivative"
    for file in out.rglob("*.*"):
        assert str(tmp_path) not in file.read_text()
    page = (out / "agreement.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == len(list((out / "figures").glob("*.svg"))) == 3


@pytest.mark.parametrize(
    ("correction", "source", "said"),
    [
        ("holm", "Holm 1979", "after correction"),
        ("bonferroni", "Dunn 1961", "after correction"),
        ("none", "no correction", "without any correction"),
    ],
)
def test_the_correction_that_was_made_is_the_one_that_is_cited(
    methods: tuple[Path, Path], tmp_path: Path, correction: str, source: str, said: str
) -> None:
    out = tmp_path / "out"
    assert agreement(*methods, "-o", out, "--correction", correction) == 0
    columns = json.loads((out / "agreement.json").read_text())["tables"]["comparison.tsv"]["columns"]
    page = (out / "agreement.html").read_text()
    assert source in columns["p_adjusted"]["source"]
    assert source in page
    assert said in page
    assert ("Holm" in page) == (correction == "holm")


def test_a_metric_bears_one_name_in_all_tables() -> None:
    named = {metric.column: metric.name.lower() for metric in METRICS}
    assert label("lcwa") == named["lcwa"]


def test_the_same_command_gives_the_same_bytes(
    measured: tuple[Path, Path, Path], tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    manual, automatic, people = measured
    for out in ("one", "two"):
        assert agreement(manual, automatic, "-o", tmp_path / out, "--participants", people) == 0
    assert tree_hash(tmp_path / "one") == tree_hash(tmp_path / "two")


def test_biomarkers_agree_with_the_manual_ones_and_with_the_scores(
    measured: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    manual, automatic, people = measured
    out = tmp_path / "out"
    assert agreement(manual, automatic, "-o", out, "--participants", people) == 0
    rows = {row["biomarker"]: row for row in read_table(out / "agreement.tsv")}
    assert list(rows) == ["n_lesions", "total_volume_mm3"]
    volume = rows["total_volume_mm3"]
    assert float(volume["ccc"]) > 0.99
    assert float(volume["limit_low"]) < float(volume["bias"]) < float(volume["limit_high"])
    scores = {(row["biomarker"], row["method"]): row for row in read_table(out / "correlation.tsv")}
    assert float(scores["total_volume_mm3", "manual"]["rho"]) == pytest.approx(-1)
    assert scores["n_lesions", "manual"]["note"] == "all values are the same"
    assert {row["score"] for row in scores.values()} == {"motor"}
    names = {file.name for file in (out / "figures").iterdir()}
    assert "bland-altman_total-volume-mm3_manual_automatic.svg" in names
    assert "correlation_total-volume-mm3_motor.svg" in names


def test_what_is_left_out_of_people_s_scores_is_said_and_not_shown(
    measured: tuple[Path, Path, Path], tmp_path: Path, capsys: Told
) -> None:
    manual, automatic, people = measured
    rows = people.read_text().splitlines()
    notes = ["note", 'said "stop', *["-"] * (COUNT - 2), "Smith"]
    people.write_bytes("\n".join(f"{row}\t{note}" for row, note in zip(rows, notes, strict=True)).encode("utf-16"))
    out = tmp_path / "out"
    assert agreement(manual, automatic, "-o", out, "--participants", people) == 0
    assert {row["n"] for row in read_table(out / "correlation.tsv")} == {str(COUNT)}
    told = capsys.readouterr().err
    assert "warning: " + str(people) + ": note is no score: no numbers: words in 2 of 10 rows, first in line 2" in told
    assert "age is no score: describes the participant" in told
    page = (out / "agreement.html").read_text()
    assert "note is no score: no numbers: words in 2 of 10 rows" in page
    assert "Smith" not in page
    assert "could not convert" not in page


def test_a_case_that_one_method_lacks_is_counted_and_listed(tmp_path: Path, capsys: Told) -> None:
    for name, cases in (("a", range(5)), ("b", range(1, 7))):
        write_metrics(tmp_path / name, [{"case": f"sub-{number}", "dsc": 0.5} for number in cases])
    assert agreement(tmp_path / "a", tmp_path / "b", "-o", tmp_path / "out") == 0
    listed = {(row["case"], row["reason"]) for row in read_table(tmp_path / "out" / "not_compared.tsv")}
    assert listed == {(f"sub-{n}", f"not in the table of {who}") for n, who in ((0, "b"), (5, "a"), (6, "a"))}
    (row,) = read_table(tmp_path / "out" / "comparison.tsv")
    assert (row["n_subjects"], row["n_left_out"]) == ("4", "3")
    assert "2 not compared: not in the table of a" in capsys.readouterr().err


def test_tables_may_be_named_directly_and_methods_too(methods: tuple[Path, Path], tmp_path: Path) -> None:
    files = [folder / "metrics.tsv" for folder in methods]
    assert agreement(*files, "-o", tmp_path / "out", "--names", "before", "after", "--metrics", "dsc") == 0
    rows = read_table(tmp_path / "out" / "comparison.tsv")
    assert {(row["method_a"], row["method_b"]) for row in rows} == {("before", "after")}


def test_an_agreement_is_made_again_only_with_force_and_leaves_nothing_old(
    methods: tuple[Path, Path], measured: tuple[Path, Path, Path], tmp_path: Path, capsys: Told
) -> None:
    out = tmp_path / "out"
    assert agreement(*methods, "-o", out) == 0
    assert agreement(*measured[:2], "-o", out) == 5
    assert "--force" in capsys.readouterr().err
    assert agreement(*measured[:2], "-o", out, "--force") == 0
    assert not (out / "comparison.tsv").exists()
    assert not list((out / "figures").glob("*dsc*"))


def test_force_spares_a_nested_agreement_and_figures_of_others(
    measured: tuple[Path, ...], tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    out = tmp_path / "out"
    assert agreement(*measured[:2], "-o", out) == agreement(*measured[:2], "-o", out / "below") == 0
    (out / "figures" / "mine.svg").write_text("mine")
    (out / "below" / "figures" / "mine.svg").write_text("mine")
    before = tree_hash(out)
    assert agreement(*measured[:2], "-o", out, "--force") == 0
    assert tree_hash(out) == before


def test_a_folder_of_something_else_is_never_written_to(methods: tuple[Path, Path], tmp_path: Path) -> None:
    assert agreement(*methods, "-o", methods[0], "--force") == 2
    assert agreement(*methods, "-o", tmp_path / "old" / "below", "--force") == 2
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("mine")
    assert agreement(*methods, "-o", other, "--force") == 5


def test_metrics_of_two_presets_are_refused(methods: tuple[Path, Path], tmp_path: Path, capsys: Told) -> None:
    for folder, preset in zip(methods, ("sciseg2", "anima"), strict=True):
        write_json(folder / "metrics.json", {"preset": {"name": preset}})
    assert agreement(*methods, "-o", tmp_path / "out") == 3
    assert "anima" in capsys.readouterr().err


def test_metrics_of_two_tolerances_are_refused(methods: tuple[Path, Path], tmp_path: Path, capsys: Told) -> None:
    for folder, tolerance in zip(methods, (1.0, 2.0), strict=True):
        write_json(folder / "metrics.json", {"preset": {"name": "sciseg2"}, "tolerance_mm": tolerance})
    assert agreement(*methods, "-o", tmp_path / "out") == 3
    assert "metrics of one tolerance in mm were needed" in capsys.readouterr().err


def test_metrics_that_two_versions_describe_in_other_words_are_compared(
    methods: tuple[Path, Path], tmp_path: Path
) -> None:
    for folder, words in zip(methods, ("both empty 1", "no lesion in R and P 1"), strict=True):
        write_json(folder / "metrics.json", {"preset": {"name": "sciseg2", "empty_masks": {"lesion_f1": words}}})
    assert agreement(*methods, "-o", tmp_path / "out") == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("old",), 2, "two inputs at least"),
        (("old", "old"), 2, "stands twice"),
        (("old", "new", "--names", "x"), 2, "a name for each of 2"),
        (("old", "new", "--names", "x", "x"), 2, "different names"),
        (("old", "nowhere"), 3, "found nothing"),
        (("old", "empty"), 3, "metrics.tsv"),
        (("old", "manual"), 3, "tables of one kind"),
        (("old", "new", "--metrics", "dsc,hausdorff"), 3, "no table has hausdorff"),
        (("old", "new", "--participants", "participants.tsv"), 2, "the inputs hold none"),
        (("old", "new", "--scores", "motor"), 2, "add: --participants"),
        (("--raters", "old"), 2, "two folders at least"),
    ],
)
def test_what_cannot_be_compared_is_said(
    methods: tuple[Path, Path], measured: tuple[Path, Path, Path], tmp_path: Path, capsys: Told,
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, said: str,
) -> None:  # fmt: skip
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    assert agreement(*arguments, "-o", "out") == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_duplicate_case_is_refused_with_exit_3(tmp_path: Path) -> None:
    write_metrics(tmp_path / "a", [{"case": "sub-1", "dsc": 1}] * 2)
    write_metrics(tmp_path / "b", [{"case": "sub-1", "dsc": 1}])
    assert agreement(tmp_path / "a", tmp_path / "b", "-o", tmp_path / "out") == 3


def test_an_answer_in_json_holds_the_tables(methods: tuple[Path, Path], tmp_path: Path, capsys: Told) -> None:
    assert agreement(*methods, "-o", tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["comparison.tsv"]) == 3


def test_fewer_than_six_pairs_are_said_to_be_too_few(tmp_path: Path, capsys: Told) -> None:
    for name, gain in (("a", 0.0), ("b", 0.1)):
        write_metrics(tmp_path / name, [{"case": f"sub-{n}", "dsc": 0.5 + gain + n / 100} for n in range(4)])
    assert agreement(tmp_path / "a", tmp_path / "b", "-o", tmp_path / "out") == 0
    assert "4 of 4 differ, and it takes 6" in capsys.readouterr().out
