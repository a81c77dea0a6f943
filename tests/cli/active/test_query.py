import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.exchange.sent_masks import read_sent
from nnunet_ext.active_learning.ingest.for_training import for_training
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.round_state import BEGUN, EXCHANGED, INGESTED, QUERIED, TRAINED
from nnunet_ext.active_learning.settings import read_settings
from nnunet_ext.active_learning.training.keep_old_labels import keep_old_labels
from nnunet_ext.cli.active.add_corrections import add_corrections
from nnunet_ext.core.atomic import write_bytes, write_json, write_text
from nnunet_ext.core.dataset_files.folds import read_folds
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import TableRow, read_table, table_text
from tests.active_learning.loop import DATASET, Loop
from tests.cascade.prediction.tiny_model import TinyModel
from tests.kills.dying import Death, run_apart
from tests.kills.scenario import differences, tree_of

TreeHash = Callable[[Path], str]


def query(loop: Loop, *arguments: object) -> tuple[int, str]:
    return loop.call("active", "query", loop.rounds.root, "-device", "cpu", *arguments)


def events(loop: Loop) -> list[str]:
    return [entry.event for entry in Journal(loop.rounds.journal).entries()]


def asked(loop: Loop, number: int = 1) -> list[TableRow]:
    return read_table(loop.rounds.round(number).query)


def scored(loop: Loop, number: int = 1) -> list[TableRow]:
    return read_table(loop.rounds.round(number).scores)


def over(loop: Loop, number: int, actions: dict[str, str]) -> None:
    """End a round whose cases came back with these actions, its model being the one that it began with."""
    rows = [{"case": case, "rater": "n/a", "action": action} for case, action in actions.items()]
    write_text(loop.rounds.round(number).ingest, table_text(rows, ["case", "rater", "action"]))
    TinyModel(folds=2).write(loop.rounds.round(number).model)
    for event in (INGESTED, TRAINED):
        Journal(loop.rounds.journal).append(event, {"round": number})


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """A loop that has begun without any label, of four patients, two cases a round."""
    loop = Loop(tmp_path_factory.mktemp("loop")).write().with_networks()
    loop.geneva.image("sub-g3_T1w")
    code, said = loop.init("--budget", 2)
    assert code == 0, said
    return loop


@pytest.fixture
def loop(begun: Loop, one_thread: None) -> Loop:
    """That loop, in its place, as it was when it had begun."""
    kept = begun.root / "kept"
    if not kept.exists():
        shutil.copytree(begun.rounds.root, kept / "rounds")
        shutil.copytree(begun.geneva.root, kept / "geneva")
    for name in ("rounds", "geneva"):
        shutil.rmtree(begun.root / name)
        shutil.copytree(kept / name, begun.root / name)
    return begun


def test_a_query_scores_the_pool_and_lays_out_what_people_are_to_correct(loop: Loop) -> None:
    code, said = query(loop)
    assert code == 0, said
    assert len(said.splitlines()) <= 24
    rows, one = asked(loop), loop.rounds.round(1)
    assert [row["case"] for row in scored(loop)] == [row["case"] for row in read_table(loop.rounds.pool)]
    assert len(rows) == 2
    assert all(row["reason"] for row in rows)
    sent = read_sent(one.to_correct)
    assert {mask.case for mask in sent} == {row["case"] for row in rows}
    assert all((one.to_correct / mask.copy).is_file() for mask in sent)
    assert all((one.to_correct / mask.image).is_symlink() for mask in sent)
    assert "round 1 is out for correction: 2 of 4 cases, by strategy foreground-random" in said
    assert "site       geneva 2" in said
    assert f"folder     {one.to_correct}" in said
    assert f"next       correct in the browser: nnunet_ext active correct {loop.rounds.root}\n" in said
    assert said.splitlines()[-1].endswith(f"then: nnunet_ext active ingest {loop.rounds.root}")
    assert events(loop) == [BEGUN, QUERIED, EXCHANGED]
    status = loop.status()
    assert (status["stage"], status["problems"], status["left"]) == ("correcting", [], {"n/a": 2})


