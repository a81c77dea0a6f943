import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.frozen import read_frozen
from nnunet_ext.active_learning.pool import read_pool
from nnunet_ext.active_learning.settings import read_settings, write_settings
from nnunet_ext.cli.active.labelled import frozen_now, labelled_dataset
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import read_table
from tests.active_learning.loop import DATASET, Loop

TreeHash = Callable[[Path], str]


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    """A pool without any label."""
    return Loop(tmp_path).write()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Loop(tmp_path_factory.mktemp("labelled")).write().label().root


@pytest.fixture
def labelled(made: Path, tmp_path: Path) -> Loop:
    """The same with a labelled dataset."""
    return Loop(Path(shutil.copytree(made, tmp_path / "loop")))


def test_without_any_label_the_shipped_model_is_the_start_and_nobody_is_tested_on(loop: Loop) -> None:
    code, said = loop.init()
    assert code == 0, said
    settings = read_settings(loop.rounds.settings)
    assert (settings.target, settings.model, settings.dataset) == ("cord-lesion", "cord-lesion", "")
    assert settings.pool == (f"geneva={loop.geneva.root}",)
    model = loop.root / "models" / "cord-lesion" / "plans.json"
    assert loop.begun == {"persons": [], "cases": [], "plans": {"plans.json": sha256(model)}}
    assert [row["case"] for row in read_pool(loop.rounds)] == [f"geneva_sub-g{number}_T2w" for number in range(3)]
    assert f"nnunet_ext active query {loop.rounds.root}" in said
    assert "nobody is tested on" in said


def test_who_is_tested_on_and_the_plans_are_frozen(labelled: Loop) -> None:
    planned = labelled.root / "nnunet" / "preprocessed" / DATASET / "nnUNetPlans.json"
    write_json(planned, {"configurations": {"3d_fullres": {}}})
    write_json(planned.with_name("dataset_fingerprint.json"), {"spacings": []})
    code, said = labelled.init("-d", 501)
    assert code == 0, said
    assert len(labelled.tested) >= 1
    begun = labelled.begun
    assert begun["persons"] == [f"zurich/{subject}" for subject in labelled.tested]
    assert begun["cases"] == [f"zurich_{subject}_T2w" for subject in labelled.tested]
    assert set(begun["plans"]) == {"nnUNetPlans.json", "plans.json"}
    assert begun["plans"]["nnUNetPlans.json"] == sha256(planned)
    assert read_settings(labelled.rounds.settings).dataset == DATASET


def test_a_test_set_that_has_lost_a_case_since_is_found(labelled: Loop) -> None:
    assert labelled.init("-d", 501)[0] == 0
    settings, frozen = read_settings(labelled.rounds.settings), read_frozen(labelled.rounds)
    with labelled.environment():
        frozen.refuse_changed(frozen_now(settings, labelled_dataset(DATASET)))
        table = labelled.dataset.folder / "cases.tsv"
        case = frozen.cases[0]
        rows = [line.replace("\ttest\t", "\ttrain\t") if line.startswith(case) else line for line in lines_of(table)]
        table.write_text("".join(rows))
        for kind in ("images", "labels"):
            for file in (labelled.dataset.folder / f"{kind}Ts").glob(f"{case}*"):
                file.rename(labelled.dataset.folder / f"{kind}Tr" / file.name)
        with pytest.raises(ConflictError, match=f"does not test on {case} any more"):
            frozen.refuse_changed(frozen_now(settings, labelled_dataset(DATASET)))


def lines_of(table: Path) -> list[str]:
    return table.read_text().splitlines(keepends=True)


def test_what_was_given_stands_in_the_file(loop: Loop) -> None:
    arguments = "--budget 4 --strategy entropy --shares lesion=0.5 random=0.5 --most-per-site 0.25 --raters anna ben"
    more = "--every-rater --seed 7 --consensus staple --lesion-outside-cord clip --start scratch --epochs 20 -m cord"
    code, said = loop.init(*arguments.split(), *more.split(), "--target", "cord", "--tested-in-pool", "skip")
    assert code == 0, said
    settings = read_settings(loop.rounds.settings)
    assert (settings.budget, settings.strategy, settings.seed, settings.raters) == (4, "entropy", 7, ("anna", "ben"))
    assert vars(settings.shares) == {"lesion": 0.5, "cord": 0.0, "random": 0.5, "healthy": 0.0}
    assert (settings.every_rater, settings.consensus, settings.lesion_outside_cord) == (True, "staple", "clip")
    assert (settings.full_trainer, settings.model) == ("nnUNetTrainerSCI_20epochs", "cord")


