"""Every verb that reads tables, JSON, TOML or YAML, each on a small scene of its own."""

import contextlib
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.tables import table_text
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.profile import load_profile
from tests.cascade.field import AFFINE, CORD, Field, drawn
from tests.cascade.prediction.tiny_model import TinyModel
from tests.conftest import SmallBids
from tests.fuzz.scene import Scene, nnunet_folders

SUBJECTS: Final = ("01", "02", "03", "04")
_LOG: Final = (
    "2024-01-01 10:00:00.000000: Epoch 0\n2024-01-01 10:00:01.000000: train_loss -0.1\n2024-01-01 10:00:01.000000: "
    "val_loss -0.2\n2024-01-01 10:00:01.000000: Pseudo dice [np.float32(0.5), np.float32(0.25)]\n"
)


def write_scenes(root: Path, *, with_model: bool = True) -> dict[Scene, Path]:
    """Write all scenes below a folder, each in its own, which `run_spoiled` copies.

    Parameters
    ----------
    with_model
        Whether to make those with a network, too, which take torch some seconds.
    """
    bids = _bids(root / "bids")
    made = [_convert(root / "convert", bids), *_converted(root, bids), _evaluate(root / "evaluate")]
    made += [_biomarkers(root / "biomarkers"), *_agreement(root, root / "evaluate"), *_crop(root)]
    made += [_report(root / "report", root)]
    made += [_export(root / "export"), *_predict(root)] if with_model else []
    return {scene: root / scene.name for scene in made}