def test_what_the_model_gave_each_voxel_of_the_chosen_cases_stays_at_home_beside_what_people_get(loop: Loop) -> None:
    assert query(loop)[0] == 0
    one = loop.rounds.round(1)
    sent = read_sent(one.to_correct)
    assert {one.probability(mask.case, mask.region) for mask in sent} == set(one.probabilities.iterdir())
    for mask in sent:
        image, given = read_volume(one.to_correct / mask.image), read_volume(one.probability(mask.case, mask.region))
        assert given.forms == image.forms
        assert 0 <= given.data.min() < given.data.max() <= 1
        drawn = read_mask(one.to_correct / mask.predicted).data > 0
        assert given.data[drawn].mean() > given.data[~drawn].mean()
        assert nib.Nifti1Image.from_filename(one.probability(mask.case, mask.region)).get_data_dtype() == np.uint8
    files = Journal(loop.rounds.journal).entries()[-1].fields["files"]
    assert {f"round-001/probabilities/{file.name}" for file in one.probabilities.iterdir()} <= files.keys()
    assert loop.status()["problems"] == []
    shutil.rmtree(one.probabilities)
    assert any("probabilities" in problem for problem in loop.status()["problems"])


def test_a_round_that_was_given_out_without_probabilities_is_finished_without_them(loop: Loop) -> None:
    assert query(loop)[0] == 0
    journal, one = loop.rounds.journal, loop.rounds.round(1)
    shutil.rmtree(one.probabilities)
    write_bytes(journal, b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))  # as if killed before that
    code, said = query(loop)
    assert code == 0, said
    assert loop.status()["problems"] == []
    assert not one.probabilities.exists()


def test_contrasts_that_the_shipped_lesion_model_was_not_trained_for_get_a_cord_of_another_model(loop: Loop) -> None:
    listed = loop.root / "pin.txt"
    write_text(listed, "sub-g3\nsub-g0\n")
    code, said = query(loop, "--pin", listed)
    assert code == 0, said
    by_contrast = {row["contrast"]: row["model_sha256"] for row in scored(loop)}
    assert len(set(by_contrast.values())) == 2
    given: dict[str, list[tuple[str, str]]] = {mask.case: [] for mask in read_sent(loop.rounds.round(1).to_correct)}
    for mask in read_sent(loop.rounds.round(1).to_correct):
        given[mask.case].append((mask.region, mask.model_sha256))
    assert given == {
        "geneva_sub-g0_T2w": [("sc", by_contrast["T2w"]), ("lesion", by_contrast["T2w"])],
        "geneva_sub-g3_T1w": [("sc", by_contrast["T1w"])],
    }
    assert "no lesions were looked for: cord-lesion was trained for T2w, T2starw" in said


def test_a_second_call_changes_nothing_and_says_where_the_round_stands(loop: Loop, tree_hash: TreeHash) -> None:
    assert query(loop)[0] == 0
    before = tree_hash(loop.rounds.root)
    code, said = query(loop, "--json")
    told = json.loads(said)
    assert (code, told["new"], told["stage"], told["left"]) == (0, False, "correcting", {"n/a": 2})
    assert told["next"] == f"nnunet_ext active ingest {loop.rounds.root}"
    assert "round 1 is out for correction since 2" in query(loop)[1]
    assert tree_hash(loop.rounds.root) == before


def test_cases_are_pinned_and_barred_by_lists_and_a_name_that_is_not_there_is_refused(loop: Loop) -> None:
    pin, bar = loop.root / "pin.txt", loop.root / "bar.txt"
    write_text(pin, "sub-g2 # a rare one\n")
    write_text(bar, "sub-g0\nsub-g1\n")
    code, said = query(loop, "--pin", pin, "--bar", bar)
    assert code == 0, said
    assert [row["case"] for row in asked(loop)] == ["geneva_sub-g2_T2w", "geneva_sub-g3_T1w"]
    assert asked(loop)[0]["reason"].startswith("pinned by hand: a rare one")
    assert "--pin and --bar are" not in said


