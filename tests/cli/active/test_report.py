import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import read_table, table_text
from nnunet_ext.correction.effort_table import EFFORT_COLUMNS
from tests.report.round.made_loop import WHY, MadeLoop

TreeHash = Callable[[Path], str]
MATRIX = [
    {"round": number, "site": site, "cases": cases, "cord_dice": "0.9", "lesion_dice": lesion, "lesion_f1": "0.5",
     "cord_area_mm2": "71.5"}
    for number, site, cases, lesion in (
        ("0", "all", "4", "0.5"), ("0", "bern", "2", "0.4"), ("1", "all", "4", "0.625"), ("1", "bern", "2", "0.7"),
    )
]  # fmt: skip
FORGETTING = [
    {"site": "all", "rounds": "2", "first": "0.5", "last": "0.625", "gain": "0.125", "best": "0.625",
     "backward_transfer": "-0.02", "cord_area_drift_percent": "1.5", "lesions_newly_found": "3",
     "lesions_newly_lost": "1"}
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return MadeLoop(tmp_path_factory.mktemp("one")).make().root


@pytest.fixture
def loop(made: Path, tmp_path: Path) -> MadeLoop:
    """A loop of one rater without a name, whose first round is with people."""
    loop = MadeLoop(Path(shutil.copytree(made, tmp_path / "loop", symlinks=True)))
    settings = loop.rounds.settings
    settings.write_text(settings.read_text().replace(str(made), str(loop.root)))
    return loop


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> MadeLoop:
    """A loop of two raters, of whom one has edited a case and both have answered all."""
    loop = MadeLoop(tmp_path_factory.mktemp("two"), ("anna", "ben")).make()
    settings = loop.rounds.settings
    settings.write_text(settings.read_text().replace('"majority"', '"adjudicate"'))
    loop.edit("sub-1_T2w", "anna")
    loop.mark({"sub-2_T2w": "pass", "sub-3_T2w": "artifact"}, "anna")
    loop.mark({"sub-1_T2w": "pass", "sub-2_T2w": "pass", "sub-3_T2w": "pass"}, "ben")
    assert main(["active", "ingest", str(loop.rounds.root)]) == 0
    return loop


def report(loop: MadeLoop, *arguments: str, code: int = 0) -> None:
    assert main(["active", "report", str(loop.rounds.root), *arguments]) == code


def text_of(page: Path) -> str:
    """Give what a reader sees, tags taken off."""
    plain = re.sub(r"<(script|style).*?</\1>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", plain).split())


def test_a_round_with_people_shows_what_was_chosen_and_why_and_says_what_is_not_there(loop: MadeLoop) -> None:
    report(loop)
    said = text_of(loop.one.report)
    assert "3 of 3 images that could be asked for, by strategy strata: lesion 3; by site: zurich 3." in said
    assert "One place stays empty." in said
    assert f"Why {WHY}" in said
    assert "to be checked: broken cord" in said
    assert "Nothing was taken in yet" in said
    assert "not trained yet: gain and forgetting come with nnunet_ext active train" in said
    assert "No labelled case was looked at out of fold" in said
    cases = loop.embedded(loop.one.report)
    assert [case["case"] for case in cases] == [f"zurich_sub-{number}_T2w" for number in (1, 2, 3)]
    assert [case["roles"] for case in cases] == [["prediction"]] * 3


def test_the_page_names_no_folder_and_is_the_same_again(loop: MadeLoop) -> None:
    report(loop)
    first = loop.one.report.read_bytes()
    for word in (str(loop.root), loop.root.name, "/tmp", "rounds/"):  # noqa: S108 - the folder that must not be named
        assert word.encode() not in first, word
    report(loop, "--n-procs", "2")
    assert loop.one.report.read_bytes() == first