def test_the_same_arguments_again_change_nothing(labelled: Loop, tree_hash: TreeHash) -> None:
    arguments = ("-d", 501, "--budget", 4)
    assert labelled.init(*arguments)[0] == 0
    before = tree_hash(labelled.rounds.root)
    again = labelled.init(*arguments)
    assert again[0] == 0
    labelled.geneva.image("sub-new_T2w")
    assert labelled.init(*arguments) == again
    assert tree_hash(labelled.rounds.root) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--budget 5", "budget is 4, and 5 was asked for; edit budget in that file"),
        ("--seed 1", "seed is 42, and 1 was asked for"),
        ("--raters anna", "raters is nobody, and anna was asked for"),
        ("--shares lesion=1", "shares is lesion=0.3 cord=0.3 random=0.3 healthy=0.1, and lesion=1 cord=0"),
        ("--target cord", "target is cord-lesion, and cord was asked for"),
    ],
)
def test_other_arguments_are_a_conflict_that_names_key_and_cure(
    loop: Loop, tree_hash: TreeHash, arguments: str, said: str
) -> None:
    assert loop.init("--budget", 4)[0] == 0
    before = tree_hash(loop.rounds.root)
    code, answer = loop.init(*arguments.split())
    assert code == 5
    assert f"{loop.rounds.settings}: {said}" in answer
    assert tree_hash(loop.rounds.root) == before


def test_a_setting_that_a_person_edited_stays_as_it_is(loop: Loop) -> None:
    assert loop.init()[0] == 0
    edited = replace(read_settings(loop.rounds.settings), budget=3)
    write_settings(loop.rounds.settings, edited)
    assert loop.init()[0] == 0
    assert read_settings(loop.rounds.settings) == edited
    loop.rounds.settings.write_text(loop.rounds.settings.read_text().replace("budget = 3", "budget = 0"))
    code, said = loop.init()
    assert code == 3
    assert re.search(r"active\.toml: line \d+: budget needs a whole number of 1 or more, found 0", said)


def test_a_pool_subject_who_is_tested_on_is_refused_by_name_and_nothing_is_left(labelled: Loop) -> None:
    subject = labelled.tested[0]
    labelled.zurich.image(f"{subject}_ses-2_T2w")
    code, said = labelled.init(labelled.zurich.root, "-d", 501)
    assert code == 3
    assert f"1 of those who are tested on: {subject} of zurich;" in said
    assert "tested_in_pool" in said
    assert not labelled.rounds.root.exists()


def test_a_person_who_is_tested_on_is_known_under_another_name_by_the_image(labelled: Loop) -> None:
    subject = labelled.tested[0]
    image = labelled.zurich.root / subject / "anat" / f"{subject}_T2w.nii.gz"
    shutil.copy(image, labelled.geneva.image("sub-anon_T2w"))
    labelled.geneva.image("sub-anon_ses-2_T2w")
    code, said = labelled.init("-d", 501)
    assert code == 3
    assert f"sub-anon of geneva ({subject} of zurich)" in said


def test_who_is_tested_on_can_be_left_out_of_the_pool_with_the_reason(labelled: Loop) -> None:
    subject = labelled.tested[0]
    labelled.zurich.image(f"{subject}_ses-2_T2w")
    code, said = labelled.init(labelled.zurich.root, "-d", 501, "--tested-in-pool", "skip")
    assert code == 0, said
    left_out = {row["case"]: row["reason"] for row in read_table(labelled.rounds.left_out)}
    assert left_out[f"zurich_{subject}_ses-2_T2w"].startswith("its patient is tested on")
    assert left_out[f"zurich_{subject}_T2w"] == "the dataset has it already, with its label"
    assert {row["dataset"] for row in read_pool(labelled.rounds)} == {"geneva"}
    assert len(left_out) == 7


def test_a_second_image_of_somebody_who_is_trained_on_may_be_asked_for(labelled: Loop) -> None:
    (trained, *_) = sorted({row["subject"] for row in labelled.cases} - set(labelled.tested))
    labelled.zurich.image(f"{trained}_ses-2_T2w")
    code, said = labelled.init(labelled.zurich.root, "-d", 501)
    assert code == 0, said
    assert f"zurich_{trained}_ses-2_T2w" in {row["case"] for row in read_pool(labelled.rounds)}