def test_a_list_that_names_nobody_of_the_pool_is_refused_before_anything_is_scored(loop: Loop) -> None:
    pin = loop.root / "pin.txt"
    write_text(pin, "sub-nobody\n")
    code, said = query(loop, "--pin", pin)
    assert code == 3
    assert "'sub-nobody' in line 1" in said
    assert not loop.rounds.round(1).scores.exists()


def test_the_next_round_has_the_last_one_s_model_new_images_and_no_case_twice_unless_it_was_put_off(loop: Loop) -> None:
    assert query(loop)[0] == 0
    first, second = (row["case"] for row in asked(loop))
    over(loop, 1, {first: "reject", second: "defer"})
    loop.geneva.image("sub-g4_T2w")
    code, said = query(loop)
    assert code == 0, said
    cases = {row["case"] for row in scored(loop, 2)}
    assert len(cases) == 4
    assert first not in cases
    assert {second, "geneva_sub-g4_T2w"} <= cases
    (model,) = {row["model_sha256"] for row in scored(loop, 2)}  # for all contrasts: it is the loop's own now
    assert model not in {row["model_sha256"] for row in scored(loop)}
    assert {row["passes"] for row in scored(loop, 2)} == {"folds 2"}
    assert events(loop)[-2:] == [QUERIED, EXCHANGED]
    assert loop.status()["round"] == 2


def test_an_image_that_cannot_be_scored_is_told_with_3_and_the_round_is_out_all_the_same(loop: Loop) -> None:
    (image,) = loop.geneva.root.rglob("sub-g1_T2w.nii.gz")
    write_bytes(image, image.read_bytes()[:200])
    code, said = query(loop)
    assert code == 3
    assert "1 of 4 images could not be scored, and are not in this round: geneva_sub-g1_T2w: sub-g1_T2w.nii.gz" in said
    assert "geneva_sub-g1_T2w" not in {row["case"] for row in asked(loop)}
    assert loop.status()["stage"] == "correcting"
    assert query(loop)[0] == 0


def test_a_strategy_that_is_none_is_refused_with_the_names_of_all(loop: Loop) -> None:
    settings = loop.rounds.settings
    write_text(settings, settings.read_text().replace('strategy = "foreground-random"', 'strategy = "guessing"'))
    code, said = query(loop)
    assert code == 3
    assert "strategy" in said
    assert '"strata" or "foreground-random" or "random" or "entropy"' in said
    with pytest.raises(SystemExit, match="2"):
        query(loop, "--strategy", "guessing")
    assert not loop.rounds.round(1).folder.exists()


def test_a_loop_that_has_not_begun_and_one_that_is_held_are_refused(loop: Loop) -> None:
    code, said = loop.call("active", "query", loop.root / "nowhere")
    assert code == 2
    assert f"run: nnunet_ext active init {loop.root / 'nowhere'}" in said
    assert not (loop.root / "nowhere").exists()
    with claim(loop.rounds):
        assert query(loop)[0] == 5
    assert events(loop) == [BEGUN]


def test_masks_get_the_names_and_images_the_form_that_were_asked_for(loop: Loop) -> None:
    assert query(loop, "--naming", "manual", "--copy")[0] == 0
    to_correct = loop.rounds.round(1).to_correct
    assert all("_seg-manual" in mask.copy or "_lesion-manual" in mask.copy for mask in read_sent(to_correct))
    assert not any(path.is_symlink() for path in to_correct.rglob("*"))


def test_an_image_that_changed_between_choice_and_layout_has_the_round_chosen_anew(loop: Loop) -> None:
    assert query(loop)[0] == 0
    journal, image = loop.rounds.journal, asked(loop)[0]["image"]
    write_bytes(journal, b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))  # as if killed before that
    shutil.rmtree(loop.rounds.round(1).to_correct)
    another = loop.zurich.image(Path(image).name.removesuffix(".nii.gz"))
    left = loop.rounds.round(1).probability("of_another_choice", "sc")
    write_bytes(left, b"")
    write_bytes(loop.geneva.root / image, another.read_bytes())
    code, said = query(loop)
    assert code == 0, said
    assert events(loop) == [BEGUN, QUERIED, QUERIED, EXCHANGED]
    assert not left.exists()
    assert loop.status()["problems"] == []