def test_marks_that_the_page_saves_are_what_ingest_reads(loop: MadeLoop) -> None:
    report(loop)
    said = text_of(loop.one.report)
    assert "✓ Accept a ✎ Edit e ✗ Reject x … Defer d Unmark u" in said
    values = re.findall(r'class="mark \w+" data-mark="(\w+)"', loop.one.report.read_text(encoding="utf-8"))
    assert values == ["pass", "fail", "artifact", "defer"]
    loop.mark(dict(zip(("sub-1_T2w", "sub-2_T2w", "sub-3_T2w"), ("pass", "artifact", "defer"), strict=True)))
    assert main(["active", "ingest", str(loop.rounds.root)]) == 0
    assert [row["action"] for row in read_table(loop.one.ingest)] == ["accept", "reject", "defer"]


def test_what_came_back_stands_with_each_case_and_each_rater(two: MadeLoop) -> None:
    report(two)
    said = text_of(two.one.report)
    assert "Came back anna edited, 1 voxel in 1 slice (sc: as it was given out" in said
    assert "anna 3 1 1 1 0 50% 1 1" in said
    assert "Everybody 6 4 1 1 0 80%" in said
    assert "Lesion anna ben 2 0.980 0.960 Cord anna ben 1 1.000 1.000" in said
    assert "zurich_sub-1_T2w lesion anna ben" in said
    assert "zurich_sub-3_T2w cord ben – rejected by anna, and not by the others" in said


def test_an_edited_mask_is_drawn_beside_the_prediction(loop: MadeLoop) -> None:
    loop.edit("sub-1_T2w")
    loop.mark({"sub-2_T2w": "pass", "sub-3_T2w": "pass"})
    assert main(["active", "ingest", str(loop.rounds.root)]) == 0
    report(loop)
    roles = [case["roles"] for case in loop.embedded(loop.one.report)]
    assert roles == [["reference", "prediction"], ["prediction"], ["prediction"]]
    assert "Accepted unmodified 67%" in text_of(loop.one.report)


def test_a_page_for_a_rater_has_their_cases_alone_and_nothing_of_others(two: MadeLoop) -> None:
    report(two)
    before = two.one.report.read_bytes()
    report(two, "--rater", "ben")
    page = two.folder("ben") / "cases.html"
    said = page.read_text(encoding="utf-8")
    for word in ("anna", "Came back", "adjudicate", "Voxels changed", "Score"):
        assert word not in text_of(page), word
    assert "anna" not in said
    assert [case["roles"] for case in two.embedded(page)] == [["prediction"]] * 3
    assert f"Why {WHY}" in text_of(page)
    assert two.one.report.read_bytes() == before
    assert main(["active", "ingest", str(two.rounds.root)]) == 0  # it is no mask and no mark


def test_somebody_who_was_not_asked_and_a_round_that_is_not_there_are_usage_errors(
    two: MadeLoop, capsys: pytest.CaptureFixture[str]
) -> None:
    report(two, "--rater", "carla", code=2)
    assert "one of those who were asked was needed (anna, ben), found 'carla'" in capsys.readouterr().err
    report(two, "--round", "2", code=2)
    assert f"nnunet_ext active query {two.rounds.root}" in capsys.readouterr().err


def test_gain_forgetting_and_minutes_stand_there_once_the_round_is_trained(loop: MadeLoop) -> None:
    loop.trained(MATRIX, FORGETTING)
    report(loop)
    said = text_of(loop.one.report)
    assert "Lesion Dice 0.625 +0.125 in this round, on the test set" in said
    assert "Site Cases At the start Round 1 Lesion Dice All sites 4 0.500 0.625 bern 2 0.400 0.700 Cord Dice" in said
    assert "All sites 0.500 0.625 0.625 +0.125 -0.020 +1.5 3 1" in said
    assert "Round 1 0 – 0 – 42 0.625 +0.125 0.500 +0.000 –" in said
    assert "favour the model that predicted them" in said
    assert "gain and forgetting come with" not in said


