"""What the tables of a conversion tell about how to train on its dataset."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import mean, median
from typing import Any, Final

from nnunet_ext.core.rounding import at_least
from nnunet_ext.core.tables import NOTHING, number
from nnunet_ext.trainers.axes import DIRECTIONS
from nnunet_ext.trainers.spine_plan import EVERY, NNUNETS_SHARES, CaseGroup, SamplingShares, SpinePlan

Table = Sequence[Mapping[str, str]]

_NNUNETS_EPOCHS: Final = 1000
_VOXELS_ACROSS: Final = 4  # of the cord, that a localizer needs to tell it from a vessel
_LOCALIZER_MM: Final = (1.0, 2.5)
_ANYWHERE: Final = (0.5, 0.67)  # with 0.15, measured, cords and lesions were found in necks and bellies
_LESION: Final = (0.5, 0.8)  # of what is left for lesions and cord
_THICK: Final = 2.0  # times the finest spacing of an image: along such an axis it was scanned in slices
_CORD_MM: Final = 10.0
_USUAL_CORD_MM: Final = 9.0  # diameter; cervical cords are 8 x 13 mm, thoracic ones 7 x 9


def derive_spine_plan(
    cases: Table,
    quality: Table,
    patches_mm: Mapping[str, Mapping[str, float]],
    *,
    margins: Mapping[str, float] | None = None,
) -> SpinePlan:
    """Derive a plan from the tables that the conversion left.

    Parameters
    ----------
    cases
        Rows of `cases.tsv`; only those that are trained on count.
    quality
        Rows of `qc.tsv`; none where it is missing.
    patches_mm
        For each configuration that is trained the size of its patch along SI, AP and LR.
    margins
        Of a dataset that was cropped to the cord, by face.
    """
    trained = {row["case"]: row for row in cases if row["status"] == "include" and row["split"] == "train"}
    measured = [row for row in quality if row["case"] in trained and row["spacing_mm"] != NOTHING]
    missing = {
        case: tuple(row["not_annotated"].split(";")) for case, row in trained.items() if row["not_annotated"] != NOTHING
    }
    groups = {case: CaseGroup(row["site"], row["contrast"]) for case, row in trained.items()}
    shares = {name: _shares(measured, patch_mm) for name, patch_mm in patches_mm.items()}
    smallest, why_smallest = _smallest_lesion(measured)
    augmentation, why_augmentation = _augmentation(measured)
    localizer, why_localizer = _localizer_spacing(measured)
    plan = SpinePlan(
        sampling={name: found for name, (found, _) in shares.items()},
        epochs=_NNUNETS_EPOCHS if len(trained) >= 200 else 500 if len(trained) >= 50 else 250,
        smallest_lesion_mm3=smallest,
        augmentation=augmentation,
        localizer_spacing_mm=localizer,
        crop_margins_mm=margins or {},
        groups=groups,
        not_annotated=missing,
        reasons={
            **{f"sampling.{name}": why for name, (_, why) in shares.items()},
            "epochs": f"{len(trained)} training cases",
            "smallest_lesion_mm3": why_smallest,
            "augmentation": f"{why_augmentation}; {_no_injection(measured)}",
            "localizer_spacing_mm": why_localizer,
            "crop_margins_mm": "of the crop, see crop.json of the raw dataset"
            if margins
            else "none yet: nnunet_ext crop-dataset derives them from out-of-fold predictions",
            "groups": f"{len(trained)} training cases in cases.tsv: {_counted([one.site for one in groups.values()])}; "
            f"{_counted([one.contrast for one in groups.values()])}; every weight that is not given is 1",
            "rehearsal_share": "half of the draws, so that what is new is learned and what is old kept",
            "not_annotated": f"{len(missing)} of {len(trained)} training cases in cases.tsv",
        },
    )
    return replace(plan, derived=plan.values())


def stock_spine_plan() -> SpinePlan:
    """Give a plan that samples as nnU-Net does, for a dataset without our tables: half of its foreground is lesion."""
    why = "nnU-Net's own, since nnUNet_raw holds no cases.tsv of this dataset"
    spacing, why_spacing = _localizer_spacing([])
    plan = SpinePlan(
        sampling={EVERY: SamplingShares(*NNUNETS_SHARES)},
        epochs=_NNUNETS_EPOCHS,
        smallest_lesion_mm3=0.0,
        augmentation={},
        localizer_spacing_mm=spacing,
        reasons={f"sampling.{EVERY}": why, "epochs": why, "localizer_spacing_mm": why_spacing},
    )
    return replace(plan, derived=plan.values())


def _shares(measured: Table, patch_mm: Mapping[str, float]) -> tuple[SamplingShares, str]:
    """Draw more patches anywhere the more of the images is far from the cord, and of the others more about lesions the
    less often a patch along the cord would meet one by chance.
    """  # noqa: D205 - one sentence
    if not measured:
        return SamplingShares(*NNUNETS_SHARES), "nnU-Net's own, since qc.tsv measured no training case"
    beside = mean([_beside(row, patch_mm) for row in measured])
    anywhere = round(_between(_ANYWHERE, beside), 2)
    why = f"a patch of {patch_mm['AP']:.0f} x {patch_mm['LR']:.0f} mm shows no cord in {100 * beside:.0f} % of draws"
    chances = [
        _chance(row, patch_mm["SI"]) for row in measured if number(row.get("voxels_lesion", NOTHING)) is not None
    ]
    if not any(chances):
        return SamplingShares(0.0, round(1 - anywhere, 2), anywhere), f"{why}; no training case has a lesion"
    chance = mean(chances)
    lesion = round((1 - anywhere) * _between(_LESION, 1 - chance), 2)
    met = f"one of {patch_mm['SI']:.0f} mm along the cord meets a lesion by chance in {100 * chance:.0f} %"
    shares = SamplingShares(lesion, round(1 - lesion - anywhere, 2), anywhere)
    return shares, f"{why}, {met} ({len(chances)} cases)"


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * share


def _beside(row: Mapping[str, str], patch_mm: Mapping[str, float]) -> float:
    """Estimate how likely a patch anywhere in the image misses a cord that runs through the middle of it."""
    field = _field_mm(row)
    return 1 - math.prod(
        min(1.0, (patch_mm[across] + _CORD_MM) / max(field[across] - patch_mm[across], _CORD_MM))
        for across in ("AP", "LR")
    )


def _chance(row: Mapping[str, str], patch_mm: float) -> float:
    """Estimate how likely a patch anywhere along the cord shows a lesion, lesions being as long as wide."""
    count, volume = number(row["components_lesion"]) or 0, number(row["volume_mm3_lesion"]) or 0
    if not count:
        return 0.0
    length = (volume / count) ** (1 / 3)
    alone = min(1.0, (patch_mm + length) / max(_field_mm(row)["SI"], patch_mm))
    return float(1 - (1 - alone) ** count)


def _field_mm(row: Mapping[str, str]) -> dict[str, float]:
    """Measure the field of view along each direction of the body."""
    sizes = zip(row["shape"].split(), row["spacing_mm"].split(), strict=True)
    return {
        DIRECTIONS[letter]: float(count) * float(mm) for letter, (count, mm) in zip(row["axes"], sizes, strict=True)
    }


def _smallest_lesion(measured: Table) -> tuple[float, str]:
    """Take half of the smallest mean lesion of a case: single lesions vary about it."""
    means = [
        (number(row["volume_mm3_lesion"]) or 0) / count
        for row in measured
        if (count := number(row.get("components_lesion", NOTHING)) or 0)
    ]
    if not means:
        return 0.0, "no training case has a lesion"
    smallest = min(means)
    return round(smallest / 2, 2), f"half of {smallest:.1f} mm3, the smallest mean lesion of {len(means)} cases"


def _augmentation(measured: Table) -> tuple[dict[str, Any], str]:
    """Let thick slices be as thick, and along the directions, as those of the sites; leave all else as it is."""
    slices: list[tuple[str, float]] = []
    for row in measured:
        spacing = [float(size) for size in row["spacing_mm"].split()]
        thickest = max(range(len(spacing)), key=lambda axis: spacing[axis])
        if at_least(spacing[thickest], _THICK * min(spacing)):
            slices.append((DIRECTIONS[row["axes"][thickest]], spacing[thickest]))
    if not slices:
        return {}, f"none of {len(measured)} cases was scanned in thick slices; the usual ranges"
    counted = Counter(direction for direction, _ in slices)
    thick = [mm for _, mm in slices]
    augmentation = {
        "thick_slices_mm": (round(min(thick), 2), round(max(thick), 2)),
        "thick_slices_axes": tuple(sorted(counted)),
    }
    along = ", ".join(f"{counted[direction]} along {direction}" for direction in sorted(counted))
    return augmentation, f"slices of {min(thick):.1f} to {max(thick):.1f} mm in {len(slices)} cases: {along}"


def _no_injection(measured: Table) -> str:
    """Say why no lesions are injected unasked, and where to ask for them; what nobody looked at counts as neither.

    With 3 diseased and 12 healthy synthetic patients half of the healthy patches injected gave +0.06 of lesion Dice in
    the mean of three seeds, within their spread, and in each of them more healthy people with false lesions
    (``benchmarks/injection_gain.py``).
    """
    annotated = [row for row in measured if number(row.get("volume_mm3_sc", NOTHING))]
    found_in = [number(row.get("voxels_lesion", NOTHING)) for row in annotated]
    counts = [count for count in found_in if count is not None]
    diseased = sum(count > 0 for count in counts)
    found = f"{diseased} cords with lesions and {len(counts) - diseased} known to have none"
    return f"{found}: no lesions injected (more would be found, and more invented; inject_lesion_probability 0.5 does)"


def _localizer_spacing(measured: Table) -> tuple[float, str]:
    """Measure the cord of the median case, taken for a cylinder as long as the field of view."""
    widths = [
        2 * math.sqrt(volume / _field_mm(row)["SI"] / math.pi)
        for row in measured
        if (volume := number(row.get("volume_mm3_sc", NOTHING)) or 0)
    ]
    width = median(widths) if widths else _USUAL_CORD_MM
    low, high = _LOCALIZER_MM
    found = f"the median cord of {len(widths)} cases" if widths else "a usual cord; none was measured"
    why = f"{_VOXELS_ACROSS} voxels across {width:.1f} mm, {found}; from {low} to {high} mm"
    return round(min(max(width / _VOXELS_ACROSS, low), high), 2), why


def _counted(names: Sequence[str]) -> str:
    return ", ".join(f"{name} {names.count(name)}" for name in sorted(set(names)))
