"""A network on the disk: settings as JSON, weights as safetensors, neither of which can run code."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.network.architecture import build_network
from nnunet_ext.classification.network.network import Network
from nnunet_ext.classification.network.settings import NetworkSettings, parse_settings
from nnunet_ext.core.atomic import write_bytes, write_json
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError, UnsafeModelError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.require_classify import require_classify

if TYPE_CHECKING:
    from safetensors import safe_open

JSON_FILE: Final = "network.json"
"""Settings, channels and diagnoses."""

WEIGHTS_FILE: Final = "network.safetensors"
"""Parameters and buffers."""

_FORMAT: Final = "nnunet_ext classification network"
_VERSION: Final = 1
_KEYS: Final = ("format", "version", "channels", "diagnoses", "settings")
_NEEDED: Final = "the settings of a classification network were needed"
_CURE: Final = "import the classifier again, or train it again"
_MOST_NAMES: Final = 1000
_RUNS_CODE: Final = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # torch's zip, and pickles
_TYPES: Final = {"float32": "F32", "int64": "I64"}

Weights = Mapping[str, npt.NDArray[Any]]


def write_network(folder: Path, network: Network) -> None:
    """Write `network.safetensors`, then `network.json`, each atomically; the same network gives the same bytes.

    Raises
    ------
    DataRefusedError
        Where a weight is NaN or infinite: such a network predicts nothing.
    EnvironmentProblemError
        Where safetensors is not installed.
    """
    safetensors = require_classify("safetensors.numpy")
    wrong = [name for name, values in network.weights.items() if not np.isfinite(values).all()]
    if wrong:
        raise DataRefusedError(f"{wrong[0]} holds NaN or infinite weights: the training diverged; train again")
    weights = {name: np.asarray(network.weights[name], order="C") for name in sorted(network.weights)}
    write_bytes(folder / WEIGHTS_FILE, safetensors.save(weights))
    said = (_FORMAT, _VERSION, list(network.channels), list(network.diagnoses), network.settings.content())
    write_json(folder / JSON_FILE, dict(zip(_KEYS, said, strict=True)))


def read_network(folder: Path) -> Network:
    """Read a network that nobody vouches for; nothing in the files is run.

    Raises
    ------
    FileRefusedError
        Where a file is missing or damaged, or says other than it should.
    UnsafeModelError
        Where the weights could run code, or are not exactly those of the network that the settings describe: other
        names, shapes or kinds of number, NaN or infinity, or a text beside them.
    EnvironmentProblemError
        Where MONAI or safetensors is not installed.
    """
    settings, channels, diagnoses = _read_json(folder / JSON_FILE)
    needed = _shapes(settings, len(channels), len(diagnoses))
    return Network(settings, channels, diagnoses, _read_weights(folder / WEIGHTS_FILE, needed))


def read_network_settings(folder: Path) -> NetworkSettings:
    """Read what a network is shown and built of, not its weights.

    Raises
    ------
    FileRefusedError
        Where the file is missing or damaged, or says other than it should.
    """
    return _read_json(folder / JSON_FILE)[0]


def _read_json(path: Path) -> tuple[NetworkSettings, tuple[str, ...], tuple[str, ...]]:
    content = read_json_object(path, _NEEDED, _CURE)
    with refuse_malformed(path, _NEEDED, _CURE):
        if tuple(content) != _KEYS or (content["format"], content["version"]) != (_FORMAT, _VERSION):
            raise ValueError(f"other than {', '.join(_KEYS)} of {_FORMAT} {_VERSION}")
        channels, diagnoses = (_names(content[key]) for key in ("channels", "diagnoses"))
        return parse_settings(content["settings"]), channels, diagnoses


def _names(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"a list of names was needed, found {values!r:.100}")
    if not values or len(values) != len(set(values)) or len(values) > _MOST_NAMES:
        raise ValueError(f"1 to {_MOST_NAMES} names, each once, were needed, found {len(values)}")
    return tuple(values)


def _shapes(settings: NetworkSettings, channels: int, classes: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Give the kind of number and the shape of each weight of a network of shapes alone, which takes no memory."""
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    with torch.device("meta"):
        state = build_network(settings, channels, classes).state_dict()
    return {name: (_TYPES[str(one.dtype).removeprefix("torch.")], tuple(one.shape)) for name, one in state.items()}


def _read_weights(path: Path, needed: Mapping[str, tuple[str, tuple[int, ...]]]) -> Weights:
    safetensors = require_classify("safetensors")

    if not path.is_file():
        raise FileRefusedError(path, f"the weights of a network were needed, found no such file; {_CURE}")
    try:
        with safetensors.safe_open(path, framework="numpy") as stored:
            _refuse_others(path, stored, needed)
            weights = {name: stored.get_tensor(name) for name in needed}
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        with path.open("rb") as stream:
            if stream.read(4).startswith(_RUNS_CODE):
                raise UnsafeModelError(
                    f"{path}: is a pickle, which could run code, and no safetensors file; {_CURE}"
                ) from error
        raise FileRefusedError(path, f"weights as safetensors were needed, found {error!s:.200}; {_CURE}") from error
    wrong = [name for name, values in weights.items() if not np.isfinite(values).all()]
    if wrong:
        raise UnsafeModelError(f"{path}: {wrong[0]} holds NaN or infinite weights: it predicts nothing; {_CURE}")
    return weights


def _refuse_others(path: Path, stored: "safe_open", needed: Mapping[str, tuple[str, tuple[int, ...]]]) -> None:
    if stored.metadata():
        raise UnsafeModelError(f"{path}: weights alone were needed, found texts beside them; {_CURE}")
    names = set(stored.keys())
    if odd := sorted(names ^ set(needed)):
        raise UnsafeModelError(
            f"{path}: are not the weights of the network that {JSON_FILE} describes: {first_few(odd, 3)} "
            f"{'is too many or missing' if len(odd) == 1 else 'are too many or missing'}; {_CURE}"
        )
    for name, (kind, shape) in needed.items():
        part = stored.get_slice(name)
        found = part.get_dtype(), tuple(part.get_shape())
        if found != (kind, shape):
            raise UnsafeModelError(f"{path}: {name} is {found}, needed {(kind, shape)}; {_CURE}")
