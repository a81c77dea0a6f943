import os
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import pytest

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.read_checkpoint import number_stand_ins, read_checkpoint


class RunsWhenUnpickled:
    """What an attacker would put into a checkpoint."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch '{self.marker}'",)


def sound(**changes: object) -> dict[str, Any]:
    import torch

    content = {
        "network_weights": {"weight": torch.ones(2)},
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": "3d_fullres"},
        "inference_allowed_mirroring_axes": (0, 1),
    }
    return {**content, **changes}


def saved(path: Path, content: object, **options: bool) -> Path:
    import torch

    torch.save(content, path, **options)
    return path


def test_a_checkpoint_that_would_run_code_runs_none(tmp_path: Path) -> None:
    marker = tmp_path / "it ran"
    path = saved(tmp_path / "checkpoint_final.pth", sound(logging=RunsWhenUnpickled(marker)))
    with pytest.raises(UnsafeModelError, match="system"):
        read_checkpoint(path)
    assert not marker.exists()
    import torch

    torch.load(path, weights_only=False)  # the file is what it is meant to be
    assert marker.exists()


def test_the_environment_cannot_turn_safe_reading_off(tmp_path: Path) -> None:
    marker = tmp_path / "it ran"
    path = saved(tmp_path / "checkpoint_final.pth", sound(logging=RunsWhenUnpickled(marker)))
    code = (
        "import sys; from pathlib import Path\n"
        "from nnunet_ext.core.read_checkpoint import read_checkpoint\n"
        "read_checkpoint(Path(sys.argv[1]))"
    )
    environment = {**os.environ, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], env=environment, capture_output=True, text=True, check=False
    )
    assert "UnsafeModelError" in done.stderr
    assert not marker.exists()


def test_a_script_in_place_of_weights_is_refused(tmp_path: Path) -> None:
    import torch

    path = tmp_path / "checkpoint_final.pth"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would rather have nobody make such files
        torch.jit.save(torch.jit.script(torch.nn.ReLU()), path)
    with pytest.raises(UnsafeModelError):
        read_checkpoint(path)


def test_the_old_format_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "checkpoint_final.pth", sound(), _use_new_zipfile_serialization=False)
    with pytest.raises(UnsafeModelError, match="no checkpoint of torch's own kind"):
        read_checkpoint(path)


def test_packed_records_are_refused_since_torch_would_unpack_them(tmp_path: Path) -> None:
    path = saved(tmp_path / "plain.pth", sound())
    packed = tmp_path / "checkpoint_final.pth"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as sink:
        for name in source.namelist():
            sink.writestr(name, source.read(name))
    with pytest.raises(UnsafeModelError, match="packed records"):
        read_checkpoint(packed)


def test_a_checkpoint_of_a_gpu_is_read_without_one(tmp_path: Path) -> None:
    plain, on_gpu = saved(tmp_path / "plain.pth", sound()), tmp_path / "checkpoint_final.pth"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(on_gpu, "w") as sink:
        for name in source.namelist():
            sink.writestr(name, source.read(name).replace(b"\x03\0\0\0cpu", b"\x06\0\0\0cuda:0"))
    assert on_gpu.read_bytes().count(b"cuda:0") == 1
    assert read_checkpoint(on_gpu).weights["weight"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("kept", [0, 100, -200])
def test_a_truncated_checkpoint_is_refused(tmp_path: Path, kept: int) -> None:
    path = saved(tmp_path / "checkpoint_final.pth", sound())
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UnsafeModelError, match="damaged"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"trainer_name": "os.system"}, "a trainer's name"),
        ({"trainer_name": "MyTrainer"}, "a trainer's name"),
        ({"trainer_name": "nnUNetTrainer/../x"}, "a trainer's name"),
        ({"trainer_name": None}, "a trainer's name"),
        ({"init_args": {"configuration": "../x"}}, "a configuration's name"),
        ({"init_args": None}, "of nnU-Net"),
        ({"network_weights": {}}, "no network_weights"),
        ({"network_weights": {"weight": "text"}}, "named dense tensors"),
        ({"network_weights": {1: np.float32(1)}}, "named dense tensors"),
        ({"inference_allowed_mirroring_axes": (7,)}, "axes to mirror"),
    ],
)
def test_what_is_no_model_of_nnunet_is_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnsafeModelError, match=reason):
        read_checkpoint(saved(tmp_path / "checkpoint_final.pth", sound(**changes)))


def test_numbers_of_numpy_are_read_as_plain_numbers(tmp_path: Path) -> None:
    import torch

    numbers = [np.dtype(kind).type(3) for kind in "?bhilBHILefd"]
    path = saved(tmp_path / "numbers.pth", numbers)
    with torch.serialization.safe_globals(number_stand_ins()):
        read = torch.load(path, weights_only=True)
    assert read == numbers
    assert {type(number) for number in read} == {bool, int, float}


@pytest.mark.parametrize(
    "odd",
    [np.array([1.0]), np.str_("text"), np.datetime64("2020-01-01"), np.void(b"12"), np.complex128(1), np.dtype("O")],
)
def test_anything_else_of_numpy_is_refused(tmp_path: Path, odd: object) -> None:
    with pytest.raises(UnsafeModelError):
        read_checkpoint(saved(tmp_path / "checkpoint_final.pth", sound(logging=odd)))


@pytest.mark.parametrize(
    "state",
    [
        (3, "<", None, None, None, -1, -1, 63),  # flags that make numpy take the bytes for pointers
        (3, "<", None, ("f",), {"f": None}, -1, -1, 0),
        (3, "x", None, None, None, -1, -1, 0),
        (4, "<", None, None, None, -1, -1, 0, {}),
        None,
    ],
)
def test_a_number_with_made_up_flags_is_refused(state: object) -> None:
    stand_in = number_stand_ins()[0][0]("f8", False, True)
    with pytest.raises(UnpicklingError):
        stand_in.__setstate__(state)


@pytest.mark.parametrize("arguments", [(), ("O",), ("O", False, True), ("f8",), ("f8", True, True), (["f8"],)])
def test_a_type_that_is_no_plain_number_cannot_be_made(arguments: tuple[object, ...]) -> None:
    stand_in = number_stand_ins()[0][0]
    for make in (stand_in, lambda *given: stand_in.__new__(stand_in, *given)):
        with pytest.raises(UnpicklingError):
            make(*arguments)
