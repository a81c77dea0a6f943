"""`spine_plan.json`: what a dataset tells about how to train on it, each value with the figure behind it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation

FILE: Final = "spine_plan.json"
SCHEMA: Final = 2
_FACES: Final = ("superior", "inferior", "left", "right", "anterior", "posterior")
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True)
class SamplingShares:
    """How many patches are drawn about a lesion, about the cord, and anywhere; together 1.

    Raises
    ------
    ValueError
        Where a share is negative, or they are not 1 together.
    """

    lesion: float
    cord: float
    anywhere: float

    def __post_init__(self) -> None:
        shares = (self.lesion, self.cord, self.anywhere)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
            raise ValueError(f"sampling: shares of lesion, cord and anywhere from 0 to 1, together 1, found {shares}")


@dataclass(frozen=True)
class CaseGroup:
    """Where a case comes from: what weights may be given by."""

    site: str
    contrast: str


@dataclass(frozen=True)
class SpinePlan:
    """How to train on one dataset.

    Parameters
    ----------
    sampling
        What patches show.
    epochs
        Of a trainer whose name does not say how many.
    smallest_lesion_mm3
        What is smaller is more likely noise than a lesion: no patch is drawn about it.
    augmentation
        How images are spoiled in training, as those of the sites are.
    localizer_spacing_mm
        Voxel size of `nnUNetTrainerCordLocalizer`; along an axis with thicker slices than that it is theirs.
    crop_margins_mm
        How far beyond the cord the images reach that the second stage is trained on, by face. Empty until
        ``nnunet_ext crop-dataset`` has derived them from out-of-fold predictions; what stands here then holds.
    case_weights, site_weights, contrast_weights
        How often a case, or those of a site or contrast, are drawn, relative to 1; they multiply.
    groups
        For each case its site and contrast.
    new_cases, rehearsal_share
        For `nnUNetTrainerSCIActive`: cases that the model has not seen yet, and which share of the draws the others
        have together, so that they are not forgotten.
    not_annotated
        For a case its classes that nobody annotated.
    reasons
        For each of the values above the figure that it was derived from.
    """

    sampling: SamplingShares
    epochs: int
    smallest_lesion_mm3: float
    augmentation: SpineAugmentation
    localizer_spacing_mm: float
    crop_margins_mm: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    case_weights: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    site_weights: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    contrast_weights: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    groups: Mapping[str, CaseGroup] = field(default_factory=lambda: _NOTHING)
    new_cases: tuple[str, ...] = ()
    rehearsal_share: float = 0.5
    not_annotated: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    reasons: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


def write_spine_plan(folder: Path, plan: SpinePlan) -> None:
    """Write the plan into a preprocessed dataset's folder, beside nnU-Net's plans."""
    content = {name: _plain(getattr(plan, name)) for name in _readers()}
    write_json(folder / FILE, {"schema": SCHEMA, **content})


def read_spine_plan(folder: Path) -> SpinePlan | None:
    """Read the plan, edited or not; None where there is none yet.

    Raises
    ------
    DataRefusedError
        Where it is damaged, or says what means nothing: a typing error must not train something else.
    """
    file = folder / FILE
    if not file.exists():
        return None
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if content.pop("schema") != SCHEMA:
            raise ValueError(f"schema {SCHEMA} was needed")
        readers = _readers()
        if unknown := set(content) - set(readers):
            raise ValueError(f"unknown {', '.join(sorted(unknown))}")
        return SpinePlan(**{name: read(name, content[name]) for name, read in readers.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, DataRefusedError) as error:
        raise DataRefusedError(
            f"{file}: a plan was needed, found {type(error).__name__}: {error}; mend it, or remove it to have it made"
        ) from error


def _readers() -> dict[str, Callable[[str, Any], Any]]:
    """Give for each field what turns JSON into its value."""
    special: dict[str, Callable[[str, Any], Any]] = {
        "sampling": lambda _, value: SamplingShares(**value),
        "epochs": lambda name, value: int(_from_zero(name, value)),
        "augmentation": lambda _, value: SpineAugmentation.from_content(value),
        "crop_margins_mm": _margins,
        "groups": lambda _, value: {case: CaseGroup(**group) for case, group in value.items()},
        "new_cases": lambda _, value: tuple(map(str, value)),
        "rehearsal_share": _share,
        "not_annotated": lambda _, value: {case: tuple(classes) for case, classes in value.items()},
        "reasons": lambda _, value: dict(value),
    }
    return {
        one.name: special.get(one.name, _weights if "weights" in one.name else _from_zero) for one in fields(SpinePlan)
    }


def _from_zero(name: str, value: Any) -> float:  # noqa: ANN401 - whatever JSON held
    number = float(value)
    if not 0 <= number < float("inf"):
        raise ValueError(f"{name} must not be negative, found {value}")
    return number


def _share(name: str, value: Any) -> float:  # noqa: ANN401 - whatever JSON held
    if not 0 <= float(value) <= 1:
        raise ValueError(f"{name} must be from 0 to 1, found {value}")
    return float(value)


def _weights(name: str, value: Any) -> dict[str, float]:  # noqa: ANN401 - whatever JSON held
    return {str(key): _from_zero(name, weight) for key, weight in value.items()}


def _margins(name: str, value: Any) -> dict[str, float]:  # noqa: ANN401 - whatever JSON held
    margins = _weights(name, value)
    if margins and set(margins) != set(_FACES):
        raise ValueError(f"{name} needs all of {', '.join(_FACES)}, or none; found {', '.join(margins)}")
    return margins


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field's value
    if isinstance(value, SamplingShares | SpineAugmentation | CaseGroup):
        return asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return list(value) if isinstance(value, tuple) else value
