"""Training and prediction through the verb, on measures alone: quick, and everything but the network."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from tests.classification.drawn_patients import masks_of, write_patients

LOGISTIC = ("--evidence", "logistic", "--folds", "2")
MEASURES = ("--evidence", "logistic", "boosting", "both", "--folds", "2")
MODEL = "fold_0/logistic.json"
TRAINED = ("calibration.json", "both.json", MODEL, "fold_1/logistic.json")


def train(out: Path, *data: Path, more: tuple[str, ...] = MEASURES) -> int:
    return main(["classify", "train", *map(str, data), "-o", str(out), *more])


def predict(out: Path, model: Path, *data: Path, more: tuple[str, ...] = ()) -> int:
    return main(["classify", "predict", *map(str, data), "-m", str(model), "-o", str(out), *more])


def judge(out: Path, said: Path) -> int:
    return main(["classify", "evaluate", str(said), "-o", str(out), "--bootstrap", "100"])


def table(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, sep="\t", na_values="n/a")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Patients `site`, a classifier of them, and new patients `new`."""
    root = tmp_path_factory.mktemp("classify")
    write_patients(root / "site", 6)
    write_patients(root / "new", 3, seed=5)
    write_patients(root / "undiagnosed", 1)
    (root / "undiagnosed" / "participants.tsv").unlink()
    assert train(root / "classifier", root / "site") == 0
    assert predict(root / "said", root / "classifier", root / "new") == 0
    return root


def test_each_new_patient_gets_calibrated_probabilities_down_the_tree(home: Path) -> None:
    said = table(home / "said" / "predictions.tsv")
    assert list(said["person"]) == [f"new/sub-{number:03d}" for number in range(1, 13)]
    assert np.allclose(said["p_tumour"] + said["p_demyelination"], 1)
    assert np.allclose(said["p_MS"] + said["p_NMOSD"], said["p_demyelination"])
    leaves = said[["p_astrocytoma", "p_ependymoma", "p_MS", "p_NMOSD"]]
    assert (leaves.idxmax(axis=1) == "p_" + said["diagnosis"]).all()
    truth = table(home / "new" / "participants.tsv")["diagnosis"]
    assert (said["diagnosis"] == truth).mean() > 0.5
    assert set(said["masks"]) == {"manual"}


def test_every_evidence_stands_beside_the_others(home: Path) -> None:
    evidence = table(home / "said" / "evidence.tsv")
    assert set(evidence["evidence"]) == {"logistic", "boosting", "both"}
    assert len(evidence) == 12 * 3 * 6
    assert not np.allclose(evidence["probability"], evidence["untempered"])


def test_contributions_add_up_to_the_difference_from_the_average_patient(home: Path) -> None:
    spoke = table(home / "said" / "contributions.tsv")
    models = [json.loads((home / "classifier" / f"fold_{fold}" / "logistic.json").read_text()) for fold in range(2)]
    baseline = np.mean([model["kind"]["intercepts"][0] - model["kind"]["intercepts"][1] for model in models])
    sums = spoke[spoke["node"] == "kind"].groupby("person")["contribution"].sum() + baseline
    evidence = table(home / "said" / "evidence.tsv")
    tumour = evidence[(evidence["evidence"] == "logistic") & (evidence["branch"] == "tumour")].set_index("person")
    odds = np.log(tumour["untempered"] / (1 - tumour["untempered"]))
    assert np.corrcoef(odds[sums.index], sums)[0, 1] > 0.98  # the mean of probabilities is near, and not quite, it
    assert (np.sign(odds[sums.index]) == np.sign(sums)).mean() > 0.8


def test_a_classifier_says_what_it_was_trained_on_and_names_nobody(home: Path) -> None:
    text = (home / "classifier" / "classifier.json").read_text(encoding="utf-8")
    told = json.loads(text)
    assert told["trained"]["patients"] == dict.fromkeys(["astrocytoma", "ependymoma", "MS", "NMOSD"], 6)
    assert told["trained"]["masks"] == "manual"
    assert told["recommended"] in told["reason"]
    assert any("few patients of astrocytoma (6)" in warning for warning in told["warnings"])
    shared = [home / "classifier" / name for name in told["files"]]
    assert all(file.is_file() and "training" not in file.parts for file in shared)
    assert "sub-" not in text
    assert not any(b"sub-0" in file.read_bytes() for file in shared)


