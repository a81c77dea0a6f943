import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.exchange.sent_masks import read_sent
from nnunet_ext.active_learning.frozen import FROZEN, read_frozen
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.loop_dataset import MADE, dataset_of
from nnunet_ext.active_learning.pool import read_pool
from nnunet_ext.active_learning.round_state import TRAINED
from nnunet_ext.active_learning.settings import read_settings
from nnunet_ext.core.atomic import write_bytes, write_json
from nnunet_ext.core.dataset_files.folds import read_folds
from nnunet_ext.core.hold import heritable_hold
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import read_table
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.models.default_card import DefaultCard, read_card, write_card
from nnunet_ext.models.load import load_model
from nnunet_ext.trainers.spine_plan import read_spine_plan
from tests.active_learning.loop import DATASET, Loop
from tests.active_learning.trained_loop import train, write_first_model
from tests.conftest import SmallBids
from tests.kills.dying import run_apart

CASES = [f"geneva_sub-g{number}_T2w" for number in range(3)]
TABLES = ("matrix.tsv", "forgetting.tsv", "round-001/test_scores.tsv", "round-001/test_lesions.tsv")


def events(loop: Loop) -> list[str]:
    return [entry.event for entry in Journal(loop.rounds.journal).entries()]


def with_rounds(loop: Loop, folder: Path) -> Loop:
    """Copy all that a loop is and has made; what it reads stays where it is."""
    for name in ("rounds", "nnunet"):
        shutil.copytree(loop.root / name, folder / name)
    return Loop(folder)


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """A labelled loop whose first round is back: two cases that are right, and one that is no good."""
    loop = Loop(tmp_path_factory.mktemp("loop")).write().label()
    model = write_first_model(loop.root / "first")
    code, said = loop.init("-d", 501, "-m", model, "--epochs", 1)
    assert code == 0, said
    loop.hand_out()
    said_of = dict(zip(CASES, ("accept", "accept", "reject"), strict=True))
    loop.mark([{"case": case, "action": action} for case, action in said_of.items()])
    return loop


