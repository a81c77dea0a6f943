"""What the tables of a conversion tell about how to train on its dataset."""

from collections.abc import Mapping, Sequence
from typing import Final

from nnunet_ext.core.tables import NOTHING, number
from nnunet_ext.trainers.spine_plan import SamplingShares, SpinePlan

_FOREGROUND: Final = 0.33  # nnU-Net's own share of patches that must show foreground
_MOST_LESION: Final = 0.6
_ANYWHERE: Final = 0.15  # the network must see what is no cord, too, but a spine's field of view is mostly that


def derive_spine_plan(
    cases: Sequence[Mapping[str, str]], quality: Sequence[Mapping[str, str]], patch_mm: float, *, on_gpu: bool
) -> SpinePlan:
    """Derive a plan from the tables that the conversion left.

    Parameters
    ----------
    cases
        Rows of `cases.tsv`; only those that are trained on count.
    quality
        Rows of `qc.tsv`.
    patch_mm
        Length of a patch along the cord.
    on_gpu
        Whether there is one: without, a schedule must be short.
    """
    trained = {row["case"]: row for row in cases if row["status"] == "include" and row["split"] == "train"}
    measured = [row for row in quality if row["case"] in trained]
    missing = {
        case: tuple(row["not_annotated"].split(";")) for case, row in trained.items() if row["not_annotated"] != "n/a"
    }
    shares, why_shares = _shares(measured, patch_mm)
    epochs, why_epochs = _epochs(len(trained), on_gpu=on_gpu)
    smallest, why_smallest = _smallest_lesion(measured)
    factor, why_factor = _thickness_factor(measured)
    return SpinePlan(
        sampling=shares,
        epochs=epochs,
        smallest_lesion_mm3=smallest,
        slice_thickness_factor=factor,
        not_annotated=missing,
        reasons={
            "sampling": why_shares,
            "epochs": why_epochs,
            "smallest_lesion_mm3": why_smallest,
            "slice_thickness_factor": why_factor,
            "not_annotated": f"{len(missing)} of {len(trained)} training cases in cases.tsv",
        },
    )


def stock_spine_plan(epochs: int) -> SpinePlan:
    """Give a plan that samples as nnU-Net does, for a dataset without our tables: half of its foreground is lesion."""
    half = _FOREGROUND / 2
    why = "nnU-Net's own, since nnUNet_raw holds no cases.tsv and qc.tsv of this dataset"
    return SpinePlan(
        sampling=SamplingShares(half, half, 1 - _FOREGROUND),
        epochs=epochs,
        smallest_lesion_mm3=0.0,
        slice_thickness_factor=1.5,
        reasons={"sampling": why, "epochs": why},
    )


def _shares(measured: Sequence[Mapping[str, str]], patch_mm: float) -> tuple[SamplingShares, str]:
    """Draw more patches about lesions the less often a patch along the cord would meet one by chance."""
    chances = [_chance(row, patch_mm) for row in measured if number(row.get("voxels_lesion", NOTHING)) is not None]
    if not any(chances):
        shares = SamplingShares(0.0, 1 - _ANYWHERE, _ANYWHERE)
        return shares, "no training case has a lesion"
    chance = sum(chances) / len(chances)
    lesion = round(_FOREGROUND + (_MOST_LESION - _FOREGROUND) * (1 - chance), 2)
    why = f"a patch of {patch_mm:.0f} mm along the cord meets a lesion by chance in {100 * chance:.0f} % of draws"
    return SamplingShares(lesion, round(1 - lesion - _ANYWHERE, 2), _ANYWHERE), f"{why} ({len(chances)} cases)"


def _chance(row: Mapping[str, str], patch_mm: float) -> float:
    """Estimate how likely a patch anywhere along the cord shows a lesion, lesions being as long as wide."""
    count, volume = number(row["components_lesion"]) or 0, number(row["volume_mm3_lesion"]) or 0
    if not count:
        return 0.0
    length = (volume / count) ** (1 / 3)
    axis = next(index for index, letter in enumerate(row["axes"]) if letter in "SI")
    cord_mm = float(row["shape"].split()[axis]) * float(row["spacing_mm"].split()[axis])
    alone = min(1.0, (patch_mm + length) / max(cord_mm, patch_mm))
    return float(1 - (1 - alone) ** count)


def _epochs(cases: int, *, on_gpu: bool) -> tuple[int, str]:
    epochs = 1000 if cases >= 200 else 500 if cases >= 50 else 250
    if not on_gpu:
        return min(epochs, 100), f"{cases} training cases, and no GPU"
    return epochs, f"{cases} training cases"


def _smallest_lesion(measured: Sequence[Mapping[str, str]]) -> tuple[float, str]:
    """Take half of the smallest mean lesion of a case: single lesions vary about it."""
    means = [
        (number(row["volume_mm3_lesion"]) or 0) / count
        for row in measured
        if (count := number(row.get("components_lesion", NOTHING)) or 0)
    ]
    if not means:
        return 0.0, "no training case has a lesion"
    return round(min(means) / 2, 2), f"half of {min(means):.1f} mm3, the smallest mean lesion of {len(means)} cases"


def _thickness_factor(measured: Sequence[Mapping[str, str]]) -> tuple[float, str]:
    thickest = sorted(max(float(size) for size in row["spacing_mm"].split()) for row in measured)
    if not thickest:
        return 1.5, "no case was measured"
    middle = thickest[len(thickest) // 2]
    factor = round(min(max(thickest[-1] / middle, 1.5), 4.0), 2)
    return factor, f"the thickest slices are {thickest[-1]:.1f} mm, the median case has {middle:.1f} mm"