def test_another_seed_draws_other_folds(home: Path, tmp_path: Path) -> None:
    assert train(tmp_path / "other", home / "site", more=(*LOGISTIC, "--seed", "1")) == 0
    assert (tmp_path / "other" / MODEL).read_bytes() != (home / "classifier" / MODEL).read_bytes()


def test_a_killed_training_goes_on_to_the_models_that_the_same_command_gave(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    command = ["classify", "train", str(home / "site"), "-o", str(out), *MEASURES]
    begun = [sys.executable, "-m", "nnunet_ext.cli.main", *command]
    with subprocess.Popen(begun, stdout=subprocess.PIPE, text=True) as process:
        assert any(line.startswith("boosting, fold 2") for line in process.stdout or ())
        process.send_signal(signal.SIGKILL)
    assert not (out / "classifier.json").exists()
    first = (out / "fold_0" / "logistic.json").stat().st_mtime_ns
    assert train(out, home / "site") == 0
    assert (out / "fold_0" / "logistic.json").stat().st_mtime_ns == first
    assert all((out / name).read_bytes() == (home / "classifier" / name).read_bytes() for name in TRAINED)


def test_models_are_trained_anew_once_a_mask_was_corrected_or_a_patient_came(home: Path, tmp_path: Path) -> None:
    site, out = tmp_path / "site", tmp_path / "classifier"
    shutil.copytree(home / "site", site)
    assert train(out, site, more=LOGISTIC) == 0
    before = (out / TRAINED[0]).read_bytes()
    mask = masks_of(site) / "sub-001" / "anat" / "sub-001_T2w_label-lesion_seg.nii.gz"
    drawn = read_mask(mask)
    write_mask(mask, np.roll(drawn.data, 1, axis=2) & (np.indices(drawn.data.shape)[2] % 2 == 0), drawn.affine)
    assert train(out, site, more=LOGISTIC) == 0
    corrected = (out / TRAINED[0]).read_bytes()
    assert corrected != before
    said = (site / "participants.tsv").read_text(encoding="utf-8")
    (site / "participants.tsv").write_text(said.replace("sub-002\tependymoma", "sub-002\tn/a"), encoding="utf-8")
    assert train(out, site, more=LOGISTIC) == 0
    assert (out / TRAINED[0]).read_bytes() != corrected
    assert json.loads((out / "classifier.json").read_text())["trained"]["patients"]["ependymoma"] == 5


def test_those_who_trained_it_are_left_out_by_name_unless_asked_for(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = (home / "site", home / "new")
    assert predict(tmp_path / "said", home / "classifier", *both) == 0
    assert "left out, as they trained the classifier: site/sub-001" in capsys.readouterr().out
    assert len(table(tmp_path / "said" / "predictions.tsv")) == 12
    assert predict(tmp_path / "alone", home / "classifier", home / "site") == 3
    assert "--seen" in capsys.readouterr().out
    assert predict(tmp_path / "all", home / "classifier", *both, more=("--seen",)) == 0
    assert len(table(tmp_path / "all" / "predictions.tsv")) == 36
    record = json.loads((tmp_path / "all" / "classify.json").read_text(encoding="utf-8"))
    assert len(record["trained_people_sha256"]) == 24


def test_folds_of_whole_sites_are_validated_on_sites_that_they_were_not_trained_on(home: Path, tmp_path: Path) -> None:
    assert train(tmp_path / "sites", home / "site", more=(*LOGISTIC, "--whole-sites")) == 0
    folds = json.loads((tmp_path / "sites" / "training" / "folds.json").read_text(encoding="utf-8"))["folds"]
    said = table(home / "site" / "participants.tsv").set_index("participant_id")["site"]
    assert [{said[person.removeprefix("site/")] for person in fold} for fold in folds] in (
        [{"paris"}, {"zurich"}],
        [{"zurich"}, {"paris"}],
    )


def test_a_site_that_was_kept_for_testing_is_predicted_and_judged(home: Path, tmp_path: Path) -> None:
    assert train(tmp_path / "one", home / "site", more=(*LOGISTIC, "--test-sites", "Paris")) == 0
    assert predict(tmp_path / "said", tmp_path / "one", home / "site") == 0
    patients = table(tmp_path / "said" / "patients.tsv")
    assert set(patients["site"]) == {"paris"}
    assert (
        main(["classify", "evaluate", str(tmp_path / "said"), "-o", str(tmp_path / "judged"), "--bootstrap", "100"])
        == 0
    )
    figures = table(tmp_path / "judged" / "figures.tsv")
    accuracy = figures[(figures["table"] == "all") & (figures["node"] == "kind") & (figures["figure"] == "accuracy")]
    assert accuracy["n"].item() == len(patients)
    assert accuracy["value"].item() > 0.6


def test_predicting_those_who_trained_it_is_named_a_leak(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(tmp_path / "seen", home / "classifier", home / "site", more=("--seen",)) == 0
    assert (
        main(["classify", "evaluate", str(tmp_path / "seen"), "-o", str(tmp_path / "judged"), "--bootstrap", "100"])
        == 0
    )
    leaks = capsys.readouterr().out.partition("Leaks found")[2]
    assert "site/sub-001" in leaks


def test_asking_for_more_coverage_leaves_more_open(home: Path, tmp_path: Path) -> None:
    sizes = []
    for coverage in ("0.6", "0.97"):
        out = tmp_path / coverage
        assert predict(out, home / "classifier", home / "new", more=("--coverage", coverage)) == 0
        sizes.append(table(out / "predictions.tsv")["set"].fillna("").str.split("; ").map(len).sum())
    assert sizes[0] < sizes[1]


def test_a_patient_without_lesion_or_with_measures_unlike_all_others_is_flagged(home: Path, tmp_path: Path) -> None:
    site = write_patients(tmp_path / "odd", 1, seed=8)
    for number, change in ((1, 0), (2, 1)):
        mask = masks_of(site) / f"sub-00{number}" / "anat" / f"sub-00{number}_T2w_label-lesion_seg.nii.gz"
        drawn = read_mask(mask)
        cord = read_mask(mask.with_name(mask.name.replace("lesion", "SC"))).data
        write_mask(mask, cord * change, drawn.affine)
    assert predict(tmp_path / "said", home / "classifier", site) == 0
    flags = table(tmp_path / "said" / "predictions.tsv").set_index("person")["flags"].fillna("")
    assert "no_lesion" in flags["odd/sub-001"]
    assert "unlike_training" in flags["odd/sub-002"]
    assert not any("no_lesion" in flags[f"odd/sub-00{number}"] for number in (2, 3, 4))


def test_masks_of_another_kind_than_in_training_are_warned_of(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "new"
    shutil.copytree(home / "new", site)
    assert predict(tmp_path / "manual", home / "classifier", site) == 0
    assert "trained on manual" not in capsys.readouterr().out
    for mask in masks_of(site).rglob("*lesion_seg.nii.gz"):
        told = {"Model": {"Name": "cord-lesion", "CheckpointsSHA256": {"0": "0"}}}
        mask.with_name(mask.name.replace(".nii.gz", ".json")).write_text(json.dumps(told), encoding="utf-8")
    assert predict(tmp_path / "said", home / "classifier", site) == 0
    assert "trained on manual lesion masks, and these are predicted" in capsys.readouterr().out
    record = json.loads((tmp_path / "said" / "classify.json").read_text(encoding="utf-8"))
    assert "manual" in record["warnings"][0]
    assert set(table(tmp_path / "said" / "predictions.tsv")["masks"]) == {"predicted"}


def test_a_hidden_contrast_is_as_if_it_had_not_been_taken(home: Path, tmp_path: Path) -> None:
    assert predict(tmp_path / "said", home / "classifier", home / "new", more=("--hide", "T1w-gad")) == 0
    assert table(tmp_path / "said" / "measures.tsv")["enhancement"].isna().all()
    assert table(home / "said" / "measures.tsv")["enhancement"].notna().sum() == 6
    assert set(table(tmp_path / "said" / "predictions.tsv")["channels"]) == {"T2w"}


def test_a_model_that_was_changed_is_refused(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(home / "classifier", tmp_path / "changed")
    file = tmp_path / "changed" / "fold_0" / "logistic.json"
    file.write_text(file.read_text(encoding="utf-8").replace("0.", "1.", 1), encoding="utf-8")
    assert predict(tmp_path / "said", tmp_path / "changed", home / "new") == 6
    assert "logistic.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (("predict", "new", "-m", "nowhere", "-o", "x"), 2, "nowhere"),
        (("predict", "new", "-m", "classifier", "-o", "x", "--coverage", "2"), 2, "coverage"),
        (("predict", "new", "-m", "classifier", "-o", "x", "--evidence", "network"), 2, "not trained"),
        (("predict", "new", "-m", "classifier", "-o", "x", "--hide", "T2w"), 2, "T1w-gad"),
        (("predict", "nowhere", "-m", "classifier", "-o", "x"), 3, "nowhere"),
        (("train", "site", "-o", "x", "--folds", "1"), 2, "--folds"),
        (("train", "site", "-o", "x", "--evidence", "both"), 2, "both"),
        (("train", "site", "-o", "x", "--test-sites", "geneva"), 3, "geneva"),
        (("train", "site", "-o", "x", "--segmentation", "site"), 3, "folds of the segmentation"),
        (("train", "new", "-o", "said"), 5, "said"),
        (("train", "undiagnosed", "-o", "x"), 3, "no diagnosis: for prediction only (4)"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_was_needed(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    named: str,
) -> None:
    monkeypatch.chdir(home)
    assert main(["classify", *words]) == code
    assert named in capsys.readouterr().err
    assert not (home / "x").exists()


def test_a_labs_own_tree_of_more_branches_is_learned_and_judged(home: Path, tmp_path: Path) -> None:
    tree, site = tmp_path / "lab.toml", tmp_path / "clinic"
    nodes = '[nodes]\ndemyelination = ["MS", "NMOSD", "MOGAD"]\n'
    tree.write_text(f'extends = "zhuo2022"\nname = "lab"\n{nodes}', encoding="utf-8")
    shutil.copytree(home / "site", site)
    said = (site / "participants.tsv").read_text(encoding="utf-8")
    for number in (3, 7, 11):
        said = said.replace(f"sub-{number:03d}\tMS", f"sub-{number:03d}\tMOGAD")
    (site / "participants.tsv").write_text(said, encoding="utf-8")
    assert train(tmp_path / "lab", site, more=(*LOGISTIC, "--taxonomy", str(tree))) == 0
    assert predict(tmp_path / "said", tmp_path / "lab", home / "new") == 0
    branches = table(tmp_path / "said" / "predictions.tsv")[["p_MS", "p_NMOSD", "p_MOGAD"]]
    whole = table(tmp_path / "said" / "predictions.tsv")["p_demyelination"]
    assert np.allclose(branches.sum(axis=1), whole)
    assert judge(tmp_path / "judged", tmp_path / "said") == 0


def test_networks_stand_beside_measures_and_show_where_they_looked(home: Path, tmp_path: Path) -> None:
    evidence = ("--evidence", "logistic", "network", "both", "--folds", "2", "--epochs", "1", "--device", "cpu")
    assert train(tmp_path / "all", home / "site", more=evidence) == 0
    assert predict(tmp_path / "said", tmp_path / "all", home / "new") == 0
    said = table(tmp_path / "said" / "evidence.tsv")
    assert set(said["evidence"]) == {"logistic", "network", "both"}
    leaves = said[said["branch"].isin(["astrocytoma", "ependymoma", "MS", "NMOSD"])]
    assert np.allclose(leaves.groupby(["person", "evidence"])["probability"].sum(), 1)
    pictures = sorted(file.name for file in (tmp_path / "said" / "maps").iterdir())
    assert pictures == [f"new__sub-{number:03d}.png" for number in range(1, 13)]
    assert json.loads((tmp_path / "all" / "classifier.json").read_text())["trained"]["lesion_channel"] == "mask"