def test_minutes_stand_beside_what_they_brought_for_each_round_and_rater(two: MadeLoop, tmp_path: Path) -> None:
    loop = MadeLoop(Path(shutil.copytree(two.root, tmp_path / "loop", symlinks=True)), ("anna", "ben"))
    for rater, minutes in (("anna", ("2", "4", "n/a")), ("ben", ("3", "3", "3"))):
        rows = [
            {"case": f"zurich_sub-{number}_T2w", "action": "n/a", "minutes": took}
            for number, took in enumerate(minutes, start=1)
        ]
        write_text(loop.folder(rater) / "marks.tsv", table_text(rows, ["case", "action", "minutes"]))
    settings = loop.rounds.settings
    settings.write_text(settings.read_text().replace(str(two.root), str(loop.root)))
    assert main(["active", "ingest", str(loop.rounds.root)]) == 0
    loop.trained([{**row, "lesion_f1": "0.75"} if row["round"] == "1" else row for row in MATRIX], FORGETTING)
    report(loop)
    said = text_of(loop.one.report)
    gains = "0.625 +0.125 0.750 +0.250 +0.500"  # 0.125 of Dice in 15 minutes
    assert f"Round 1 1 15 5 3 42 {gains} anna 6 2 3 ben 9 3 3" in said
    assert re.search(r"anna 3 1 1 1 0 50% 1 1( \d){2} 6 2 3 ", said)


def test_what_the_desk_took_stands_there_by_rater_and_tool(two: MadeLoop, tmp_path: Path) -> None:
    loop = MadeLoop(Path(shutil.copytree(two.root, tmp_path / "loop", symlinks=True)), ("anna", "ben"))
    settings = loop.rounds.settings
    settings.write_text(settings.read_text().replace(str(two.root), str(loop.root)))
    spent = {"anna": (("30", "4", "brush 3; remove 1"), ("90", "2", "n/a")), "ben": (("60", "1", "add 1"),)}
    for rater, cases in spent.items():
        about = {**dict.fromkeys(EFFORT_COLUMNS, "n/a"), "rater": rater, "strokes": "3", "voxels_changed": "40"}
        rows = [
            {**about, "case": f"zurich_sub-{number}_T2w", "seconds": seconds, "clicks": clicks, "tools": tools}
            for number, (seconds, clicks, tools) in enumerate(cases, start=1)
        ]
        write_text(loop.folder(rater) / "effort.tsv", table_text(rows, EFFORT_COLUMNS))
    report(loop)
    said = text_of(loop.one.report)
    assert "anna 2 2 1 3 3 40 brush 3, remove 1 ben 1 1 1 1 3 40 add 1" in said
    assert "Everybody 3 3 1 2.33 3 40 brush 3, remove 1, add 1" in said
    report(loop, "--rater", "ben")
    assert "At the desk" not in text_of(loop.folder("ben") / "cases.html")


def test_suspects_stand_apart_and_those_without_a_reason_are_only_counted(loop: MadeLoop) -> None:
    loop.suspected({"zurich_sub-7_T2w": "the model is sure of 54 mm3 of lesion that the label lacks", "fine": "n/a"})
    report(loop)
    said = text_of(loop.one.report)
    assert "2 labelled cases were predicted by a fold that never saw them; in 1 the model is sure" in said
    assert "zurich_sub-7_T2w north 0 – – 54 – the model is sure of 54 mm3" in said


def test_an_image_that_is_gone_is_named_with_3_and_the_page_stands(
    loop: MadeLoop, capsys: pytest.CaptureFixture[str]
) -> None:
    (loop.pool.root / "sub-2" / "anat" / "sub-2_T2w.nii.gz").unlink()
    code = main(["active", "report", str(loop.rounds.root), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (code, told["cases"], len(told["problems"])) == (3, 3, 1)
    assert "zurich_sub-2_T2w" in told["problems"][0]


def test_a_page_of_a_loop_without_a_round_is_refused(tmp_path: Path) -> None:
    assert main(["active", "report", str(Rounds(tmp_path / "none").root)]) == 2
