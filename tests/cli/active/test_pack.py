import json
import shutil
import zipfile
from pathlib import Path

import pytest

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.exchange.sent_masks import read_sent
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.pool import read_pool
from nnunet_ext.active_learning.round_state import EXCHANGED, QUERIED
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import table_text
from nnunet_ext.core.target import load_target
from tests.active_learning.loop import Loop
from tests.cli.correct.desk_process import desk_process
from tests.conftest import SmallBids


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    """A loop of one rater, who was given all three cases of the pool."""
    loop = Loop(tmp_path).write()
    code, said = loop.init("--raters", "anna")
    assert code == 0, said
    predicted, one = SmallBids(tmp_path / "predicted"), loop.rounds.round(1)
    rows = [{**row, "rater": "anna"} for row in read_pool(loop.rounds)]
    write_text(one.query, table_text(rows, list(rows[0])))
    masks = [predicted.labels(Path(row["image"]).name.removesuffix(".nii.gz")) for row in rows]
    chosen = [ChosenCase.of_row(row, loop.geneva.root, own) for row, own in zip(rows, masks, strict=True)]
    write_exchange(one.to_correct, chosen, ExchangeSettings(load_target("cord-lesion")), {"geneva": loop.geneva.root})
    for event in (QUERIED, EXCHANGED):
        Journal(loop.rounds.journal).append(event, {"round": 1})
    return loop


def test_a_rater_s_cases_go_to_another_site_and_what_was_corrected_there_is_ingested(
    loop: Loop, tmp_path: Path
) -> None:
    write_text(loop.rounds.round(1).probability("geneva_sub-g0_T2w", "lesion"), "stays at home")
    code, said = loop.call("active", "pack", loop.rounds.root, tmp_path / "sent.zip", "--rater", "anna")
    assert code == 0, said
    assert "3 cases of round 1" in said
    assert "faces may be seen" in said
    with zipfile.ZipFile(tmp_path / "sent.zip") as opened:
        assert not [name for name in opened.namelist() if "sub-g" in name or "probabilit" in name]
        opened.extractall(tmp_path / "there")
    masks = sorted((tmp_path / "there").rglob("*_label-lesion_seg.nii.gz"))
    mask = read_mask(masks[0])
    write_mask(masks[0], 0 * mask.data, mask.affine)
    with zipfile.ZipFile(tmp_path / "back.zip", "w") as back:
        for path in masks:
            back.write(path, path.name)
    code, said = loop.call("active", "unpack", loop.rounds.root, tmp_path / "back.zip", "--rater", "anna", "--json")
    told = json.loads(said)
    assert (code, told["placed"], told["unchanged"], told["refused"]) == (0, 1, 2, 0)
    to_correct = loop.rounds.round(1).to_correct
    (copy,) = told["files"]
    assert copy in {sent.copy for sent in read_sent(to_correct) if sent.region == "lesion"}
    assert not read_mask(to_correct / copy).data.any()
    assert told["next"] == f"nnunet_ext active ingest {loop.rounds.root}"


def test_what_another_site_corrects_in_its_browser_comes_back_as_it_was_drawn(loop: Loop, tmp_path: Path) -> None:
    code, said = loop.call("active", "pack", loop.rounds.root, tmp_path / "sent.zip", "--rater", "anna")
    assert code == 0, said
    with zipfile.ZipFile(tmp_path / "sent.zip") as opened:
        opened.extractall(tmp_path / "there")
    with desk_process("correct", tmp_path / "there" / "to_correct", "--no-browser") as desk:
        masks = desk.open()
        masks["lesion"][9, 11, 10] = True
        assert desk.tab.save(masks).json["action"] == "edit"
        for number in (2, 3):
            assert desk.tab.save(desk.open(number), "accept", number).json["action"] == "accept"
        assert desk.interrupt()[0] == 0
    back = shutil.make_archive(str(tmp_path / "back"), "zip", tmp_path / "there" / "to_correct-corrected")
    code, said = loop.call("active", "unpack", loop.rounds.root, back, "--rater", "anna")
    assert code == 0, said
    code, said = loop.call("active", "ingest", loop.rounds.root)
    assert code == 0, said
    assert "2 accepted, 1 edited, 0 rejected, 0 put off, 1 voxels changed" in said


def test_a_rater_who_was_given_nothing_and_a_round_that_is_not_out_are_usage(loop: Loop, tmp_path: Path) -> None:
    code, said = loop.call("active", "pack", loop.rounds.root, tmp_path / "sent.zip", "--rater", "ben")
    assert code == 2
    assert "cases of the rater 'ben' were needed, found those of anna" in said
    other = Loop(tmp_path / "other").write()
    other.init()
    for action in ("pack", "unpack"):
        code, said = other.call("active", action, other.rounds.root, tmp_path / "sent.zip")
        assert code == 2
        assert f"run: nnunet_ext active query {other.rounds.root}" in said


def test_the_help_says_that_faces_may_be_in_the_images(capsys: pytest.CaptureFixture[str]) -> None:
    from nnunet_ext.cli.main import main

    with pytest.raises(SystemExit, match="0"):
        main(["active", "pack", "--help"])
    assert "faces may be in them" in " ".join(capsys.readouterr().out.split())