def test_killed_anywhere_the_same_call_ends_in_the_same_files(loop: Loop) -> None:
    def left() -> dict[str, str]:
        tree = {name: digest for name, digest in tree_of(loop.rounds.root).items() if name != loop.rounds.journal.name}
        said = [(entry.event, entry.fields) for entry in Journal(loop.rounds.journal).entries()]  # not when
        return {**tree, "journal": json.dumps(said)}

    def work() -> int:
        return query(loop)[0]

    whole = run_apart(work, loop.rounds.root, {})
    assert whole.code == 0, whole.said
    expected = left()

    def at(end: str) -> list[int]:
        return [number for number, event in enumerate(whole.events) if event.endswith(end)]

    scores, laid_out, journal = at("round-001/scores.tsv"), at("round-001/to_correct"), at("open journal.jsonl")
    given = at("_sc.nii.gz")
    deaths = [Death(scores[2], after=True), Death(journal[0]), Death(laid_out[-1]), Death(laid_out[-1], after=True)]
    deaths += [Death(given[0], after=True), Death(given[1])]
    for death in deaths:
        shutil.rmtree(loop.rounds.root)
        shutil.copytree(loop.root / "kept" / "rounds", loop.rounds.root)
        assert run_apart(work, loop.rounds.root, {}, death).code == -9
        code, said = query(loop)
        assert code == 0, said
        assert not differences(expected, left()), str(death)


def test_what_the_settings_say_of_raters_holds(loop: Loop) -> None:
    settings = loop.rounds.settings
    text = settings.read_text().replace("raters = []", 'raters = ["anna", "ben"]')
    write_text(settings, text)
    assert read_settings(settings).raters == ("anna", "ben")
    code, said = query(loop)
    assert code == 0, said
    assert "rater      anna: 1 of 1 cases left" in said
    assert (loop.rounds.round(1).to_correct / "ben" / "PROTOCOL.md").is_file()


def test_who_is_tested_on_is_in_no_round_and_scores_know_the_training_images(tmp_path: Path, one_thread: None) -> None:
    loop = Loop(tmp_path).write().with_networks().label()
    code, said = loop.call(
        "active", "init", loop.rounds.root, "--pool", loop.geneva.root, loop.zurich.root, "-d", 501, "--budget", 2
    )
    assert code == 0, said
    loop.zurich.image(f"{loop.tested[0]}_acq-late_T2w")
    code, said = query(loop)
    assert code == 3
    assert f"{loop.tested[0]} of zurich" in said
    assert events(loop) == [BEGUN]
    settings = loop.rounds.settings
    write_text(settings, settings.read_text().replace('tested_in_pool = "refuse"', 'tested_in_pool = "skip"'))
    code, said = query(loop)
    assert code == 0, said
    assert {row["dataset"] for row in scored(loop)} == {"geneva"}
    assert all(row.number("domain_distance") is not None for row in scored(loop))
    assert f"no label was looked at again: cord-lesion was not trained on {DATASET}" in said
    assert not loop.rounds.round(1).suspects.exists()


