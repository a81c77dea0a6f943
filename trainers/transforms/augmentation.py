"""How often and how strongly spine images are spoiled in training."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, Self

from nnunet_ext.core.errors import DataRefusedError

Range = tuple[float, float]
"""Lowest and highest value; each draw is uniform between them."""

AXES: Final = ("SI", "AP", "LR")
"""Superior to inferior, anterior to posterior, left to right; in either direction."""

KINDS: Final = ("sci", "ms", "tumor")
"""Diseases whose lesions can be injected: an injury, several plaques, a tumour with oedema."""

_AS_GIVEN: Final = ("channel_dropout_probability", "inject_lesion_probability")
_BOUNDS: Final[Mapping[str, Range]] = {
    "thick_slices_mm": (0.1, 50),
    "bias_strength": (0, 5),
    "metal_radius_mm": (0.1, 100),
    "metal_elongation": (1, 10),
    "metal_rim": (0, 10),
    "metal_shift_voxels": (0, 5),
    "ghosting_period": (2, 32),
    "ghosting_strength": (0, 1),
    "noise_sigma": (0, 10),
}


@dataclass(frozen=True)
class SpineAugmentation:
    """Probabilities for each patch, and ranges that each patch draws from.

    More than half of the patches stay as nnU-Net's own augmentation makes them: spoiled images are what the network
    must survive, not what it should expect. A probability of 0 leaves the transform out.

    Parameters
    ----------
    thick_slices_probability, thick_slices_mm, thick_slices_axes
        Sites scan 2 to 5 mm slices, axial ones stacked along SI, sagittal ones along LR; hardly anyone scans coronal
        ones. An axis that has thicker voxels already is left alone.
    thick_slices_nearest
        Share interpolated as nnU-Net resamples across thick slices, by nearest neighbour; the others linearly.
    bias_probability, bias_strength
        Natural logarithm of brightest over darkest along the cord: factors of 1.3 to 3.3 over a patch, what a neck
        coil loses towards its end, short of where a radiologist would no longer read the image.
    metal_probability, metal_radius_mm, metal_elongation, metal_rim, metal_shift_voxels
        Few patients carry metal, but most of those with an operated injury do. Screws and plates leave holes of 4 to
        10 mm; no shift beyond 1.5 voxels, since the labels do not follow.
    ghosting_probability, ghosting_axes, ghosting_period, ghosting_strength
        Phase is encoded within the slice, along AP or SI. Ghosts of up to a fifth of the signal are seen behind a
        swallowing throat; stronger ones get the scan repeated.
    noise_probability, noise_sigma
        In standard deviations of the normalised image. nnU-Net's own noise ends at 0.1; 0.4 is a fast scan of a
        large patient.
    border_probability
        Raters differ by about a voxel at the lesion border in most lesions, but the drawn border remains the best
        guess.
    full_after_steps
        Training steps for which the probabilities above are meant. In a shorter training they are smaller in
        proportion, since a network that sees few patches must first learn what a clear image looks like: of 480 steps
        all of them cost 0.12 of lesion Dice (`benchmarks/trainer_gain.py`). 0 keeps them.
    channel_dropout_probability, channel_dropout_fill
        Off, as it costs accuracy wherever all contrasts are always there; a trainer whose model must bear a missing
        one sets it. ``zero`` is what an empty image looks like after normalisation.

    inject_lesion_probability, inject_lesion_kinds
        How often a patch that shows a cord without any lesion, all of it annotated, gets synthetic ones, and of which
        diseases. Off, unless the spine plan found few lesions and more cords without; it does not follow the length of
        a training, as it spoils nothing.

    Raises
    ------
    DataRefusedError
        Where a value is out of bounds.
    """

    thick_slices_probability: float = 0.1
    thick_slices_mm: Range = (2.0, 5.0)
    thick_slices_axes: tuple[str, ...] = ("SI", "LR")
    thick_slices_nearest: float = 0.5
    bias_probability: float = 0.2
    bias_strength: Range = (0.3, 1.2)
    metal_probability: float = 0.03
    metal_radius_mm: Range = (4.0, 10.0)
    metal_elongation: Range = (1.0, 2.5)
    metal_rim: Range = (0.5, 1.5)
    metal_shift_voxels: Range = (0.0, 1.5)
    ghosting_probability: float = 0.1
    ghosting_axes: tuple[str, ...] = ("AP", "SI")
    ghosting_period: tuple[int, int] = (2, 6)
    ghosting_strength: Range = (0.03, 0.2)
    noise_probability: float = 0.1
    noise_sigma: Range = (0.05, 0.4)
    border_probability: float = 0.3
    full_after_steps: int = 25_000
    channel_dropout_probability: float = 0.0
    channel_dropout_fill: Literal["zero", "noise"] = "zero"
    inject_lesion_probability: float = 0.0
    inject_lesion_kinds: tuple[str, ...] = KINDS

    def __post_init__(self) -> None:
        for field in fields(self):
            problem = _problem(field.name, getattr(self, field.name))
            if problem:
                raise DataRefusedError(f"spine augmentation, {field.name}: {problem}")

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Self:
        """Read what JSON gives; what is not named keeps its default.

        Raises
        ------
        DataRefusedError
            Where a key is unknown or a value out of bounds: a typing error must not train something else.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(content) - set(known))
        if unknown:
            raise DataRefusedError(f"spine augmentation: unknown {', '.join(unknown)}; known are {', '.join(known)}")
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
        }
        return cls(**given)

    def in_a_training_of(self, steps: int) -> Self:
        """Take the probabilities for a training of so many steps; see `full_after_steps`."""
        share = min(1.0, steps / self.full_after_steps) if self.full_after_steps else 1.0
        return replace(self, **{name: share * getattr(self, name) for name in _spoiling()})


