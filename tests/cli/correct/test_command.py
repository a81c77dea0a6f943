import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.tables import read_table
from tests.cli.correct.desk_process import desk_process
from tests.conftest import SmallBids

TreeHash = Callable[[Path], str]
MASK = Path("derivatives") / "labels" / "sub-1" / "anat" / "sub-1_T2w_label-lesion_seg.nii.gz"


@pytest.fixture
def lab(tmp_path: Path) -> SmallBids:
    """A lab's dataset of two patients."""
    lab = SmallBids(tmp_path / "lab")
    for number in (1, 2):
        lab.case(f"sub-{number}_T2w")
    return lab


def drawn(lab: SmallBids) -> dict[str, np.ndarray]:
    """Give the masks of the first case, with one voxel of lesion more."""
    masks = {
        region: read_mask(lab.root / str(MASK).replace("lesion", name)).data > 0
        for region, name in (("sc", "SC"), ("lesion", "lesion"))
    }
    masks["lesion"][9, 11, 10] = True
    return masks


def test_a_mask_is_corrected_beside_its_folder_which_stays_as_it_is(lab: SmallBids, tree_hash: TreeHash) -> None:
    before, out = tree_hash(lab.root), lab.root.with_name("lab-corrected")
    with desk_process("correct", lab.root, "--no-browser", "--rater", "ann") as desk:
        tab = desk.tab
        page = tab.get("").content.decode()
        asked = re.findall(r'(?:src|href)="(static/[^"]+)"', page)
        assert asked
        assert {name: tab.get(name).status for name in asked} == dict.fromkeys(asked, 200)
        assert [case["name"] for case in tab.get("queue").json["cases"]] == ["sub-1_T2w", "sub-2_T2w"]
        assert tab.open().status == 200
        assert tab.save(drawn(lab)).json["action"] == "edit"
        code, said, warned = desk.interrupt()
    assert (code, warned) == (0, "")
    assert "ended: 1 of 2 cases are saved, 0.0 minutes" in said
    assert f"next: nnunet_ext evaluate {out} {lab.root} -o {out}-scores" in said
    assert np.array_equal(read_mask(out / MASK).data > 0, drawn(lab)["lesion"])
    assert tree_hash(lab.root) == before
    assert json.loads((out / "dataset_description.json").read_text())["DatasetType"] == "derivative"
    assert [row["action"] for row in read_table(out / "marks.tsv")] == ["accept", "edit"]
    assert [(row["case"], row["rater"]) for row in read_table(out / "effort.tsv")] == [("sub-1_T2w", "ann")]
    told = main(["evaluate", str(out), str(lab.root), "-o", str(lab.root.with_name("scores"))])
    assert told == 3  # the case that was not corrected has no reference
    rows = read_table(lab.root.with_name("scores") / "metrics.tsv")
    assert next(row.number("dsc") for row in rows if row["region"] == "lesion") == pytest.approx(24 / 25)
    scores = lab.root.with_name("scores")
    with desk_process("correct", lab.root, "--no-browser", "--rater", "ann", "--scores", scores) as desk:
        cases = desk.tab.get("queue").json["cases"]
        assert [(case["name"], case["state"], case["score"]) for case in cases] == [
            ("sub-2_T2w", "open", ""), ("sub-1_T2w", "saved", "0.96"),
        ]  # fmt: skip
        assert cases[1]["reason"] == "lesion Dice 0.96, cord Dice 1.00"
        assert desk.tab.post("end", {}).status == 200
        code, said, _ = desk.ended()
    assert (code, "all is done: 1 of 2" in said) == (0, True)


def test_the_browser_is_opened_where_there_is_one_and_the_address_printed_all_the_same(
    lab: SmallBids, tmp_path: Path
) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    os.mkfifo(opened)
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    with desk_process("correct", lab.root, BROWSER=str(browser)) as desk:
        assert opened.read_text().strip() == desk.address  # waits for the browser to write
        assert desk.interrupt()[0] == 0


def test_without_a_display_the_way_to_the_page_is_printed_and_a_port_that_is_taken_is_told_with_4(
    lab: SmallBids, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk_process("correct", lab.root) as desk:
        port = desk.address.split("/")[2].partition(":")[2]
        assert main(["correct", str(lab.root), "--no-browser", "--port", port]) == 4
        assert f"127.0.0.1:{port}" in capsys.readouterr().err
        code, said, _ = desk.interrupt()
    assert code == 0
    assert "no display here" in said
    assert f"ssh -L {port}:127.0.0.1:{port}" in said


def test_it_ends_by_itself_when_nobody_uses_it(lab: SmallBids) -> None:
    with desk_process("correct", lab.root, "--no-browser", "--idle", "0.001") as desk:
        code, said, _ = desk.ended()
    assert code == 0
    assert "ended, as nobody used it: 0 of 2" in said
    assert said.endswith(f"next: nnunet_ext correct {lab.root}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "mri7"], "--host needs --i-know"),
        (["--i-know"], "--i-know needs --host NAME"),
        (["--host", "::", "--i-know"], "found ::, which means all"),
        (["--port", "70000"], "--port: a number from 0 to 65535"),
        (["--idle", "0"], "--idle: minutes above 0"),
    ],
)
def test_options_that_cannot_be_are_usage_errors(
    lab: SmallBids, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["correct", str(lab.root), *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not lab.root.with_name("lab-corrected").exists()


def test_other_machines_are_warned_of_and_this_one_is_not(lab: SmallBids) -> None:
    with desk_process("correct", lab.root, "--no-browser", "--host", "127.0.0.2", "--i-know") as desk:
        assert desk.address.startswith("http://127.0.0.2:")
        assert desk.tab.get("queue").status == 200
        assert desk.interrupt()[2] == ""


def test_a_name_that_other_machines_may_ask_is_warned_of(lab: SmallBids) -> None:
    with desk_process("correct", lab.root, "--no-browser", "--host", "127.1", "--i-know") as desk:
        assert desk.tab.get("queue").status == 200
        code, _, warned = desk.interrupt()
    assert code == 0
    assert "warning: other machines can ask 127.1: whoever learns the address below sees the images" in warned


def test_a_cluster_that_takes_the_machine_away_leaves_what_was_saved(lab: SmallBids) -> None:
    with desk_process("correct", lab.root, "--no-browser") as desk:
        desk.open()
        desk.tab.save(drawn(lab))
        desk.process.terminate()
        assert desk.ended()[0] == 143
    assert np.array_equal(read_mask(lab.root.with_name("lab-corrected") / MASK).data > 0, drawn(lab)["lesion"])


def test_nothing_to_correct_says_what_was_needed_and_what_to_type_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["correct", str(tmp_path / "empty")]) == 3
    said = capsys.readouterr().err
    assert "images with masks of sc, lesion were needed" in said
    assert f"nnunet_ext correct {tmp_path / 'empty'} --images DIR" in said
    assert main(["correct", str(tmp_path / "nowhere")]) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
