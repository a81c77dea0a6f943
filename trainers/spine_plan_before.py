"""Plans that the version before wrote: it kept no record of what was derived, only the figures in its reasons."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from nnunet_ext.trainers.plan_figures import (
    NNUNETS_EPOCHS,
    NNUNETS_SHARES,
    epochs_for,
    localizer_spacing_for,
    shares_for,
    smallest_lesion_for,
)
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation

MARK: Final = "a plan of schema 2"
_CPU_EPOCHS: Final = 100  # the version before wrote its limit for machines without a GPU into the plan
_STOCK: Final = "nnU-Net's own"
_ROUNDING: Final = 0.035  # reasons give figures in whole per cent and tenths


def from_schema_2(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give a plan of schema 2 as one of schema 3.

    A value that follows from the figures in its reason stands as derived, so that it will be renewed; any other may
    have been edited, and stands as such unless the same is derived again. Shares that were edited hold, as they did,
    for every configuration.

    Raises
    ------
    KeyError, TypeError, AttributeError, ValueError
        Where it is damaged.
    """
    reasons = {name: str(content["reasons"].get(name, "")) for name in content}
    then = {
        "epochs": _epochs(reasons["epochs"]),
        "smallest_lesion_mm3": _smallest(reasons["smallest_lesion_mm3"]),
        "localizer_spacing_mm": _localizer(reasons["localizer_spacing_mm"]),
    }
    derived = {name: content[name] for name, figures in then.items() if _near([content[name]], figures)}
    derived |= {"groups": content["groups"]}
    margins = content["crop_margins_mm"]
    figures = ", ".join(f"{face} {mm:g}" for face, mm in margins.items())
    if reasons["crop_margins_mm"].startswith(("of the crop", figures)):
        derived["crop_margins_mm"] = margins
    if len(content["not_annotated"]) in _numbers(reasons["not_annotated"])[:1]:
        derived["not_annotated"] = content["not_annotated"]
    shares = content["sampling"]
    untouched = _near([shares["lesion"], shares["cord"], shares["anywhere"]], _shares(reasons["sampling"]))
    return {
        **content,
        "sampling": {} if untouched else {"*": shares},
        "augmentation": _augmentation(content["augmentation"], reasons["augmentation"]),
        "contrast_weights": content["contrast_weights"] or None,
        "reasons": {name: why for name, why in content["reasons"].items() if name != "sampling"},
        "derived": derived,
        "derived_from": MARK,
    }


def _augmentation(values: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Leave out what nobody can have edited: the usual values, and the slices that the reason tells of."""
    usual = asdict(SpineAugmentation())
    given = {
        name: value
        for name, value in values.items()
        if (tuple(value) if isinstance(value, list) else value) != usual.get(name)
    }
    if _near(given.get("thick_slices_mm", ()), _numbers(reason)[:2]):
        given.pop("thick_slices_mm", None)
    if given.get("thick_slices_axes") == re.findall(r"along (\w+)", reason):
        del given["thick_slices_axes"]
    return given


def _numbers(reason: str) -> list[float]:
    return [float(found) for found in re.findall(r"\d+(?:\.\d+)?", reason)]


def _near(values: Sequence[float], figures: Sequence[float]) -> bool:
    return len(values) == len(figures) and all(
        abs(value - figure) <= _ROUNDING for value, figure in zip(values, figures, strict=True)
    )


def _epochs(reason: str) -> list[float]:
    if reason.startswith(_STOCK):
        return [NNUNETS_EPOCHS]
    most = _CPU_EPOCHS if "no GPU" in reason else NNUNETS_EPOCHS
    return [min(epochs_for(int(cases)), most) for cases in _numbers(reason)[:1]]


def _smallest(reason: str) -> list[float]:
    return [smallest_lesion_for(mm3) for mm3 in _numbers(reason)[:1]] or [0.0]


def _localizer(reason: str) -> list[float]:
    return [localizer_spacing_for(mm) for mm in _numbers(reason)[1:2]]  # "4 voxels across 9.0 mm"


def _shares(reason: str) -> list[float]:
    if reason.startswith(_STOCK):
        return list(NNUNETS_SHARES)
    beside, *chance = [float(percent) / 100 for percent in re.findall(r"(\d+) %", reason)] or [0.0]
    return list(shares_for(beside, chance[0] if chance else None))