@pytest.fixture(scope="module")
def trained(taken_in: Loop, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    loop = with_rounds(taken_in, tmp_path_factory.mktemp("trained"))
    code, said = train(loop)
    assert code == 0, said
    return loop


def test_a_round_ends_in_a_model_that_loads_and_in_figures_for_every_site(trained: Loop, taken_in: Loop) -> None:
    one = trained.rounds.round(1)
    model = load_model(one.model)
    assert (model.trainer, [fold.name for fold in model.folds]) == ("nnUNetTrainerSCIActive_1epochs", ["0"])
    first = load_model(taken_in.root / "first")
    log = (one.model / "fold_0").glob("training_log_*.txt")
    assert any("Warm start from fold_0/checkpoint_final.pth" in file.read_text() for file in log)
    about = read_json_object(one.trained)
    assert about["weights"] == {"0": first.folds[0].sha256}
    assert (about["cases_new"], about["new_cases"], about["epochs"]) == (2, CASES[:2], 1)
    assert about["cases_old"] + about["cases_tested"] == 6
    tested = [row["case"] for row in trained.cases if row["split"] == "test"]
    rows = read_table(one.test_scores)
    assert sorted({row["case"] for row in rows}) == sorted(tested)
    matrix = read_table(trained.rounds.matrix)
    assert [(row["round"], row["site"]) for row in matrix] == [
        ("0", "zurich"), ("0", "all"), ("1", "zurich"), ("1", "all"),
    ]  # fmt: skip
    cord = [float(row["dice"]) for row in rows if row["region"] == "sc"]
    assert float(matrix[-1]["cord_dice"]) == pytest.approx(np.mean(cord))
    assert [row["site"] for row in read_table(trained.rounds.forgetting)] == ["zurich", "all"]
    assert not one.training.exists()


def test_only_new_cases_are_preprocessed_and_drawn_as_new_and_validation_cases_stay(
    trained: Loop, taken_in: Loop
) -> None:
    before, after = read_folds(taken_in.dataset.folder), read_folds(trained.dataset.folder)
    for old, new in zip(before, after, strict=True):
        assert set(new["val"]) - set(CASES) == set(old["val"])
        assert set(new["train"]) - set(CASES) == set(old["train"])
    assert {case for fold in after for case in fold["val"]} >= set(CASES[:2])
    folder = trained.root / "nnunet" / "preprocessed" / DATASET
    plan = read_spine_plan(folder)
    assert plan is not None
    assert plan.new_cases == tuple(CASES[:2])
    rows = {row["case"]: row for row in trained.cases}
    assert {rows[case]["split_by"] for case in CASES[:2]} == {"correction loop, round 1"}
    assert CASES[2] not in rows
    assert rows[CASES[0]]["label"].startswith("round-001/corrected/geneva/")


def test_a_second_call_changes_nothing_and_says_what_comes_next(trained: Loop) -> None:
    before = {path: sha256(path) for path in trained.rounds.root.rglob("*") if path.is_file()}
    code, said = train(trained, "--json")
    told = json.loads(said)
    assert (code, told["new"], told["round"]) == (0, False, 1)
    assert before == {path: sha256(path) for path in trained.rounds.root.rglob("*") if path.is_file()}
    status = trained.status()
    assert (status["stage"], status["problems"]) == ("trained", [])
    assert status["next"] == told["next"] == f"nnunet_ext active query {trained.rounds.root}"


def test_the_next_round_goes_on_from_the_model_and_preprocesses_what_is_new_alone(
    taken_in: Loop, trained: Loop, tmp_path: Path, one_thread: None
) -> None:
    loop = with_rounds(trained, tmp_path)
    image, case = taken_in.geneva.image("sub-g9_T2w"), "geneva_sub-g9_T2w"
    code, said = loop.call("active", "query", loop.rounds.root, "-device", "cpu")
    assert code == 0, said
    (row,) = read_table(loop.rounds.round(2).scores)
    first = read_json_object(loop.rounds.round(1).trained)
    assert (row["case"], row["model_sha256"]) == (case, first["model_sha256"])
    drawn, to_correct = SmallBids(tmp_path / "drawn").labels("sub-g9_T2w"), loop.rounds.round(2).to_correct
    for mask in read_sent(to_correct):
        shutil.copyfile(drawn[mask.region], to_correct / mask.copy)
    loop.mark([], 2)
    folder = loop.root / "nnunet" / "preprocessed" / DATASET
    before = {file.name: file.stat().st_mtime_ns for file in (folder / "nnUNetPlans_tiny").iterdir()}
    code, said = train(loop)
    image.unlink()
    assert code == 0, said
    after = {file.name: file.stat().st_mtime_ns for file in (folder / "nnUNetPlans_tiny").iterdir()}
    assert {name.split(".")[0].removesuffix("_seg") for name in set(after) - set(before)} == {case}
    assert {name: after[name] for name in before} == before
    second = read_json_object(loop.rounds.round(2).trained)
    assert second["weights"] == {"0": first["model_sha256"]}
    assert (second["new_cases"], second["cases_old"]) == ([case], first["cases_old"] + 2)
    assert [row["round"] for row in read_table(loop.rounds.matrix)] == ["0", "0", "1", "1", "2", "2"]
    assert {row["rounds"] for row in read_table(loop.rounds.forgetting)} == {"3"}
    assert loop.status()["problems"] == []


def test_a_conversion_of_the_pool_leaves_what_people_corrected(taken_in: Loop, trained: Loop, tmp_path: Path) -> None:
    loop = with_rounds(trained, tmp_path)
    before = {row["case"]: dict(row) for row in loop.cases}
    taken_in.geneva.labels("sub-g0_T2w", lesion=False)
    code, said = loop.call("convert", taken_in.geneva.root, "-d", 501, "-n", "Cord", "--pictures", 0, "--update")
    shutil.rmtree(taken_in.geneva.root / "derivatives")
    assert code == 3
    assert "1 of 9 images were refused" in said
    after = {row["case"]: dict(row) for row in loop.cases}
    assert {case: after[case] for case in before} == before


def test_killed_anywhere_the_same_call_ends_in_the_same_tables(
    taken_in: Loop, trained: Loop, tmp_path: Path, one_thread: None
) -> None:
    loop = with_rounds(taken_in, tmp_path)

    def dying(at: str) -> Callable[[], int]:
        def die(name: str, arguments: tuple[object, ...]) -> None:
            if name == "os.rename" and str(arguments[1]).endswith(at):
                os.kill(os.getpid(), signal.SIGKILL)

        def work() -> int:
            sys.addaudithook(die)
            return train(loop)[0]

        return work

    model = "round-001/model"
    for at in (f"raw/{DATASET}", "nnUNetPlans_tiny", "__tiny/made_from.json", model, "test_scores.tsv", "train.json"):
        ended = run_apart(dying(at), loop.rounds.root, {}, seconds=600)  # on a busy machine
        assert ended.code == -9, (at, ended.said)
        if at.endswith("made_from.json"):  # nnU-Net itself outlives who started it, for some seconds
            with heritable_hold(loop.rounds.round(1).training / ".held"):
                code, said = train(loop)
            assert code == 5, said
            assert "nnU-Net is still training there" in said
        if at == model:  # as if the training itself had been killed, too
            (fold,) = loop.rounds.round(1).training.rglob("fold_0")
            (fold / "checkpoint_final.pth").rename(fold / "checkpoint_latest.pth")
            shutil.rmtree(fold / "validation")
    code, said = train(loop)
    assert code == 0, said
    for name in TABLES:
        assert (loop.rounds.root / name).read_text() == (trained.rounds.root / name).read_text(), name
    assert events(loop) == events(trained)
    assert "--c" in (loop.rounds.round(1).folder / "train.log").read_text()
    assert loop.status()["problems"] == []


def test_what_was_changed_since_people_saw_it_is_refused(taken_in: Loop, tmp_path: Path) -> None:
    loop = with_rounds(taken_in, tmp_path)
    image = taken_in.geneva.root / "sub-g0" / "anat" / "sub-g0_T2w.nii.gz"
    kept = image.read_bytes()
    write_bytes(image, taken_in.zurich.image("sub-0_T2w").read_bytes())
    try:
        code, said = train(loop)
    finally:
        write_bytes(image, kept)
    assert code == 3
    assert f"{CASES[0]}: sub-g0/anat/sub-g0_T2w.nii.gz: changed on the disk" in said
    plans = taken_in.root / "first" / "plans.json"
    kept = plans.read_bytes()
    write_json(plans, {**json.loads(kept), "note": "edited"})
    try:
        code, said = train(loop)
    finally:
        write_bytes(plans, kept)
    assert code == 5
    assert "plans.json were changed since init froze them" in said
    assert events(loop) == events(taken_in)


def test_a_round_that_is_not_back_is_refused_and_so_is_a_second_process(taken_in: Loop, tmp_path: Path) -> None:
    loop = with_rounds(taken_in, tmp_path)
    loop.mark([{"case": CASES[0], "action": "accept"}])
    code, said = train(loop)
    assert code == 5
    assert "2 of the one rater; take it in: nnunet_ext active ingest" in said
    assert "--without-the-rest" in said
    loop.rounds.round(1).ingest.unlink()
    code, said = train(loop)
    assert code == 2
    assert "nothing of round 1 was taken in yet" in said
    with claim(loop.rounds):
        code, said = train(loop)
    assert code == 5
    assert f"process {os.getpid()}" in said


def test_a_lab_without_labels_gets_a_dataset_a_test_set_and_a_model(tmp_path: Path) -> None:
    loop, first = Loop(tmp_path).write(), write_first_model(tmp_path / "first")
    write_card(first, DefaultCard("first", "cord and lesions", "Made up", ("T2w",), continued_mm=5.0))
    code, said = loop.init("-m", first, "--epochs", 1)
    assert code == 0, said
    loop.hand_out()
    partly = {"action": "accept", "region": "lesion", "slices": "4-6"}
    loop.mark([{"case": case, "action": "accept"} for case in CASES[:2]] + [{"case": CASES[2], **partly}])
    code, said = train(loop)
    assert code == 0, said
    name = dataset_of(loop.rounds, read_settings(loop.rounds.settings))
    assert name == "Dataset501_CordLesionLoop"
    rows = {row["case"]: row for row in read_cases(loop.root / "nnunet" / "raw" / name)}
    assert sorted(rows) == sorted(row["case"] for row in read_pool(loop.rounds))
    tested = [case for case, row in rows.items() if row["split"] == "test"]
    assert read_frozen(loop.rounds).cases == tuple(tested)
    assert len(tested) == 1
    assert [event for event in events(loop) if event in (MADE, FROZEN, TRAINED)] == [MADE, FROZEN, TRAINED]
    assert "favours the model that predicted" in said
    raw = loop.root / "nnunet" / "raw" / name
    labels = read_mask(raw / ("labelsTs" if CASES[2] in tested else "labelsTr") / f"{CASES[2]}.nii.gz").data
    assert set(np.unique(labels)) == {2, 3}
    assert read_json_object(raw / "dataset.json")["labels"]["ignore"] == 3
    assert rows[CASES[2]]["not_annotated"] == "sc;lesion"
    assert loop.status()["tested_cases"] == 1
    assert load_model(loop.rounds.round(1).model).trainer == "nnUNetTrainerSCIActive_1epochs"
    card = read_card(loop.rounds.round(1).model)
    assert card is not None
    assert (card.name, card.contrasts, card.continued_mm) == ("first-round-1", ("any",), 5.0)
    assert "from first" in card.warning
    late, new = loop.geneva.image(f"{rows[tested[0]]['subject']}_acq-late_T2w"), loop.geneva.image("sub-g9_T2w")
    code, said = loop.call("active", "query", loop.rounds.root, "-device", "cpu")
    assert code == 0, said
    assert [row["image"] for row in read_table(loop.rounds.round(2).query)] == [f"sub-g9/anat/{new.name}"]
    assert any(late.name in row["image"] for row in read_table(loop.rounds.left_out))
