import pickle
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nnunetv2.postprocessing.remove_connected_components import (
    apply_postprocessing,
    remove_all_but_largest_component_from_segmentation,
)

from nnunet_ext.cascade.prediction.post_process import post_process
from nnunet_ext.cascade.prediction.post_processing import OutsideCord, PostProcessing
from nnunet_ext.cli.main import main
from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.models.postprocessing_file import find_postprocessing, postprocessing_bytes, read_postprocessing
from tests.cascade.prediction.tiny_model import CORD_LESION, TinyModel, noise
from tests.core.test_read_checkpoint import RunsWhenUnpickled
from tests.models.conftest import MODEL, SHARED, Trained, changed

Told = pytest.CaptureFixture[str]
LARGEST = remove_all_but_largest_component_from_segmentation


def saved(file: Path, *regions: object) -> Path:
    """Write it as nnU-Net's `save_pickle` does."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pickle.dumps(([LARGEST] * len(regions), [{"labels_or_regions": one} for one in regions])))
    return file


@pytest.mark.parametrize(
    ("regions", "steps"),
    [
        ([[np.int64(1), np.int64(2)]], ((1, 2),)),  # as nnU-Net's foreground labels are
        ([(1, 2), 2], ((1, 2), (2,))),
        ([[(1, 2), 3]], ((1, 2, 3),)),
        ([], ()),
    ],
)
def test_what_nnunet_writes_is_read(tmp_path: Path, regions: list[object], steps: tuple[tuple[int, ...], ...]) -> None:
    assert read_postprocessing(saved(tmp_path / "postprocessing.pkl", *regions)) == steps
    again = tmp_path / "again.pkl"
    again.write_bytes(postprocessing_bytes(steps))
    assert read_postprocessing(again) == steps
    assert pickle.loads(again.read_bytes())[0] == [LARGEST] * len(steps)  # noqa: S301 - our own


CRAFTED: list[Callable[[Path], Any]] = [
    RunsWhenUnpickled,
    lambda marker: ([LARGEST], [{"labels_or_regions": RunsWhenUnpickled(marker)}]),
    lambda _: ([partial], [{}]),
    lambda _: ([LARGEST], [{"labels_or_regions": 1, "background_label": 7}]),
    lambda _: ([LARGEST], [{"labels_or_regions": "x"}]),
    lambda _: ([LARGEST], []),
    lambda _: ([LARGEST] * 5000, [{"labels_or_regions": 1}] * 5000),
    lambda _: {"a": 1},
    lambda _: "x" * (1 << 21),
]


@pytest.mark.parametrize("number", range(len(CRAFTED)))
def test_a_pickle_that_says_anything_else_is_refused_and_runs_nothing(tmp_path: Path, number: int) -> None:
    marker, file = tmp_path / "it ran", tmp_path / "postprocessing.pkl"
    file.write_bytes(pickle.dumps(CRAFTED[number](marker)))
    with pytest.raises(UnsafeModelError, match="--no-model-postprocessing"):
        read_postprocessing(file)
    assert not marker.exists()


@pytest.mark.parametrize("raw", [b"", b"\x80", b"\x80\x04r\xff\xff\xff\xff.", b"garbage", b"(" * 100_000 + b"."])
def test_a_damaged_pickle_and_one_of_gigabytes_are_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "postprocessing.pkl").write_bytes(raw)
    with pytest.raises(UnsafeModelError, match="could run code"):
        read_postprocessing(tmp_path / "postprocessing.pkl")


def test_that_of_the_folds_comes_before_that_of_others(tmp_path: Path) -> None:
    assert find_postprocessing(tmp_path, ["0"]) is None
    five = saved(tmp_path / "crossval_results_folds_0_1_2_3_4" / "postprocessing.pkl")
    assert find_postprocessing(tmp_path, ["0"]) == five
    one = saved(tmp_path / "crossval_results_folds_0" / "postprocessing.pkl")
    assert find_postprocessing(tmp_path, ["0"]) == one
    assert find_postprocessing(tmp_path, ["1", "0"]) is None
    own = saved(tmp_path / "postprocessing.pkl")
    assert find_postprocessing(tmp_path, ["0"]) == own


@pytest.mark.parametrize("regions", [[[1, 2]], [(1, 2), 2], [2], [(1, 2)], [7]])
def test_masks_become_what_nnunet_s_own_function_makes_of_them(tmp_path: Path, regions: list[Any]) -> None:
    labels = (np.random.default_rng(5).random((9, 11, 8)) > 0.85).astype(np.int16)
    labels[2:5, 3:6, 2:5] = 1
    labels[3, 4, 2:4] = labels[7, 8:10, 5] = 2
    expected = apply_postprocessing(labels, [LARGEST] * len(regions), [{"labels_or_regions": one} for one in regions])
    steps = read_postprocessing(saved(tmp_path / "postprocessing.pkl", *regions))
    labelling = Labelling.of_dataset_json(CORD_LESION)
    rules = PostProcessing(largest_of=steps, outside_cord=OutsideCord.KEEP)
    done = post_process(labelling.take(labels), labelling, np.eye(4), rules)
    np.testing.assert_array_equal(labelling.draw(done.masks), expected)
    assert sum(change.voxels for change in done.changes) == np.count_nonzero(labels != expected)


def test_predict_applies_it_and_says_so(tmp_path: Path, capsys: Told, one_thread: None) -> None:
    model = TinyModel().write(tmp_path / "model")
    volume = noise((12, 16, 16))
    write_image(tmp_path / "case_0000.nii.gz", volume.data, volume.affine)
    fixed = ["predict", "-i", str(tmp_path / "case_0000.nii.gz"), "-m", str(model), "-device", "cpu", "--disable_tta"]
    fixed += ["--naming", "nnunet", "--threshold", "0.6", "-o"]  # few voxels, so that they make several components
    assert main([*fixed, str(tmp_path / "without")]) == 0
    assert "postprocessing" not in capsys.readouterr().err
    saved(model / "postprocessing.pkl", 2)
    assert main([*fixed, str(tmp_path / "with")]) == 0
    told = capsys.readouterr().err
    assert "of label 2 the largest component stays; without it: --no-model-postprocessing" in told
    assert main([*fixed, str(tmp_path / "asked"), "--no-model-postprocessing"]) == 0
    found = {}
    for name in ("without", "with", "asked"):
        (file,) = (tmp_path / name).glob("*.nii.gz")
        found[name] = read_mask(file).data
    expected = LARGEST(found["without"], 2)
    assert np.count_nonzero(expected) < np.count_nonzero(found["without"])
    np.testing.assert_array_equal(found["with"], expected)
    np.testing.assert_array_equal(found["asked"], found["without"])
    (model / "postprocessing.pkl").write_bytes(pickle.dumps(RunsWhenUnpickled(tmp_path / "it ran")))
    assert main([*fixed, str(tmp_path / "evil")]) == 6
    assert not (tmp_path / "it ran").exists()


def test_it_travels_with_the_model_and_a_crafted_one_does_not(
    trained: Trained, tmp_path: Path, results: Path, capsys: Told
) -> None:
    model = Path(shutil.copytree(trained.folder, tmp_path / MODEL))
    evil = pickle.dumps(RunsWhenUnpickled(tmp_path / "it ran"))
    saved(model / "crossval_results_folds_0" / "postprocessing.pkl", (1, 2), 2)
    assert main(["model", "export", str(model), "-o", str(tmp_path / "model.zip")]) == 0
    assert main(["model", "import", str(tmp_path / "model.zip")]) == 0
    assert read_postprocessing(results / SHARED / "postprocessing.pkl") == ((1, 2), (2,))
    for name in (f"{SHARED}/postprocessing.pkl", f"{SHARED}/crossval_results_folds_0/postprocessing.pkl"):
        stock = {f"{SHARED}/manifest.json": None, f"{SHARED}/MODEL_CARD.md": None}
        crafted = changed(tmp_path / "model.zip", tmp_path / "crafted.zip", {**stock, name: evil})
        assert main(["model", "import", str(crafted), "--force"]) == 6
        assert "could run code" in capsys.readouterr().err
    assert not (tmp_path / "it ran").exists()
