"""A trained model as nnU-Net keeps it, and reading its checkpoints without running anything that stands in them."""

import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.model_name import is_plain_name, is_trainer_name

if TYPE_CHECKING:
    from torch import Tensor

_AXES: Final = (0, 1, 2)
_NUMBERS: Final = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})
# No subtype, no names, no fields, sizes of the type, no flags.
_STATE_AFTER_ORDER: Final = (None, None, None, -1, -1, 0)
_STATE_VERSION: Final = 3


@dataclass(frozen=True)
class Checkpoint:
    """What nnU-Net's predictor takes from a checkpoint.

    Parameters
    ----------
    weights
        The network's state, by parameter name.
    trainer
        Name of the class whose network it is.
    configuration
        Which of the plans' configurations.
    mirroring_axes
        Axes of the patch that prediction may mirror; None for none.
    """

    weights: Mapping[str, "Tensor"]
    trainer: str
    configuration: str
    mirroring_axes: tuple[int, ...] | None


@dataclass(frozen=True)
class TrainedFold:
    """The weights of one fold.

    Parameters
    ----------
    name
        `0` to `4`, or `all`.
    weights
        The network's state, by parameter name.
    sha256
        Of the checkpoint's file.
    """

    name: str
    weights: Mapping[str, "Tensor"]
    sha256: str


@dataclass(frozen=True)
class TrainedModel:
    """All that prediction needs of a model.

    Parameters
    ----------
    name
        `DatasetXXX_NAME/TRAINER__PLANS__CONFIGURATION`, or the folder's own name where it is none of nnU-Net's.
    plans, dataset_json
        Content of its `plans.json` and `dataset.json`.
    trainer
        Name of the class that builds the network.
    mirroring_axes
        Axes of the patch that prediction may mirror; None for none.
    folds
        At least one; of several the mean of their logits is taken, as nnU-Net does.
    """

    name: str
    plans: Mapping[str, Any]
    dataset_json: Mapping[str, Any]
    configuration: str
    trainer: str
    mirroring_axes: tuple[int, ...] | None
    folds: tuple[TrainedFold, ...]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint with `torch.load(weights_only=True)` and stand-ins for numpy's numbers.

    There is no other way to read it: where this one fails, the file is refused. Weights are mapped, not copied.

    Raises
    ------
    UnsafeModelError
        Where it names anything but tensors, numbers, texts and containers, is damaged, or is no model's.
    """
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    _refuse_packed(path)
    try:
        with torch.serialization.safe_globals(number_stand_ins()):
            content = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise UnsafeModelError(
            f"{path.name}: cannot be read without running what stands in it, or is damaged: "
            f"{_gist(reason) or type(error).__name__}. There is no other way to load it; ask its authors for a "
            f"checkpoint that `torch.load(weights_only=True)` reads, such as `nnunet_ext model export` writes"
        ) from error
    return _understood(content, path)


def _gist(lines: list[str]) -> str:
    """Find the sentence that names the culprit in torch's long advice, part of which is to load unsafely."""
    told = [line.strip() for line in lines if "GLOBAL" in line or "unsupported" in line.lower()]
    return (told or lines or [""])[0][:200]


def _refuse_packed(path: Path) -> None:
    """Refuse packed records: a checkpoint is itself a zip, and torch would inflate a bomb in memory."""
    try:
        with zipfile.ZipFile(path) as records:
            entries = records.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UnsafeModelError(f"{path.name}: no checkpoint of torch's own kind, or damaged: {error}") from error
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise UnsafeModelError(f"{path.name}: holds packed records, which torch never writes")
    if len({entry.filename for entry in entries}) < len(entries):
        raise UnsafeModelError(f"{path.name}: holds a record twice")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise UnsafeModelError(f"{path.name}: its records overlap")
    _refuse_calls(path)


def _refuse_calls(path: Path) -> None:
    """Refuse the one call among those that torch allows which makes gigabytes of a number: `bytearray(10**11)`."""
    try:
        with zipfile.ZipFile(path) as records:
            programs = [records.read(name) for name in records.namelist() if name.endswith("data.pkl")]
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, struct.error) as error:
        raise UnsafeModelError(f"{path.name}: no checkpoint of torch's own kind, or damaged: {error}") from error
    if any(b"bytearray" in program for program in programs):
        raise UnsafeModelError(f"{path.name}: asks for a bytearray, which no model is made of")


