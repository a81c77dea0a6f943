"""Whether weights are those of a network, found out before one number of the network is made."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from nnunet_ext.core.errors import NnunetExtError, UnsafeModelError

if TYPE_CHECKING:
    from torch import Tensor

_SHOWN: Final = 3
_BYTES: Final = 4  # of a number of the network
_REPEATS: Final = 4  # half precision, and layers that are equal and stored once
_SMALL: Final = 1 << 26
_GIVES_SHAPES: Final = "dynamic_network_architectures.architectures.unet"
_KEEPS_SHAPES: Final = tuple(f"torch.nn.modules.{kind}" for kind in ("instancenorm", "batchnorm", "normalization"))


def refuse_other_weights(
    build: Callable[[], Any], trainer: str, weights: Mapping[str, Mapping[str, "Tensor"]], tile: tuple[int, ...]
) -> None:
    """Build a network of shapes alone, which takes no memory, and hold weights against it.

    A plan can ask for layers of terabytes, and weights can be one number that is read as often as it takes. What passes
    here needs no more memory than the weights have in their file.

    Parameters
    ----------
    build
        Builds the network, a `torch.nn.Module`, on torch's default device.
    trainer
        Whose network it is, for messages.
    weights
        Of each fold, by the fold's name and that of the parameter.
    tile
        What the network is given, (channels, voxels along each axis). nnU-Net's U-Nets are sent one of shapes alone.

    Raises
    ------
    UnsafeModelError
        Where there is no such network, the weights are of another, or it cannot take the tile.
    """
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    with _refusing_what_fails():
        with torch.device("meta"), torch.inference_mode():
            network = build()
        shapes = _shapes(network)
    for name, fold in weights.items():
        found = {parameter: tuple(tensor.shape) for parameter, tensor in fold.items()}
        if found != shapes:
            raise UnsafeModelError(
                f"the weights of {name} are not those of the network that {trainer} builds from its plans: "
                f"{_first(found, shapes)}"
            )
        _refuse_repeated(network, name, fold)
    with _refusing_what_fails():  # now that no layer is larger than the file
        _refuse_other_shape(network, tile)


@contextmanager
def _refusing_what_fails() -> Iterator[None]:
    try:
        yield
    except NnunetExtError:
        raise
    except Exception as error:  # whatever somebody else's code makes of somebody else's plans
        raise UnsafeModelError(f"plans.json: no network can be built of it: {_in_words(error)}") from error


def _shapes(network: Any) -> dict[str, tuple[int, ...]]:  # noqa: ANN401 - a module of torch's
    parameters = network.state_dict()
    real = [name for name, tensor in parameters.items() if not tensor.is_meta]
    if real:
        raise UnsafeModelError(f"plans.json: says where {real[0]} is to be made, which is the user's to say")
    return {name: tuple(tensor.shape) for name, tensor in parameters.items()}


def _refuse_other_shape(network: Any, tile: tuple[int, ...]) -> None:  # noqa: ANN401 - a module of torch's
    """Send a batch of no tile at all through the network, whose weights are one zero, read again and again.

    The meta device would tell the same, and import torch's compiler for it, a second that each prediction would take.
    """
    import torch  # noqa: PLC0415 - as above

    if type(network).__module__ != _GIVES_SHAPES:
        return  # others may ask for numbers, which there are none of
    with torch.inference_mode():
        network._apply(lambda weights: torch.zeros((), dtype=weights.dtype).expand(weights.shape)).eval()
        for layer in network.modules():
            if type(layer).__module__ in _KEEPS_SHAPES:  # which want a number to divide by
                layer.forward = lambda values: values
        given = tuple(network(torch.empty((0, *tile))).shape)
    if given[2:] != tile[1:]:
        raise UnsafeModelError(f"plans.json: of tiles of {tile[1:]} voxels the network makes {given[2:]}")


def _refuse_repeated(network: Any, name: str, weights: Mapping[str, "Tensor"]) -> None:  # noqa: ANN401 - as above
    """Refuse weights of which the same few bytes are read again and again, to fill a network of gigabytes."""
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in weights.values()}
    held, needed = sum(storages.values()), sum(parameter.numel() for parameter in network.parameters())
    if needed * _BYTES > _REPEATS * held + _SMALL:
        raise UnsafeModelError(f"the weights of {name} fill {needed * _BYTES} bytes, and the file holds {held}")


def _first(found: Mapping[str, tuple[int, ...]], needed: Mapping[str, tuple[int, ...]]) -> str:
    names = [name for name in {**needed, **found} if found.get(name) != needed.get(name)]
    told = [f"{name:.80} is {found.get(name, 'missing')}, needed {needed.get(name, 'none')}" for name in names[:_SHOWN]]
    return "; ".join(told) + (f"; and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(ascii(str(error))[1:-1].split())[:300]}"
