"""`spine_plan.json`: what a dataset tells about how to train on it, each value with the figure behind it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import DataRefusedError

FILE: Final = "spine_plan.json"
SCHEMA: Final = 1


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
class SpinePlan:
    """How to train on one dataset.

    Parameters
    ----------
    sampling
        What patches show.
    epochs
        Of a trainer whose name does not say how many.
    smallest_lesion_mm3
        What is smaller is more likely noise than a lesion.
    slice_thickness_factor
        How much thicker than its own slices an image may be made in training, to look like those of other sites.
    case_weights
        How often a case is drawn, relative to 1.
    not_annotated
        For a case its classes that nobody annotated.
    reasons
        For each of the values above the figure that it was derived from.
    """

    sampling: SamplingShares
    epochs: int
    smallest_lesion_mm3: float
    slice_thickness_factor: float
    case_weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    not_annotated: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    reasons: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def write_spine_plan(folder: Path, plan: SpinePlan) -> None:
    """Write the plan into a preprocessed dataset's folder, beside nnU-Net's plans."""
    content = {
        **{field.name: getattr(plan, field.name) for field in fields(plan)},
        "sampling": asdict(plan.sampling),
        "case_weights": dict(plan.case_weights),
        "not_annotated": {case: list(classes) for case, classes in plan.not_annotated.items()},
        "reasons": dict(plan.reasons),
    }
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
        unknown = set(content) - {field.name for field in fields(SpinePlan)}
        if unknown:
            raise ValueError(f"unknown {', '.join(sorted(unknown))}")
        weights = {str(case): float(weight) for case, weight in content["case_weights"].items()}
        if any(weight < 0 for weight in weights.values()):
            raise ValueError("case_weights must not be negative")
        return SpinePlan(
            sampling=SamplingShares(**content["sampling"]),
            epochs=int(content["epochs"]),
            smallest_lesion_mm3=float(content["smallest_lesion_mm3"]),
            slice_thickness_factor=float(content["slice_thickness_factor"]),
            case_weights=weights,
            not_annotated={case: tuple(classes) for case, classes in content["not_annotated"].items()},
            reasons=dict(content["reasons"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataRefusedError(
            f"{file}: a plan was needed, found {type(error).__name__}: {error}; mend it, or remove it to have it made"
        ) from error
