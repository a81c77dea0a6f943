"""What is too short or too thin to be a cord."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.rounding import at_least
from nnunet_ext.core.tube import SMALLEST_CORD_MM3
from nnunet_ext.core.volume import Volume

_SHARE_OF_FIELD: Final = 2 / 3


@dataclass(frozen=True)
class CordGate:
    """What a tube must have to be taken for a cord; by default any volume from `SMALLEST_CORD_MM3` up.

    Parameters
    ----------
    shortest_mm
        Along the body. Where the image itself is not much longer, two thirds of it are enough: a slab of three slices
        holds a real cord.
    thinnest_mm2
        Of its mean section, over the length that it must have: 40 mm2 are a thin cord, a vessel has 10.
    """

    shortest_mm: float = 0.0
    thinnest_mm2: float = 0.0

    def refuses(self, tube: Volume) -> str | None:
        """Say why a tube is no cord.

        Parameters
        ----------
        tube
            Voxels above 0, in any orientation.

        Returns
        -------
        str or None
            None where it may be one; an empty text where there is no voxel.
        """
        axis = upright_axis(tube.axes)
        used = np.flatnonzero(tube.data.any(axis=tuple(other for other in range(3) if other != axis)))
        if not used.size:
            return ""
        length = float(used[-1] - used[0] + 1) * tube.spacing[axis]
        field = tube.data.shape[axis] * tube.spacing[axis]
        needed_mm = min(self.shortest_mm, _SHARE_OF_FIELD * field)
        if not at_least(length, needed_mm):
            return f"the largest tube is {length:.3g} mm long, less than {needed_mm:.3g}"
        volume = float(np.count_nonzero(tube.data)) * tube.voxel_volume_mm3
        needed_mm3 = max(SMALLEST_CORD_MM3, self.thinnest_mm2 * needed_mm)
        if not at_least(volume, needed_mm3):
            return f"the largest tube has {volume:.3g} mm3, less than {needed_mm3:.3g}"
        return None

    def content(self) -> dict[str, Any]:
        """Give it for a sidecar."""
        return {"ShortestMm": self.shortest_mm, "ThinnestMm2": self.thinnest_mm2}
