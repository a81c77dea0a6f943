"""`spine_plan.json`: what a dataset tells about how to train on it, each value with the figure behind it."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation

FILE: Final = "spine_plan.json"
SCHEMA: Final = 3
EVERY: Final = "*"
"""In `sampling` the shares of every configuration that is not named."""
NNUNETS_SHARES: Final = (0.165, 0.165, 0.67)
"""A third of nnU-Net's patches must show foreground, and of our two kinds of it one or the other alike."""

_NEEDED: Final = "a plan was needed"
_CURE: Final = "mend it, or remove it to have it made"
FACES: Final = ("superior", "inferior", "left", "right", "anterior", "posterior")
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_RECORDS: Final = ("reasons", "edited", "derived", "derived_from")  # about the values, and none themselves


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
        if not (min(shares) >= 0 and abs(sum(shares) - 1) <= 1e-6):  # NaN is neither
            raise ValueError(f"shares of lesion, cord, anywhere from 0 to 1, together 1, were needed; found {shares}")


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
        For a configuration of nnU-Net's plans what its patches show; they are derived for those that were trained.
    epochs
        That the data suggest, for a trainer whose name does not say how many.
    smallest_lesion_mm3
        What is smaller is more likely noise than a lesion: no patch is drawn about it.
    augmentation
        Values of `SpineAugmentation` that the images of the sites suggest, or that somebody edited; in the file null
        stands for all others, which are as the trainer has them.
    localizer_spacing_mm
        Voxel size of `nnUNetTrainerCordLocalizer`; along an axis with thicker slices than that it is theirs.
    crop_margins_mm
        How far beyond the cord the images reach that the second stage is trained on, by face. Empty until
        ``nnunet_ext crop-dataset`` has derived them from out-of-fold predictions.
    case_weights, site_weights, contrast_weights
        How often a case, or those of a site or contrast, are drawn, relative to 1; they multiply. Contrasts are
        weighted as the trainer does where None (null) stands; an empty mapping weighs none.
    groups
        For each case its site and contrast.
    new_cases, rehearsal_share
        For `nnUNetTrainerSCIActive`: cases that the model has not seen yet, and which share of the draws the others
        have together, so that they are not forgotten.
    not_annotated
        For a case its classes that nobody annotated.
    reasons
        For each of the values above the figure that it was derived from.
    edited
        Names of values that a person set, such as ``epochs`` or ``augmentation.border_probability``: they hold, even
        where they are what would be derived. Values that differ from the derived ones are found and added.
    derived
        The values above as they were derived last.
    derived_from
        SHA-256 of the dataset's tables at that time.
    """

    sampling: Mapping[str, SamplingShares]
    epochs: int
    smallest_lesion_mm3: float
    augmentation: Mapping[str, Any]
    localizer_spacing_mm: float
    crop_margins_mm: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    case_weights: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    site_weights: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    contrast_weights: Mapping[str, float] | None = None
    groups: Mapping[str, CaseGroup] = field(default_factory=lambda: _NOTHING)
    new_cases: tuple[str, ...] = ()
    rehearsal_share: float = 0.5
    not_annotated: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    reasons: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    edited: tuple[str, ...] = ()
    derived: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    derived_from: str = ""

    def values(self) -> dict[str, Any]:
        """Give the values, as JSON has them, without the records about them."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self) if one.name not in _RECORDS}

    def is_edited(self, name: str) -> bool:
        """Tell whether a person set a value, such as `epochs` or one of a mapping, such as `sampling.3d_fullres`."""
        whole, _, key = name.partition(".")
        stands, last = self.values()[whole], self.derived.get(whole)
        if key:
            stands, last = (one.get(key) if one else None for one in (stands, last))
        named = name in self.edited or whole in self.edited
        return stands != last or (named and stands is not None)  # null says that it is not set

    def shares(self, configuration: str) -> SamplingShares:
        """Say what a configuration's patches show; a third of foreground, as nnU-Net has it, where nothing is said."""
        return self.sampling.get(configuration) or self.sampling.get(EVERY) or SamplingShares(*NNUNETS_SHARES)

    def unknown_cases(self) -> list[str]:
        """List what the plan names and no training case is: misspelt, or of a case that was left out."""
        if not self.groups:  # nothing is known of cases
            return []
        named = {"case_weights": self.case_weights, "new_cases": self.new_cases, "not_annotated": self.not_annotated}
        return [f"{name}.{case}" for name, cases in named.items() for case in cases if case not in self.groups]

    def augmentation_over(self, trainers: Mapping[str, Any]) -> SpineAugmentation:
        """Take a trainer's own values, but for those that somebody edited, and of the others the plan's."""
        own = {name: value for name, value in trainers.items() if not self.is_edited(f"augmentation.{name}")}
        return SpineAugmentation.from_content({**self.augmentation, **own})


def write_spine_plan(folder: Path, plan: SpinePlan) -> None:
    """Write the plan into a preprocessed dataset's folder, beside nnU-Net's plans."""
    content = {"schema": SCHEMA, **plan.values(), **{name: _plain(getattr(plan, name)) for name in _RECORDS}}
    content["augmentation"] = {**dict.fromkeys(asdict(SpineAugmentation())), **content["augmentation"]}  # names to edit
    write_json(folder / FILE, content)


