"""Models that nobody vouches for, named on the command line of `predict`: as strictly held as those of an import."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_write import write_image
from tests.cascade.prediction.tiny_model import TinyModel, noise
from tests.core.test_read_checkpoint import saved, sound
from tests.models.test_check_configuration import CHANGES, arguments, tiny

Told = pytest.CaptureFixture[str]
WEIGHTS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda plans: arguments(plans).update(features_per_stage=[65_000] * 3), "are not those of the network"),
    (lambda plans: arguments(plans).update(kernel_sizes=[[999] * 3] * 3), "are not those of the network"),
    (lambda plans: arguments(plans).update(n_stages=2), "no network can be built of it"),
    (lambda plans: arguments(plans).update(conv_op="torch.nn.modules.conv.Conv2d"), "are not those of the network"),
    (lambda plans: arguments(plans).update(surprise=1), "no network can be built of it"),
    (lambda plans: tiny(plans).update(patch_size=[9, 16, 16]), "no network can be built of it"),
    (lambda plans: tiny(plans)["architecture"].update(network_class_name="os.system"), "os.system"),
    (lambda plans: tiny(plans).update(inherits_from="tiny"), "inherits from itself"),
    (lambda plans: plans.update(image_reader_writer=["NibabelIO"]), "image_reader_writer"),
]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    volume = noise((8, 16, 16))
    write_image(tmp_path / "image.nii.gz", volume.data, volume.affine)
    return tmp_path / "image.nii.gz"


@pytest.mark.parametrize("number", range(len(WEIGHTS)))
@pytest.mark.parametrize("flag", ["-m", "--localizer"])
def test_a_crafted_plan_is_refused_by_name_before_anything_is_built_or_written(
    tmp_path: Path, image: Path, capsys: Told, one_thread: None, flag: str, number: int
) -> None:
    change, reason = WEIGHTS[number]
    good, bad = TinyModel().write(tmp_path / "good"), TinyModel().write(tmp_path / "bad")
    plans = json.loads((bad / "plans.json").read_text())
    change(plans)
    (bad / "plans.json").write_text(json.dumps(plans))
    models = ["-m", str(bad)] if flag == "-m" else ["-m", str(good), "--localizer", str(bad)]
    assert main(["predict", "-i", str(image), "-o", str(tmp_path / "out"), *models, "-device", "cpu"]) == 6
    told = capsys.readouterr().err
    assert reason in told
    assert "ask its authors for the zip that `nnunet_ext model export` writes" in told
    assert not (tmp_path / "out").exists()


def test_every_plan_that_an_import_refuses_is_refused_here(
    tmp_path: Path, image: Path, capsys: Told, one_thread: None
) -> None:
    model = TinyModel().write(tmp_path / "model")
    sound_plans = (model / "plans.json").read_text()
    for change, _ in CHANGES:
        plans = json.loads(sound_plans)
        change(plans)
        (model / "plans.json").write_text(json.dumps(plans))
        assert main(["predict", "-i", str(image), "-o", str(tmp_path / "out"), "-m", str(model)]) == 6
        assert "ask its authors for the zip" in capsys.readouterr().err


def test_a_tensor_of_gigabytes_in_a_file_of_bytes_is_refused(
    tmp_path: Path, image: Path, capsys: Told, one_thread: None
) -> None:
    import torch

    model = TinyModel().write(tmp_path / "model")
    weights = {"weight": torch.zeros(1).expand(10**12)}
    saved(
        model / "fold_0" / "checkpoint_final.pth", sound(network_weights=weights, init_args={"configuration": "tiny"})
    )
    assert main(["predict", "-i", str(image), "-o", str(tmp_path / "out"), "-m", str(model)]) == 6
    assert "reads the same number again and again" in capsys.readouterr().err


def test_a_shared_model_that_was_changed_since_is_refused(
    tmp_path: Path, image: Path, capsys: Told, one_thread: None
) -> None:
    model = TinyModel().write(tmp_path / "model")
    files = {"plans.json": {"sha256": "0" * 64, "size": 1}}
    (model / "manifest.json").write_text(json.dumps({"schema": "nnunet_ext/model", "files": files}))
    assert main(["predict", "-i", str(image), "-o", str(tmp_path / "out"), "-m", str(model)]) == 6
    assert "is not the file that manifest.json describes; import the model again" in capsys.readouterr().err


def test_voxels_that_would_fill_the_memory_are_refused_image_by_image(
    tmp_path: Path, image: Path, capsys: Told, one_thread: None
) -> None:
    model = TinyModel(spacing=(0.002, 0.002, 0.002)).write(tmp_path / "model")
    fixed = ["predict", "-i", str(image), "-o", str(tmp_path / "out"), "-m", str(model), "-device", "cpu"]
    assert main(fixed) == 3
    assert "more than a memory holds; look at the image's voxel sizes" in capsys.readouterr().err
