"""The masks of a region."""

from dataclasses import dataclass

from nnunet_ext.report.planes import BoolArray


@dataclass(frozen=True, eq=False)
class RegionMasks:
    """One region on the grid of the image: what people drew and what the model says; `None` where there is none."""

    reference: BoolArray | None
    prediction: BoolArray | None
