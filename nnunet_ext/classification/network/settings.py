"""What a network is shown, what it is built of, and how it is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import prod
from typing import Any, Final

from nnunet_ext.core.json_numbers import finite, whole_number

_VOXELS: Final = 1 << 22
_WIDEST: Final = 256
_DEEPEST: Final = 64
_BLOCKS: Final = 8
_MOST_EPOCHS: Final = 100_000
_FLAT: Final = 2
_SOLID: Final = 3


@dataclass(frozen=True)
class CropSettings:
    """A box around the lesion, along nibabel LAS: to the left, to the front, upwards.

    The usual one is 2.5-D: three sagittal slices, 3 mm apart as scanners take them, of 32 x 64 voxels of 1 x 2 mm.
    That is 128 mm along the cord, six vertebrae of 20 mm, and 32 mm from back to front, in which the bend of a cord
    over that length stays. 32 and 64 are what five halvings leave a voxel of, and a quarter of the work that
    64 x 128 voxels are.

    Parameters
    ----------
    size
        Voxels along each axis.
    spacing
        mm along each axis.
    clip
        Spreads of the cord's own signal beyond which values are cut off.
    """

    size: tuple[int, int, int] = (3, 32, 64)
    spacing: tuple[float, float, float] = (3.0, 1.0, 2.0)
    clip: float = 8.0


SOLID_CROP: Final = CropSettings(size=(32, 32, 64), spacing=(1.0, 1.0, 2.0))
"""The crop of a network of three dimensions."""


@dataclass(frozen=True)
class NetworkSettings:
    """A network and its training.

    The usual numbers take half a minute of one core for 160 patients. With 25 epochs instead of 15 the network was
    surer and not better on phantoms.

    Parameters
    ----------
    crop
        What it is shown.
    dimensions
        2: sagittal slices are channels of one picture (2.5-D); 3: the crop is a volume, see `SOLID_CROP`.
    first_features, growth, blocks
        DenseNet121's own: 64, 32 and (6, 12, 24, 16).
    epochs, batch
        How often each patient is shown, and how many at a time.
    rate, decay
        Highest learning rate and weight decay of AdamW; the rate rises over a tenth of the steps and falls as a cosine.
    smoothing
        Label smoothing.
    channel_dropout
        How often an image that a patient has, other than the first, is hidden.
    """

    crop: CropSettings = field(default_factory=CropSettings)
    dimensions: int = _FLAT
    first_features: int = 64
    growth: int = 32
    blocks: tuple[int, ...] = (6, 12, 24, 16)
    epochs: int = 15
    batch: int = 16
    rate: float = 1e-3
    decay: float = 0.05
    smoothing: float = 0.1
    channel_dropout: float = 0.3

    def content(self) -> dict[str, Any]:
        """Give the settings as JSON holds them; `parse_settings` reads them back."""
        return asdict(self)


def parse_settings(content: Mapping[str, Any]) -> NetworkSettings:
    """Make settings of what a JSON file says.

    Raises
    ------
    ValueError, KeyError, TypeError
        Where something is missing, unknown, or no network of a reasonable size.
    """
    usual = NetworkSettings().content()
    _refuse_unknown(content, usual)
    crop = content["crop"]
    _refuse_unknown(crop, usual["crop"])
    size, spacing = (_three(crop[key]) for key in ("size", "spacing"))
    read = NetworkSettings(
        crop=CropSettings(
            (whole_number(size[0]), whole_number(size[1]), whole_number(size[2])),
            (finite(spacing[0]), finite(spacing[1]), finite(spacing[2])),
            finite(crop["clip"]),
        ),
        dimensions=whole_number(content["dimensions"]),
        first_features=whole_number(content["first_features"]),
        growth=whole_number(content["growth"]),
        blocks=tuple(whole_number(layers) for layers in content["blocks"]),
        epochs=whole_number(content["epochs"]),
        batch=whole_number(content["batch"]),
        rate=finite(content["rate"]),
        decay=finite(content["decay"]),
        smoothing=finite(content["smoothing"]),
        channel_dropout=finite(content["channel_dropout"]),
    )
    check_settings(read)
    return read


def check_settings(settings: NetworkSettings) -> None:
    """Refuse what no network can be built of, or trained with, before it is tried.

    Raises
    ------
    ValueError
        With the first that is wrong.
    """
    crop, smallest = settings.crop, 1 << (len(settings.blocks) + 1)
    halved = crop.size if settings.dimensions == _SOLID else crop.size[1:]
    for right, what, found in (
        (settings.dimensions in (_FLAT, _SOLID), "dimensions: 2 or 3", settings.dimensions),
        (0 < len(settings.blocks) <= _BLOCKS, f"blocks: 1 to {_BLOCKS}", len(settings.blocks)),
        (all(0 < layers <= _DEEPEST for layers in settings.blocks), f"blocks of 1 to {_DEEPEST}", settings.blocks),
        (0 < settings.growth <= _WIDEST, f"growth: 1 to {_WIDEST}", settings.growth),
        (0 < settings.first_features <= _WIDEST, f"first_features: 1 to {_WIDEST}", settings.first_features),
        (min(crop.size) > 0 and prod(crop.size) <= _VOXELS, f"a crop of 1 to {_VOXELS} voxels", crop.size),
        (min(halved) >= smallest, f"a crop of {smallest} voxels and more to halve for each block", crop.size),
        (min(crop.spacing) > 0, "a crop of voxels with a size", crop.spacing),
        (crop.clip > 0, "clip: above 0", crop.clip),
        (0 < settings.epochs <= _MOST_EPOCHS, f"epochs: 1 to {_MOST_EPOCHS}", settings.epochs),
        (settings.batch >= _FLAT, "batch: 2 and more", settings.batch),
        (settings.rate > 0 and settings.decay >= 0, "rate: above 0", (settings.rate, settings.decay)),
        (0 <= settings.smoothing < 1, "smoothing: 0 to 1", settings.smoothing),
        (0 <= settings.channel_dropout <= 1, "channel_dropout: 0 to 1", settings.channel_dropout),
    ):
        if not right:
            raise ValueError(f"{what} was needed, found {found}")


def _refuse_unknown(content: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    if set(content) != set(known):
        raise ValueError(f"the keys {', '.join(known)} were needed, found {', '.join(map(str, content))}")


def _three(values: Sequence[Any]) -> Sequence[Any]:
    if not isinstance(values, list | tuple) or len(values) != _SOLID:
        raise ValueError(f"three numbers were needed, found {values!r:.100}")
    return values