def _understood(content: Any, path: Path) -> Checkpoint:  # noqa: ANN401 - whatever the file held
    if not isinstance(content, dict) or not isinstance(content.get("init_args"), dict):
        raise UnsafeModelError(f"{path.name}: a checkpoint of nnU-Net was needed, with network_weights and init_args")
    trainer, configuration = content.get("trainer_name"), content["init_args"].get("configuration")
    if not isinstance(trainer, str) or not is_trainer_name(trainer):
        raise UnsafeModelError(f"{path.name}: a trainer's name, nnUNetTrainer..., was needed, found {trainer!r:.80}")
    if not is_plain_name(configuration):
        raise UnsafeModelError(f"{path.name}: a configuration's name was needed, found {configuration!r:.80}")
    axes = content.get("inference_allowed_mirroring_axes")
    if axes is not None and not (isinstance(axes, (list, tuple)) and all(map(_is_axis, axes))):
        raise UnsafeModelError(f"{path.name}: axes to mirror were needed, found {axes!r:.80}")
    return Checkpoint(
        weights=_weights(content.get("network_weights"), path),
        trainer=trainer,
        configuration=configuration,
        mirroring_axes=None if axes is None else tuple(int(axis) for axis in axes),
    )


def _is_axis(axis: object) -> bool:
    return isinstance(axis, int) and not isinstance(axis, bool) and axis in _AXES


def _weights(weights: object, path: Path) -> Mapping[str, "Tensor"]:
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    if not isinstance(weights, dict) or not weights:
        raise UnsafeModelError(f"{path.name}: holds no network_weights")
    for name, tensor in weights.items():
        plain = isinstance(tensor, torch.Tensor) and tensor.layout is torch.strided and tensor.device.type == "cpu"
        if not isinstance(name, str) or not plain or tensor.is_quantized or tensor.is_complex():
            raise UnsafeModelError(f"{path.name}: network_weights hold something other than named dense tensors")
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise UnsafeModelError(f"{path.name}: {name!r:.100} reads the same number again and again")
    return weights


class _NumberType:
    """What stands in for `numpy.dtype`: a plain numeric one as `dtype.__reduce__` writes it, and nothing else.

    nnU-Net logs numpy scalars, which `torch.load(weights_only=True)` refuses. numpy's own constructors would accept
    types of objects, of fields and with made-up flags, and take the bytes for pointers; the stand-ins accept what a
    number is pickled as, to the letter, and give a Python number.
    """

    _name: str
    _order: str

    def __new__(cls, *arguments: object) -> "_NumberType":  # not __init__, which a pickle can pass over
        name, *flags = arguments or (None,)
        if not isinstance(name, str) or name not in _NUMBERS or flags != [False, True]:
            raise UnpicklingError(f"a numeric data type was needed, found {arguments!r:.60}")
        made = super().__new__(cls)
        made._name, made._order = name, "<"
        return made

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or state[:1] != (_STATE_VERSION,) or state[2:] != _STATE_AFTER_ORDER:
            raise UnpicklingError(f"the state of a plain numeric data type was needed, found {state!r}")
        if state[1] not in ("<", ">", "|"):
            raise UnpicklingError(f"a byte order was needed, found {state[1]!r}")
        self._order = state[1]

    def number(self, raw: object) -> Any:  # noqa: ANN401 - any of Python's numbers
        """Read one number of this type."""
        kind = np.dtype(self._order + self._name)
        if not isinstance(raw, bytes) or len(raw) != kind.itemsize:
            raise UnpicklingError(f"{kind.itemsize} bytes of one number were needed, found {raw!r:.60}")
        return np.frombuffer(raw, kind)[0].item()


def _scalar(kind: object, raw: object) -> Any:  # noqa: ANN401 - any of Python's numbers
    if not isinstance(kind, _NumberType):
        raise UnpicklingError(f"a numeric data type was needed, found {kind!r:.60}")
    return kind.number(raw)


def number_stand_ins() -> list[Any]:
    """Give what `torch.serialization.safe_globals` takes: each stand-in with the name that it answers to."""
    return [
        (_NumberType, "numpy.dtype"),
        (_scalar, "numpy._core.multiarray.scalar"),
        (_scalar, "numpy.core.multiarray.scalar"),  # its place before numpy 2
    ]