def run(*arguments: str | Path) -> None:
    """Run a command that a scene is made with."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main([str(part) for part in arguments])
    if code:
        raise RuntimeError(f"{arguments}: {said.getvalue()}")


def _bids(root: Path) -> Path:
    bids = SmallBids(root / "site")
    for subject in SUBJECTS:
        bids.case(f"sub-{subject}_T2w")
    scores = {"01": "12", "02": "15,5", "03": "-", "04": "9"}
    bids.participants([
        {"participant_id": f"sub-{subject}", "site": site, "pathology": "MS", "mjoa": scores[subject], "sex": "F"}
        for subject, site in zip(SUBJECTS, "abab", strict=True)
    ])  # fmt: skip
    write_json(bids.root / "dataset_description.json", {"Name": "site", "BIDSVersion": "1.9.0"})
    return bids.root


def _convert(root: Path, bids: Path) -> Scene:
    shutil.copytree(bids, root / "site")
    profile = _toml({**load_profile("auto").content(), "name": "mine"})
    write_text(root / "profile.toml", profile)
    write_text(root / "target.toml", _toml(load_target("cord-lesion").content()))
    write_text(root / "include.yml", "T2w:\n- sub-01  # good\n- sub-02\n- sub-03_T2w.nii.gz\nsite: [sub-04]\n")
    write_json(root / "exclude.json", {"T2w": ["sub-03"]})
    write_text(root / "split.yml", "train: [sub-01, sub-04]\ntest:\n- sub-02\n")
    lists = ("--include", "{root}/include.yml", "--exclude", "{root}/exclude.json", "--split-file", "{root}/split.yml")
    files = ("include.yml", "exclude.json", "split.yml", "profile.toml", "target.toml", "site/participants.tsv")
    given = ("--profile", "{root}/profile.toml", "--target", "{root}/target.toml", "--pictures", "0")
    arguments = ("convert", "{root}/site", "-d", "7", "-n", "Fuzz", *given, *lists)
    return Scene("convert", arguments, (*files, "site/dataset_description.json"), nnunet=True)


def _converted(root: Path, bids: Path) -> list[Scene]:
    """Make a plan, and a dataset that grows."""

    plan, grow = root / "plan", root / "grow"
    shutil.copytree(bids, plan / "site")
    shutil.copytree(bids, grow / "site")
    with nnunet_folders(grow):
        run("convert", plan / "site", "-d", "7", "-n", "Fuzz", "--write-plan", plan / "plan")
        run("convert", grow / "site", "-d", "7", "-n", "Fuzz", "--pictures", "0")
    SmallBids(grow / "site").case("sub-05_T2w")
    dataset = "raw/Dataset007_Fuzz"
    shutil.copytree(
        grow / dataset, grow / "preprocessed" / "Dataset007_Fuzz", ignore=shutil.ignore_patterns("*.nii.gz")
    )
    tables = ("conversion.json", "cases.tsv", "qc.tsv", "files.tsv", "splits_final.json", "dataset.json")
    files = (*(f"{dataset}/{name}" for name in tables), "preprocessed/Dataset007_Fuzz/splits_final.json")
    again = ("-d", "7", "-n", "Fuzz", "--pictures", "0")
    return [
        Scene(
            "plan",
            ("convert", "{root}/site", *again, "--plan", "{root}/plan"),
            ("plan/cases.tsv", "plan/conversion.json"),
            nnunet=True,
        ),
        Scene("grow", ("convert", "{root}/site", *again, "--update"), files, nnunet=True),
    ]


def _label_maps(root: Path, names: Sequence[str]) -> None:
    for name in names:
        for at, subject in enumerate(SUBJECTS):
            labels = drawn(CORD, shape=(40, 36, 24))
            labels[19:21, 17:19, 8 + at : 11 + at + len(name) % 2] = 2
            write_mask(root / name / f"sub-{subject}_T2w.nii.gz", labels, AFFINE)
        write_json(root / name / "dataset.json", {
            "channel_names": {"0": "MRI"}, "labels": {"background": 0, "sc": ["1", 2], "lesion": "2"},
            "regions_class_order": [1, 2], "file_ending": ".nii.gz",
            "within": {"lesion": "sc"}, "classes": {"sc": 1, "lesion": 2},
        })  # fmt: skip


def _cases(path: Path) -> None:
    names = ("case", "subject", "session", "site", "contrast", "not_annotated", "nli_slice")
    rows = [
        dict(zip(names, (f"sub-{one}_T2w", f"sub-{one}", "n/a", "a", "T2w", "n/a", "7"), strict=True))
        for one in SUBJECTS
    ]
    write_text(path, table_text(rows, names))


def _evaluate(root: Path) -> Scene:
    _label_maps(root, ["first", "second", "ref"])
    _cases(root / "ref" / "cases.tsv")
    write_text(root / "participants.tsv", "participant_id\tsite\nsub-01\ta\nsub-02\tb\n")
    write_text(root / "cases.tsv", (root / "ref" / "cases.tsv").read_text())
    for name in ("first", "second"):
        run("evaluate", root / "ref", root / name, "-o", root / "done" / name)
        run("biomarkers", "--lesion", root / name, "-o", root / "measured" / name)
    files = ("ref/dataset.json", "first/dataset.json", "cases.tsv", "participants.tsv")
    arguments = ("evaluate", "{root}/ref", "{root}/first", "-o", "{root}/out", "--cases", "{root}/cases.tsv")
    return Scene("evaluate", arguments, files)


def _biomarkers(root: Path) -> Scene:
    _label_maps(root, ["first"])
    _cases(root / "cases.tsv")
    arguments = ("biomarkers", "--lesion", "{root}/first", "-o", "{root}/out", "--cases", "{root}/cases.tsv")
    levels = ("--nli-slice", "{root}/levels.tsv")
    write_text(root / "levels.tsv", (root / "cases.tsv").read_text())
    return Scene("biomarkers", (*arguments, *levels), ("first/dataset.json", "cases.tsv", "levels.tsv"))


def _agreement(root: Path, evaluated: Path) -> list[Scene]:
    scenes = []
    fast = ("--bootstrap", "100", "--names", "one", "two", "-o", "{root}/out")
    for name, done, tables, more in (
        ("metrics", "done", ("metrics.tsv", "metrics.json"), ("--metrics", "dsc")),
        (
            "agreement",
            "measured",
            ("cases_biomarkers.tsv",),
            ("--metrics", "total_volume_mm3", "--participants", "{root}/p.tsv"),
        ),
    ):
        for side in ("first", "second"):
            shutil.copytree(evaluated / done / side, root / name / side)
        shutil.copy(root / "bids" / "site" / "participants.tsv", root / name / "p.tsv")
        files = [f"{side}/{table}" for side in ("first", "second") for table in tables]
        files += ["p.tsv", "p.tsv"] if name == "agreement" else []
        scenes.append(Scene(name, ("agreement", "{root}/first", "{root}/second", *fast, *more), tuple(files)))
    return scenes


def _report(root: Path, scenes: Path) -> Scene:
    shutil.copytree(scenes / "evaluate", root, ignore=shutil.ignore_patterns("second", "out"))
    training = root / "training" / "fold_0"
    write_text(
        training / "progress.tsv", "epoch\ttrain_loss\tval_loss\tdice_sc\n0\t-0.1\tn/a\t0.5\n1\t-0.2\t-0.1\t0.6\n"
    )
    write_text(root / "training" / "fold_1" / "training_log_1.txt", _LOG)
    predicted = root / "predicted"
    shutil.copy(root / "ref" / "sub-01_T2w.nii.gz", _parent(predicted / "sub-01_T2w_dseg.nii.gz"))
    write_json(predicted / "sub-01_T2w_dseg.json", {
        "GeneratedBy": [{"Name": "nnunet_ext", "Version": "1"}], "Inputs": [{"raw": "sub-01_T2w.nii.gz"}],
        "SpatialReference": "x", "Labels": {"sc": [1, 2], "lesion": [2]},
            "Warnings": ["odd"], "Versions": {"torch": "2"},
    })  # fmt: skip
    write_text(
        predicted / "predictions.tsv",
        "case\tstatus\treason\tvolume_sc_mm3\twarnings\nsub-01_T2w\tdone\tn/a\t12.5\todd\n",
    )
    write_text(predicted / "scores.tsv", "case\tsc entropy\nsub-01_T2w\t0.5\n")
    write_text(root / "compared" / "comparison.tsv", "metric\tp\ndsc\t0.03\n")
    _cases(root / "cases.tsv")
    folders = ("done/first", "measured/first", "training", "predicted", "compared")
    arguments = ("report", *(f"{{root}}/{folder}" for folder in folders), "-o", "{root}/out")
    evaluated = ("metrics.tsv", "metrics.json", "inputs.tsv", "summary.tsv", "lesions.tsv")
    measured = ("biomarkers.tsv", "biomarkers.json", "cases_biomarkers.tsv")
    files = [f"done/first/{name}" for name in evaluated] + [f"measured/first/{name}" for name in measured]
    files += [
        "predicted/predictions.tsv",
        "predicted/scores.tsv",
        "predicted/sub-01_T2w_dseg.json",
        "compared/comparison.tsv",
    ]
    return Scene("report", arguments, (*files, "training/fold_0/progress.tsv", "training/fold_1/training_log_1.txt"))


def _crop(root: Path) -> list[Scene]:
    """Box a dataset, box it anew, and mend its plans."""
    from nnunet_ext.trainers.derive_spine_plan import stock_spine_plan
    from nnunet_ext.trainers.spine_plan import write_spine_plan

    crop, boxed, plans = root / "crop", root / "boxed", root / "plans"
    field = Field(crop)
    field.write(("a", "b"), ["t"])
    field.localizer({case: (fold, drawn(CORD)) for fold, case in enumerate(("a", "b"))})
    write_text(field.source.folder / "qc.tsv", "case\tshape\tspacing_mm\taxes\na\t40 36 24\t1 1 2\tLAS\n")
    preprocessed = crop / "preprocessed" / "Dataset501_Wide"
    preprocessed.mkdir(parents=True)
    write_spine_plan(preprocessed, stock_spine_plan())
    _margins(crop / "margins.json")
    shutil.copytree(crop, boxed)
    cords = "results/Dataset501_Wide/nnUNetTrainer__nnUNetPlans__3d_lowres"
    arguments = ("crop-dataset", "501", "-d", "502", "-n", "Boxed", "--update", "--cords", f"{{root}}/{cords}")
    given = ("--margins-file", "{root}/margins.json")
    with nnunet_folders(boxed):
        run(*(part.replace("{root}", str(boxed)) for part in (*arguments, *given)))
    write_json(_parent(plans / "nnUNetPlans.json"), TinyModel().plans)
    raw = [f"raw/Dataset501_Wide/{name}" for name in ("dataset.json", "splits_final.json", "qc.tsv", "cases.tsv")]
    theirs = [f"raw/Dataset502_Boxed/{name}" for name in ("crop.json", "dataset.json", "files.tsv")]
    spine_plan = "preprocessed/Dataset501_Wide/spine_plan.json"
    return [
        Scene("crop", arguments, (*raw, spine_plan, spine_plan), nnunet=True),
        Scene("boxed", (*arguments, *given), ("margins.json", *theirs), nnunet=True),
        Scene("plans", ("crop-dataset", "--fix-plans", "{root}/nnUNetPlans.json"), ("nnUNetPlans.json",)),
    ]


def _margins(path: Path) -> None:
    faces = ("superior", "inferior", "left", "right", "anterior", "posterior")
    write_json(path, {f"pad_{face}": 3 for face in faces})


def _export(root: Path) -> Scene:
    TinyModel().write(root / "r" / "Dataset900_Tiny" / "nnUNetTrainer__nnUNetPlans__tiny")
    write_text(
        root / "data" / "cases.tsv",
        "case\tdataset\tsubject\tsite\tsplit\tstatus\tcontrast\na\td\ts\tx\ttrain\tinclude\tT2w\n",
    )
    summary = "site\tregion\tmetric\tn_cases\tn_used\tmean\tsd\nx\tlesion\tdsc\t3\t3\t0.5\t0.1\n"
    write_text(root / "scored" / "summary.tsv", summary)
    _margins(root / "margins.json")
    model = "r/Dataset900_Tiny/nnUNetTrainer__nnUNetPlans__tiny"
    given = ("--dataset", "{root}/data", "--evaluation", "{root}/scored", "--crop-metadata", "{root}/margins.json")
    arguments = ("model", "export", f"{{root}}/{model}", "-o", "{root}/m.zip", *given)
    files = (f"{model}/dataset.json", f"{model}/plans.json", "data/cases.tsv", "scored/summary.tsv", "margins.json")
    return Scene("export", arguments, files, nnunet=True)


def _predict(root: Path) -> list[Scene]:
    """Predict, and go on where masks stand already."""
    model, done = "r/Dataset900_Tiny/nnUNetTrainer__nnUNetPlans__tiny", root / "continue"
    first = root / "predict"
    TinyModel().write(first / model)
    values = np.random.default_rng(0).normal(100, 20, (16, 16, 8)).astype(np.float32)
    write_image(first / "images" / "sub-01_T2w.nii.gz", values, AFFINE)
    _margins(first / "margins.json")
    where = ("-i", "{root}/images", "-o", "{root}/out", "-m", f"{{root}}/{model}", "--localizer", f"{{root}}/{model}")
    arguments = ("predict", *where, "-device", "cpu", "--disable_tta", "--margins-file", "{root}/margins.json")
    shutil.copytree(first, done)
    with nnunet_folders(done):
        run(*(part.replace("{root}", str(done)) for part in arguments))
    told = [file.relative_to(done).as_posix() for file in (done / "out").rglob("*") if file.suffix in (".json", ".tsv")]
    files = (f"{model}/dataset.json", f"{model}/plans.json", "margins.json")
    return [
        Scene("predict", arguments, files, nnunet=True),
        Scene("continue", (*arguments, "--continue_prediction"), tuple(sorted(told)), nnunet=True),
    ]


def _parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _toml(content: dict[str, object], above: str = "") -> str:
    """Write TOML of texts, numbers, lists and tables."""
    import json

    plain = [
        f"{json.dumps(key)} = {json.dumps(value)}" for key, value in content.items() if not isinstance(value, dict)
    ]
    tables = ""
    for key, value in content.items():
        if isinstance(value, dict):
            name = f"{above}{json.dumps(key)}"
            tables += f"[{name}]\n{_toml(value, f'{name}.')}"
    return "\n".join([*plain, ""]) + tables