def test_an_image_without_its_content_is_left_out_with_the_reason(loop: Loop) -> None:
    image = loop.geneva.image("sub-g1_T2w")
    image.unlink()
    image.symlink_to(loop.root / "nowhere")
    (loop.geneva.root / "sub-g2" / "anat" / "sub-g2 (copy)_T2w.nii.gz").write_bytes(b"")
    code, said = loop.init()
    assert code == 0, said
    reasons = [row["reason"] for row in read_table(loop.rounds.left_out)]
    assert len(reasons) == 2
    assert any("content not downloaded" in reason for reason in reasons)
    assert any("not a BIDS file name" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["-d", "7"], 3, "one dataset of this number, name or folder was needed"),
        (["-m", "none"], 4, "a trained model's folder was needed"),
        (["-m", "cord"], 2, "a model of sc, lesion was needed, as target cord-lesion says, found one of sc"),
        (["--target", "tumor"], 2, "no model for target tumor comes with nnunet_ext"),
        (["--target", "none.toml"], 2, "a target was needed"),
        (["--budget", "0"], 2, "budget needs a whole number of 1 or more, found 0"),
        (["--shares", "lesion=most"], 2, "--shares needs NAME=SHARE with numbers, found lesion=most"),
        (["--shares", "lesion=0.5"], 2, "shares needs shares that are 1 together"),
        (["--pool", "none"], 3, "the folder of the pool none was needed, and is not there"),
    ],
)
def test_what_cannot_be_begun_leaves_nothing(loop: Loop, arguments: list[str], code: int, said: str) -> None:
    answered, answer = loop.init(*arguments)
    assert (answered, said in answer) == (code, True), answer
    assert not loop.rounds.root.exists()


def test_images_to_ask_for_are_needed(loop: Loop) -> None:
    code, said = loop.call("active", "init", loop.rounds.root)
    assert (code, "--pool [NAME=]BIDS" in said) == (2, True)


def test_a_dataset_of_another_target_is_a_conflict(labelled: Loop) -> None:
    code, said = labelled.init("-d", 501, "--target", "cord")
    assert (code, "its target is cord-lesion, and cord was asked for" in said) == (5, True)


def test_of_several_models_of_the_dataset_one_must_be_named(labelled: Loop) -> None:
    results = labelled.root / "nnunet" / "results" / DATASET
    names = [f"nnUNetTrainer{part}__nnUNetPlans__3d_fullres" for part in ("", "SCI")]
    shutil.copytree(labelled.root / "models" / "cord-lesion", results / names[1])
    code, said = labelled.init("-d", 501, "--json")
    assert (code, json.loads(said.splitlines()[-1])["model"]) == (0, f"{DATASET}/{names[1]}")
    shutil.rmtree(labelled.rounds.root)
    shutil.copytree(labelled.root / "models" / "cord-lesion", results / names[0])
    code, said = labelled.init("-d", 501)
    assert (code, all(f"{DATASET}/{name}" in said for name in names)) == (2, True)


def test_a_folder_with_files_of_others_is_a_conflict(loop: Loop) -> None:
    loop.rounds.root.mkdir()
    (loop.rounds.root / "thesis.docx").touch()
    code, said = loop.init()
    assert (code, "found thesis.docx" in said) == (5, True)
    assert [entry.name for entry in loop.rounds.root.iterdir()] == ["thesis.docx"]


def test_a_loop_inside_its_pool_is_refused(loop: Loop, tree_hash: TreeHash) -> None:
    before = tree_hash(loop.geneva.root)
    code, said = loop.call("active", "init", loop.geneva.root / "rounds", "--pool", loop.geneva.root)
    assert (code, "which is only ever read" in said) == (2, True)
    assert tree_hash(loop.geneva.root) == before


def test_while_another_process_holds_the_loop_it_is_not_begun(loop: Loop) -> None:
    with claim(loop.rounds):
        code, said = loop.init()
    assert (code, f"process {os.getpid()}" in said) == (5, True)
    assert not loop.rounds.settings.exists()


def test_settings_that_were_deleted_are_written_again_and_what_was_frozen_stays(labelled: Loop) -> None:
    assert labelled.init("-d", 501)[0] == 0
    begun, settings = labelled.begun, labelled.rounds.settings.read_bytes()
    labelled.rounds.settings.unlink()
    assert labelled.init("-d", 501)[0] == 0
    assert (labelled.begun, labelled.rounds.settings.read_bytes()) == (begun, settings)


def test_a_folder_of_the_pool_is_read_by_a_profile_of_its_own(loop: Loop) -> None:
    loop.geneva.image("sub-g0_STIR")
    mine = loop.root / "mine.toml"
    write_text(mine, 'name = "mine"\nextends = "auto"\n[images]\nsuffixes = ["STIR"]\n')
    code, said = loop.init("--profile", f"geneva={mine}", "--rounds", 3)
    assert code == 0, said
    settings = read_settings(loop.rounds.settings)
    assert (settings.profiles, settings.rounds) == ((f"geneva={mine}",), 3)
    assert [row["case"] for row in read_pool(loop.rounds)] == ["geneva_sub-g0_STIR"]
    loop.geneva.image("sub-g1_STIR")
    assert loop.status()["new_in_pool"] == 1
    code, said = Loop(loop.root).call(
        "active", "init", loop.root / "other", "--pool", loop.geneva.root, "--profile", "no"
    )
    assert (code, "no" in said) == (2, True)
