"""The grid of two masks, as far as metrics need it."""

from dataclasses import dataclass

from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.surface import Spacing


@dataclass(frozen=True)
class MetricGrid:
    """The grid of two masks, as far as the metrics need it.

    Parameters
    ----------
    spacing
        Of the array axes, in mm. None where it is not known: distances are then NaN.
    voxel_volume_mm3
        Volume of one voxel.
    slice_axis
        The array axis that runs along the body. None: no centreline is compared.
    """

    spacing: Spacing | None
    voxel_volume_mm3: float
    slice_axis: int | None = None


def grid_of(volume: Volume) -> MetricGrid:
    """Take what the metrics need from a volume's affine."""
    return MetricGrid(volume.spacing, volume.voxel_volume_mm3, upright_axis(volume.axes))
