"""Which tensors a DenseNet has, without building it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.json_numbers import whole_number

COUNTER: Final = "num_batches_tracked"
"""Last part of the names of the only tensors that are whole numbers."""

_MASKS: Final = 2  # lesion and cord, shown beside the images
_BOTTLENECK: Final = 4
_FIRST_KERNEL: Final = 7
_KERNEL: Final = 3
_FLAT: Final = 2
_SOLID: Final = 3
_MOST: Final = 256
_MOST_BLOCKS: Final = 8
Shape = tuple[int, ...]


@dataclass(frozen=True)
class DenseNet:
    """Huang et al. 2017 (CVPR), as MONAI's `DenseNet121` names its parts, with a bottleneck of 4.

    Parameters
    ----------
    dimensions
        Of its convolutions: 2 or 3.
    inputs, outputs
        Channels that it is given, and diagnoses.
    first, growth, blocks
        Features of the first convolution, those that each layer adds, and layers of each block.
    """

    dimensions: int
    inputs: int
    outputs: int
    first: int
    growth: int
    blocks: Sequence[int]

    def shapes(self) -> dict[str, Shape]:
        """Give the shape of each parameter and buffer, by its name."""
        return dict(self._tensors())

    def _tensors(self) -> Iterator[tuple[str, Shape]]:
        features = self.first
        yield "features.conv0.weight", self._kernel(features, self.inputs, _FIRST_KERNEL)
        yield from _norm("features.norm0", features)
        for number, layers in enumerate(self.blocks, 1):
            for layer in range(1, layers + 1):
                at, wide = f"features.denseblock{number}.denselayer{layer}.layers", _BOTTLENECK * self.growth
                yield from _norm(f"{at}.norm1", features)
                yield f"{at}.conv1.weight", self._kernel(wide, features, 1)
                yield from _norm(f"{at}.norm2", wide)
                yield f"{at}.conv2.weight", self._kernel(self.growth, wide, _KERNEL)
                features += self.growth
            if number < len(self.blocks):
                at = f"features.transition{number}"
                yield from _norm(f"{at}.norm", features)
                yield f"{at}.conv.weight", self._kernel(features // 2, features, 1)
                features //= 2
        yield from _norm("features.norm5", features)
        yield "class_layers.out.weight", (self.outputs, features)
        yield "class_layers.out.bias", (self.outputs,)

    def _kernel(self, to: int, of: int, size: int) -> Shape:
        return (to, of, *[size] * self.dimensions)


def densenet_of(content: Mapping[str, Any], name: str) -> DenseNet:
    """Read the network that a `network.json` describes.

    Raises
    ------
    UnsafeModelError
        Where it describes none, or one of a size that nobody trains.
    """
    settings = content.get("settings")
    try:
        if not isinstance(settings, Mapping):
            raise TypeError("settings were needed")
        dimensions = whole_number(settings["dimensions"])
        slices = whole_number(settings["crop"]["size"][0]) if dimensions == _FLAT else 1
        blocks = [whole_number(layers) for layers in settings["blocks"]]
        sizes = (whole_number(settings["first_features"]), whole_number(settings["growth"]), slices)
        channels, diagnoses = (len(_names(content[key])) for key in ("channels", "diagnoses"))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UnsafeModelError(f"{name}: the settings of a DenseNet were needed: {error!s:.200}") from error
    if (
        dimensions not in (_FLAT, _SOLID)
        or not 0 < len(blocks) <= _MOST_BLOCKS
        or not all(0 < size <= _MOST for size in (*sizes, *blocks))
    ):
        raise UnsafeModelError(f"{name}: a DenseNet of a usual size was needed, found {dict(settings)!r:.300}")
    first, growth, _ = sizes
    return DenseNet(dimensions, (channels + _MASKS) * slices, diagnoses, first, growth, blocks)


def _names(content: object) -> list[str]:
    if not isinstance(content, list) or not all(isinstance(item, str) for item in content):
        raise TypeError("lists of channels and diagnoses were needed")
    return content


def _norm(at: str, features: int) -> Iterator[tuple[str, Shape]]:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{at}.{part}", (features,)
    yield f"{at}.{COUNTER}", ()
