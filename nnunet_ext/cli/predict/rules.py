"""Post-processing as the command line asks for it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nnunet_ext.cascade.prediction.post_processing import HALF, OutsideCord, PostProcessing, default_post_processing
from nnunet_ext.core.errors import UnsafeModelError, UsageError
from nnunet_ext.core.labels import CORD, Labelling

NONE = "none"


@dataclass(frozen=True)
class AskedRules:
    """What the command line says; None or empty where it says nothing.

    Parameters
    ----------
    threshold, largest_cord, outside_cord
        As in `PostProcessing`.
    fill_holes
        Regions, or `none`.
    smallest
        Each `REGION=MM3`; 0 for no limit.
    model_postprocessing
        Whether what nnU-Net found to help the model is done, too.
    """

    threshold: float | None = None
    largest_cord: bool | None = None
    outside_cord: str | None = None
    fill_holes: tuple[str, ...] | None = None
    smallest: tuple[str, ...] = ()
    model_postprocessing: bool = True


def choose_rules(regions: Labelling, asked: AskedRules, rules: PostProcessing | None = None) -> PostProcessing:
    """Take the rules of a model or, where it has none, the defaults of its regions, and what the user asks for instead.

    Raises
    ------
    UsageError
        Where a region is not the model's, or a number is none.
    """
    rules = default_post_processing(regions) if rules is None else rules
    if asked.threshold is not None:
        if not 0 < asked.threshold < 1:
            raise UsageError(f"--threshold needs a probability between 0 and 1, found {asked.threshold}")
        rules = replace(rules, threshold=asked.threshold, threshold_of=())
    if asked.largest_cord is not None:
        if asked.largest_cord and CORD not in regions.names:
            raise UsageError(f"--largest-cord needs a model with the region {CORD}; it has {', '.join(regions.names)}")
        rules = replace(rules, largest_cord=asked.largest_cord)
    if asked.outside_cord is not None:
        if not regions.lesions:
            raise UsageError("--outside-cord needs a model with a cord that lesions lie in")
        rules = replace(rules, outside_cord=OutsideCord(asked.outside_cord))
    if asked.fill_holes is not None:
        filled = tuple(name for name in asked.fill_holes if name != NONE)
        _refuse_unknown("--fill-holes", filled, regions)
        rules = replace(rules, fill_holes=filled)
    volumes = {**dict(rules.smallest_mm3), **dict(map(_smallest, asked.smallest))}
    _refuse_unknown("--smallest", tuple(volumes), regions)
    return replace(rules, smallest_mm3=tuple((name, mm3) for name, mm3 in volumes.items() if mm3 > 0))


def rules_of_card(content: Mapping[str, Any]) -> PostProcessing:
    """Read the rules of a default model's card, which are said as sidecars say them.

    Raises
    ------
    UnsafeModelError
        Where they are not.
    """
    try:
        return PostProcessing(
            threshold=float(content.get("Threshold", HALF)),
            threshold_of=tuple((str(name), float(value)) for name, value in content.get("ThresholdOf", {}).items()),
            largest_cord=bool(content.get("LargestCord", False)),
            outside_cord=OutsideCord(content.get("OutsideCord", OutsideCord.FLAG)),
            fill_holes=tuple(map(str, content.get("FillHoles", ()))),
            smallest_mm3=tuple((str(name), float(mm3)) for name, mm3 in content.get("SmallestMm3", {}).items()),
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise UnsafeModelError(f"card.json: post_processing: {error}") from error


def _smallest(asked: str) -> tuple[str, float]:
    name, _, text = asked.partition("=")
    try:
        volume = float(text)
    except ValueError:
        volume = math.nan
    if not volume >= 0 or math.isinf(volume):
        raise UsageError(f"--smallest needs REGION=MM3, for instance lesion=5; found {asked!r}")
    return name, volume


def _refuse_unknown(flag: str, names: Sequence[str], regions: Labelling) -> None:
    unknown = [name for name in names if name not in regions.names]
    if unknown:
        raise UsageError(f"{flag}: the model has the regions {', '.join(regions.names)}; found {', '.join(unknown)}")
