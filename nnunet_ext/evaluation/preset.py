"""What counts as a lesion, and when it counts as found: the published conventions by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from nnunet_ext.core.errors import UsageError


@dataclass(frozen=True)
class Preset:
    """One convention of lesion-wise scoring.

    Parameters
    ----------
    name
        As it stands in the output.
    connectivity
        Neighbours that make voxels one lesion: 6 (faces), 18 (and edges) or 26 (and corners).
    smallest_lesion_mm3
        Components smaller than this, in mm3, are dropped from both masks before anything is counted; 0 keeps all.
    overlap
        Share of a reference lesion's voxels, above 0 up to 1, that must be predicted for it to count as found.

    Raises
    ------
    UsageError
        Where a value lies outside its range.
    """

    name: str
    connectivity: Literal[6, 18, 26]
    smallest_lesion_mm3: float
    overlap: float

    def __post_init__(self) -> None:
        if self.connectivity not in (6, 18, 26):
            raise UsageError(f"preset {self.name}: connectivity must be 6, 18 or 26, found {self.connectivity}")
        if not 0 < self.overlap <= 1:
            raise UsageError(f"preset {self.name}: overlap must lie above 0 and up to 1, found {self.overlap}")
        if not self.smallest_lesion_mm3 >= 0:
            raise UsageError(
                f"preset {self.name}: smallest_lesion_mm3 must be 0 or more, found {self.smallest_lesion_mm3}"
            )


SCISEG2: Final = Preset(name="sciseg2", connectivity=6, smallest_lesion_mm3=0.0, overlap=0.1)
"""As SCIsegV2 was scored, with its MetricsReloaded."""

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType({SCISEG2.name: SCISEG2})
"""Every preset by its name."""
