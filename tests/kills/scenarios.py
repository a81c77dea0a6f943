"""Every verb that writes, each on inputs as small as they can be."""

import io
import json
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.environment import environment_variable
from nnunet_ext.core.nifti_write import write_image, write_mask
from tests.active_learning.loop import Loop
from tests.cascade.field import CORD, Field, drawn
from tests.cascade.prediction.tiny_model import TinyModel
from tests.conftest import SmallBids
from tests.kills.scenario import Scenario
from tests.report.made_evaluation import MadeCase, MadeEvaluation

MODEL: Final = "Dataset900_Tiny/nnUNetTrainer__nnUNetPlans__tiny"
_GRID: Final = np.diag([-1.0, 1.0, 2.0, 1.0])
_NNUNET: Final = {
    "nnUNet_extModels": "{root}/models",
    "nnUNet_raw": "{root}/raw",
    "nnUNet_preprocessed": "{root}/preprocessed",
    "nnUNet_results": "{root}/results",
}
_CONVERT: Final = ("convert", "{root}/site", "-d", "7", "-n", "Cord", "--pictures", "1")
_PREDICT: Final = ("predict", "-m", MODEL, "-device", "cpu", "--disable_tta", "-o", "{root}/out")
_CROP: Final = ("crop-dataset", "501", "-d", "502", "-n", "Boxed", "--no-oof-check", "--cords", "{root}/cords")
_EXPORT: Final = ("model", "export", f"{{root}}/results/{MODEL}", "-o", "{root}/shared/model.zip")


def nothing(root: Path) -> None:
    """Need no input."""


def bids(root: Path) -> None:
    """Three patients, one of whom has no lesion."""
    site = SmallBids(root / "site")
    for number in range(3):
        site.case(f"sub-{number}_T2w", lesion=number > 0)


def grown(root: Path) -> None:
    """A dataset, its folds where nnU-Net has them, and a patient more in its source."""
    bids(root)
    _main(root, *_CONVERT)
    raw = root / "raw" / "Dataset007_Cord"
    copied = root / "preprocessed" / raw.name / "splits_final.json"
    write_json(copied, json.loads((raw / copied.name).read_text()))
    SmallBids(root / "site").case("sub-9_T2w")


def changed(root: Path) -> None:
    """A dataset with another mask in its source than it was made from."""
    grown(root)
    SmallBids(root / "site").labels("sub-1_T2w", lesion=False)


def field(root: Path) -> None:
    """A raw dataset with a wide field of view, and the cords that a localizer would predict."""
    made = Field(root)
    made.write(["a", "b"], ["t"])
    for case in ("a", "b", "t"):
        made.cord(case, drawn(CORD))


def boxed(root: Path) -> None:
    """A boxed dataset of which a cord has changed."""
    field(root)
    _main(root, *_CROP)
    Field(root).cord("b", np.roll(drawn(CORD), 1, axis=0))


def planned(root: Path) -> None:
    """Plans of two planners for a boxed dataset."""
    configurations = {"3d_fullres": {"use_mask_for_norm": [True], "data_identifier": "x"}}
    for name in ("nnUNetPlans", "nnUNetResEncUNetMPlans"):
        write_json(root / "preprocessed" / "Dataset502_Boxed" / f"{name}.json", {"configurations": configurations})


def images(root: Path) -> None:
    """A model with the weights of chance, and two images."""
    TinyModel(folds=2).write(root / "results" / MODEL)
    for number in range(2):
        values = np.random.default_rng(number).normal(100, 20, (10, 18, 18)).astype(np.float32)
        write_image(root / "images" / f"case{number}_0000.nii.gz", values, np.diag([-1.0, 1.0, 1.0, 1.0]))


def predicted(root: Path) -> None:
    """The same, with the first image predicted, then another model."""
    images(root)
    _main(root, *_PREDICT, "-i", str(root / "images"), "-f", "0")


def masks(root: Path) -> None:
    """Cords and lesions of three cases, by three hands."""
    for wider, rater in enumerate(("hand", "one", "two")):
        for number in range(3):
            cord, lesion = np.zeros((16, 20, 12), np.uint8), np.zeros((16, 20, 12), np.uint8)
            cord[4:12, 6:14] = 1
            lesion[6:8, 8 : 10 + wider, 3 : 6 + number] = 1
            anat = root / rater / f"sub-{number}" / "anat"
            write_mask(anat / f"sub-{number}_label-SC_desc-T2w_mask.nii.gz", cord, _GRID)
            write_mask(anat / f"sub-{number}_label-lesion_desc-T2w_mask.nii.gz", lesion, _GRID)


def compared(root: Path) -> None:
    """What `evaluate` left of two methods."""
    masks(root)
    for rater in ("one", "two"):
        _main(root, "evaluate", str(root / "hand"), str(root / rater), "-o", str(root / f"scores_{rater}"))