def _spoiling() -> list[str]:
    """List the probabilities that follow the length of the training: all but that of a missing contrast, which is no
    accident but what the model must bear, and that of lesions, which are what it is to find.
    """  # noqa: D205 - one sentence
    names = [field.name for field in fields(SpineAugmentation) if field.name.endswith("_probability")]
    return [name for name in names if name not in _AS_GIVEN]


def _problem(name: str, value: object) -> str | None:
    """Say what a setting should have been, or None where it is right."""
    if name in _BOUNDS:
        lowest, highest = _BOUNDS[name]
        needed = f"two numbers from {lowest:g} to {highest:g} were needed, the lower one first"
        right = _is_range(value, lowest, highest) and (name != "ghosting_period" or _are_whole(value))
        needed += ", whole ones" if name == "ghosting_period" else ""
    elif name.endswith("_axes"):
        needed, right = f"one or more of {', '.join(AXES)} were needed, each once", _are_of(value, AXES)
    elif name == "inject_lesion_kinds":
        needed, right = f"one or more of {', '.join(KINDS)} were needed, each once", _are_of(value, KINDS)
    elif name == "full_after_steps":
        needed, right = "a whole number from 0 was needed", type(value) is int and value >= 0
    elif name == "channel_dropout_fill":
        needed, right = "zero or noise was needed", value in ("zero", "noise")
    else:
        needed, right = "a number from 0 to 1 was needed", _is_number(value, 0, 1)
    return None if right else f"{needed}; found {value!r}"


def _is_range(value: object, lowest: float, highest: float) -> bool:
    if not isinstance(value, tuple) or len(value) != 2 or not all(_is_number(end, lowest, highest) for end in value):
        return False
    return bool(value[0] <= value[1])


def _are_of(value: object, known: tuple[str, ...]) -> bool:
    if not isinstance(value, tuple) or not value:
        return False
    return all(one in known and value.count(one) == 1 for one in value)


def _are_whole(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(end, int) for end in value)


def _is_number(value: object, lowest: float, highest: float) -> bool:
    # NaN and infinity fail the comparison.
    return isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= highest