def read_spine_plan(folder: Path) -> SpinePlan | None:
    """Read the plan, edited or not; None where there is none yet. What is missing in it stands as it was derived.

    Raises
    ------
    FileRefusedError
        Where it is damaged, or says what means nothing: a typing error must not train something else.
    """
    file = folder / FILE
    if not file.exists():
        return None
    content = read_json_object(file, _NEEDED, _CURE, finite=False)  # each value says itself what it must be
    with refuse_malformed(file, _NEEDED, _CURE):
        if (schema := content.pop("schema")) != SCHEMA:
            raise ValueError(f"it has schema {schema}, and {SCHEMA} was needed")
        return plan_of(content)


def plan_of(content: Mapping[str, Any]) -> SpinePlan:
    """Make a plan of what JSON holds.

    Raises
    ------
    ValueError, TypeError, AttributeError, DataRefusedError
        Where a name is unknown or a value means nothing.
    """
    readers = _readers()
    if unknown := set(content) - set(readers):
        raise ValueError(f"unknown {', '.join(sorted(unknown))}; known are {', '.join(readers)}")
    names = [name.partition(".")[0] for name in content.get("edited", ())]
    if unknown := set(names) - (set(readers) - set(_RECORDS)):
        raise ValueError(f"edited: no value is named {', '.join(sorted(unknown))}")
    derived = _read("derived", _derived, content.get("derived", {}))
    removed = {name: value for name, value in derived.items() if name not in content}
    edited = [name for name in content.get("edited", ()) if name.partition(".")[0] not in removed]
    whole = {**removed, **content, "edited": edited, "derived": derived}
    return SpinePlan(**{name: _read(name, readers[name], value) for name, value in whole.items()})


def _readers() -> dict[str, Callable[[Any], Any]]:
    """Give for each field what turns JSON into its value."""
    return {
        "sampling": _each(_record(SamplingShares)),
        "epochs": _epochs,
        "smallest_lesion_mm3": _from_zero,
        "augmentation": _augmentation,
        "localizer_spacing_mm": _from_zero,
        "crop_margins_mm": _margins,
        "case_weights": _each(_from_zero),
        "site_weights": _each(_from_zero),
        "contrast_weights": lambda value: None if value is None else _each(_from_zero)(value),
        "groups": _each(_record(CaseGroup)),
        "new_cases": _names,
        "rehearsal_share": _share,
        "not_annotated": _each(_names),
        "reasons": _each(str),
        "edited": _names,
        "derived": _derived,
        "derived_from": str,
    }


def _read(name: str, read: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401 - whatever JSON held
    try:
        return read(value)
    except (ValueError, TypeError, AttributeError, DataRefusedError) as error:
        raise ValueError(f"{name}: {error}") from error


def _each(read: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {str(key): _read(key, read, one) for key, one in value.items()}


def _record(kind: type[SamplingShares] | type[CaseGroup]) -> Callable[[Any], Any]:
    names = [one.name for one in fields(kind)]

    def read(value: Any) -> Any:  # noqa: ANN401 - whatever JSON held
        if not isinstance(value, Mapping) or set(value) != set(names):
            raise ValueError(f"{', '.join(names)} were needed, found {value!r}")
        return kind(**value)

    return read


def _derived(value: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON held
    if not isinstance(value, Mapping):
        raise ValueError(f"values by name were needed, found {value!r:.100}")
    json.dumps(dict(value), allow_nan=False)  # as it is to be written again
    return dict(value)


def _names(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever JSON held
    if not isinstance(value, list | tuple):  # a word alone would be read as its letters
        raise ValueError(f"a list of names was needed, found {value!r}")
    return tuple(map(str, value))


def _number(value: Any, needed: str, least: float = 0, most: float = sys.float_info.max) -> float:  # noqa: ANN401
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:  # NaN fails it, too
        raise ValueError(f"{needed}, found {value!r}")
    return float(value)


def _from_zero(value: Any) -> float:  # noqa: ANN401 - whatever JSON held
    return _number(value, "must be a number and not negative")


def _epochs(value: Any) -> int:  # noqa: ANN401 - whatever JSON held
    needed = "a whole number from 1 was needed"
    if not _number(value, needed, least=1).is_integer():
        raise ValueError(f"{needed}, found {value}")
    return int(value)


def _share(value: Any) -> float:  # noqa: ANN401 - whatever JSON held
    return _number(value, "must be from 0 to 1", most=1)


def _augmentation(value: Mapping[str, Any]) -> dict[str, Any]:
    usual = asdict(SpineAugmentation())
    given = {name: usual.get(name) if one is None else one for name, one in value.items()}
    checked = SpineAugmentation.from_content(given)
    return {name: getattr(checked, name) for name, one in value.items() if one is not None}


def _margins(value: Any) -> dict[str, float]:  # noqa: ANN401 - whatever JSON held
    margins = _each(_from_zero)(value)
    if margins and set(margins) != set(FACES):
        raise ValueError(f"all of {', '.join(FACES)} were needed, or none; found {', '.join(margins)}")
    return margins


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field's value
    if isinstance(value, SamplingShares | CaseGroup):
        return asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return list(value) if isinstance(value, tuple) else value