def measured(root: Path) -> None:
    """What `biomarkers` left of an earlier run with another threshold."""
    masks(root)
    _main(root, "biomarkers", "--lesion", str(root / "one"), "-o", str(root / "out"), "--threshold", "0.2")


def evaluated(root: Path) -> None:
    """An evaluation of two cases with their images."""
    MadeEvaluation(root, (24, 28, 8)).write([MadeCase("sub-1_T2w"), MadeCase("sub-2_T2w", site="south")])


def model(root: Path) -> None:
    """A trained model, and its zip."""
    TinyModel().write(root / "results" / MODEL)
    _main(root, "model", "export", str(root / "results" / MODEL), "-o", str(root / "model.zip"))


def replaced(root: Path) -> None:
    """A zip, and another model of its name that was imported."""
    model(root)
    plans = root / "results" / MODEL / "plans.json"
    write_json(plans, {**json.loads(plans.read_text()), "comment": "another"})


def unlabelled(root: Path) -> None:
    """A pool, and the models that come with the package."""
    Loop(root).write()


def _main(root: Path, *arguments: str) -> None:
    """Make an input with a verb: in this process, which so imports all that the verb needs."""
    with ExitStack() as stack:
        for name, text in _NNUNET.items():
            stack.enter_context(environment_variable(name, text.replace("{root}", str(root))))
        for stream in (redirect_stdout, redirect_stderr):
            stack.enter_context(stream(io.StringIO()))
        assert main([text.replace("{root}", str(root)) for text in arguments]) == 0


_QUICKLY: Final = ("--bootstrap", "100", "--metrics")

SCENARIOS: Final = tuple(
    Scenario(name, prepare, arguments, variables=_NNUNET)
    for name, prepare, arguments in (
        ("env", nothing, ("env", "--root", "{root}/nnunet")),
        ("phantom", nothing, ("phantom", "{root}/out", "--sites", "axial-ms", "--patients", "1")),
        ("inject", bids, ("inject", "{root}/site", "-o", "{root}/out", "--own-lesions")),
        ("convert", bids, _CONVERT),
        ("convert --write-plan", bids, (*_CONVERT, "--write-plan", "{root}/plan")),
        ("convert --append", grown, (*_CONVERT, "--append")),
        ("convert --update", changed, (*_CONVERT, "--update")),
        ("crop-dataset", field, _CROP),
        ("crop-dataset --update", boxed, (*_CROP, "--update")),
        ("crop-dataset --fix-plans", planned, ("crop-dataset", "--fix-plans", "502")),
        (
            "predict", images,
            (*_PREDICT, "-i", "{root}/images", "--save_probabilities", "--disagreement", "--centreline"),
        ),
        ("predict --naming nnunet", images, (*_PREDICT, "-i", "{root}/images", "--naming", "nnunet")),
        ("predict --continue_prediction", images, (*_PREDICT, "-i", "{root}/images", "--continue_prediction")),
        ("predict --force", predicted, (*_PREDICT, "-i", "{root}/images", "--force")),
        ("evaluate", masks, ("evaluate", "{root}/hand", "{root}/one", "-o", "{root}/out")),
        (
            "evaluate --force", compared,
            ("evaluate", "{root}/hand", "{root}/two", "-o", "{root}/scores_one", "--force"),
        ),
        ("biomarkers", masks, ("biomarkers", "--lesion", "{root}/one", "-o", "{root}/out")),
        (
            "biomarkers --n-procs 2", masks,
            ("biomarkers", "--lesion", "{root}/one", "-o", "{root}/out", "--n-procs", "2"),
        ),
        ("biomarkers --force", measured, ("biomarkers", "--lesion", "{root}/one", "-o", "{root}/out", "--force")),
        (
            "agreement", compared,
            ("agreement", "{root}/scores_one", "{root}/scores_two", "-o", "{root}/out", *_QUICKLY, "dsc"),
        ),
        (
            "agreement --reference", masks,
            (
                *("agreement", "{root}/one", "{root}/two", "--reference", "{root}/hand", "-o", "{root}/out"),
                *(*_QUICKLY, "dsc,total_volume_mm3"),
            ),
        ),
        ("agreement --raters", masks, ("agreement", "--raters", "{root}/hand", "{root}/one", "-o", "{root}/out")),
        ("active init", unlabelled, ("active", "init", "{root}/rounds", "--pool", "{root}/geneva")),
        ("report", evaluated, ("report", "{root}/evaluated", "-o", "{root}/out", "--viewer")),
        ("model export", model, _EXPORT),
        ("model verify", model, ("model", "verify", "{root}/model.zip")),
        ("model import --force", replaced, ("model", "import", "{root}/model.zip", "--force")),
    )
)  # fmt: skip