def test_labels_that_a_fold_never_saw_are_looked_at_again_and_listed_apart(tmp_path: Path, one_thread: None) -> None:
    loop = Loop(tmp_path).write().with_networks().label()
    model = loop.root / "nnunet" / "results" / DATASET / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    plans = json.loads((TinyModel(folds=2).write(model) / "plans.json").read_text())
    write_json(model / "plans.json", {**plans, "dataset_name": DATASET})
    assert loop.init("-d", 501, "--budget", 2)[0] == 0
    code, said = query(loop)
    assert code == 0, said
    folds = json.loads((loop.dataset.folder / "splits_final.json").read_text())
    rows, one = read_table(loop.rounds.round(1).suspects), loop.rounds.round(1)
    assert {row["case"]: row["fold"] for row in rows} == {case: str(n) for n in (0, 1) for case in folds[n]["val"]}
    assert len({row["model_sha256"] for row in rows}) == 2
    assert re.search(rf"\d of {len(rows)} labels deserve a second look, as suspects.tsv says", said)
    assert not {row["case"] for row in asked(loop)} & {row["case"] for row in rows}
    assert loop.call("active", "report", loop.rounds.root)[0] == 0
    assert f"{len(rows)} labelled cases were predicted by a fold that never saw them" in one.report.read_text()
    shutil.rmtree(one.folder)
    write_bytes(loop.rounds.journal, loop.rounds.journal.read_bytes().splitlines(keepends=True)[0])
    assert query(loop, "--no-suspects")[0] == 0
    assert not one.suspects.exists()
    assert query(loop, "--suspects", -1)[0] == 2


def test_a_suspect_takes_a_place_on_request_and_its_corrected_label_replaces_the_old_one(
    tmp_path: Path, one_thread: None
) -> None:
    loop = Loop(tmp_path).write().with_networks().label()
    model = loop.root / "nnunet" / "results" / DATASET / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    plans = json.loads((TinyModel(folds=2).write(model) / "plans.json").read_text())
    write_json(model / "plans.json", {**plans, "dataset_name": DATASET})
    arguments = ("--pool", loop.geneva.root, loop.zurich.root, "-d", 501, "--budget", 2, "--tested-in-pool", "skip")
    assert loop.call("active", "init", loop.rounds.root, *arguments)[0] == 0
    assert query(loop)[0] == 0
    begun = loop.rounds.journal.read_bytes().splitlines(keepends=True)[0]
    one = loop.rounds.round(1)
    rows = read_table(one.suspects)
    doubted = [{**row, "reason": "n/a"} for row in rows]
    told = "the label has 54 mm3 of lesion where the model is sure that there is none"
    volumes = [column for column in rows[-1] if column.endswith("_mm3")]
    doubted[-1] |= {**dict.fromkeys(volumes, "n/a"), "reason": told, "extra_lesion_mm3": "54"}
    case = doubted[-1]["case"]
    for file in (one.query, one.to_correct):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    write_text(one.suspects, table_text(doubted, list(doubted[-1])))
    write_bytes(loop.rounds.journal, begun)

    code, said = query(loop, "--suspects", 2)
    assert code == 0, said
    chosen = {row["case"]: row for row in asked(loop)}
    assert len(chosen) == 2
    assert (chosen[case]["stratum"], chosen[case]["score"]) == ("suspect", "54")
    assert told in chosen[case]["reason"]
    before = {row["case"]: row for row in loop.cases}[case]
    given = {mask.region: one.to_correct / mask.copy for mask in read_sent(one.to_correct) if mask.case == case}
    for region, voxels in (("sc", before["voxels_sc"]), ("lesion", before["voxels_lesion"])):
        assert np.count_nonzero(read_mask(given[region]).data) == int(voxels) > 0
    write_mask(given["lesion"], read_mask(given["lesion"]).data * 0, read_mask(given["lesion"]).affine)
    loop.mark([{"case": case, "region": "lesion", "action": "edit", "comment": "no lesion"}])
    label = loop.dataset.label(case, "train")
    folds = read_folds(loop.dataset.folder)
    with loop.environment():
        settings = read_settings(loop.rounds.settings)
        corrected = for_training(read_table(one.ingest, whole=True), one.corrected)
        add_corrections(loop.rounds, one, settings, keep_old_labels(corrected, one), 1)
    assert set(np.unique(read_mask(label).data)) == {0, 1}
    after = {row["case"]: row for row in loop.cases}[case]
    assert (after["voxels_lesion"], after["split"]) == ("0", before["split"])
    assert read_folds(loop.dataset.folder) == folds
    code, said = loop.call("convert", loop.zurich.root, "-d", 501, "-n", "Cord", "--pictures", 0, "--update")
    assert code == 0, said
    assert {row["case"]: row for row in loop.cases}[case] == after
