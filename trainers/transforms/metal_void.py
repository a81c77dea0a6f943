"""Holes that metal leaves."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import torch
from batchgeneratorsv2.helpers.scalar_type import sample_scalar
from batchgeneratorsv2.transforms.base.basic_transform import ImageOnlyTransform

from nnunet_ext.trainers.transforms.dark_level import dark_level

_MOST_VOIDS: Final = 3  # one a level, as screws and plates are set
_REACH: Final = 2.0  # radii from the middle, to where the image is as it was
_SHARPNESS: Final = 12.0  # of the hole's wall, in 1 / radius
_RIM_PLACE: Final = 1.2  # radii
_RIM_WIDTH: Final = 0.15
_FAINT_SIDE: Final = 0.3  # of the rim's brightness
_WAIST: Final = 0.65  # radii, where the field of a dipole changes its sign


class _Void(NamedTuple):
    centre: list[float]  # voxels
    radii: list[float]  # voxels
    readout: int  # axis along which signal is displaced
    side: int  # 1 or -1: to where
    rim: float
    shift: float  # voxels


class MetalVoid(ImageOnlyTransform):  # type: ignore[misc]  # batchgeneratorsv2 ships no annotations
    """Put one to three implants beside the cord: holes without signal, with the signal they displaced on the rim.

    Each is an ellipsoid, drawn in at the waist as the field of a dipole is that lies along the magnet, and thus along
    the cord. Around it the image is shifted along the readout axis, less and less up to two radii, and piles up as a
    bright crescent at one end. The labels stay: the shift must be small. A hole touches the cord from in front or
    behind and leaves it visible; where the patch holds no label, it lies anywhere.

    Parameters
    ----------
    spacing
        Of the patch, mm along each axis.
    cord_axis, depth_axis
        Along the cord, and from front to back of the patient; None where the patch has no such axis. Each implant is
        elongated along one of the two: rods follow the cord, screws run into the depth.
    radius_mm, elongation
        Ranges of the radii, and of the factor on the one along the long axis.
    rim
        Range of the extra brightness of the rim, as a share of the tissue's.
    shift_voxels
        Range of the largest shift, of all implants together.
    """

    def __init__(
        self,
        spacing: Sequence[float],
        cord_axis: int | None,
        depth_axis: int | None,
        *,
        radius_mm: tuple[float, float],
        elongation: tuple[float, float],
        rim: tuple[float, float],
        shift_voxels: tuple[float, float],
    ) -> None:
        super().__init__()
        self.spacing = tuple(spacing)
        self.cord_axis = cord_axis
        self.depth_axis = depth_axis
        self.radius_mm = radius_mm
        self.elongation = elongation
        self.rim = rim
        self.shift_voxels = shift_voxels

    def get_parameters(self, **data_dict: Any) -> dict[str, Any]:  # noqa: ANN401 - batchgeneratorsv2's signature
        """Draw the implants, all of them in front of the cord or all behind."""
        shape = list(data_dict["image"].shape[1:])
        segmentation = data_dict.get("segmentation")
        labelled = None if segmentation is None else (segmentation[0] > 0).nonzero()
        front, number = _sign(), 1 + _any_of(_MOST_VOIDS)
        voids = [self._draw(shape, labelled, front) for _ in range(number)]
        # Shared out, since the shifts of neighbours add up.
        return {"voids": [void._replace(shift=void.shift / number) for void in voids]}

    def _draw(self, shape: list[int], labelled: torch.Tensor | None, front: int) -> _Void:
        radii = [sample_scalar(self.radius_mm) / mm for mm in self.spacing]
        long_axes = [axis for axis in (self.cord_axis, self.depth_axis) if axis is not None]
        if long_axes:
            radii[long_axes[_any_of(len(long_axes))]] *= sample_scalar(self.elongation)
        if labelled is None or not len(labelled) or self.depth_axis is None:
            centre = [float(torch.rand(())) * size for size in shape]
        else:
            centre = _beside(labelled, self.depth_axis, front, radii[self.depth_axis])
        readout = _any_of(len(shape))
        return _Void(centre, radii, readout, _sign(), sample_scalar(self.rim), sample_scalar(self.shift_voxels))

    def _apply_to_image(self, img: torch.Tensor, **params: Any) -> torch.Tensor:  # noqa: ANN401 - as above
        dark = torch.tensor([dark_level(channel) for channel in img]).to(img).reshape(-1, *[1] * (img.ndim - 1))
        void: _Void
        for void in params["voids"]:
            box = _box(void, img.shape[1:])
            around = img[(slice(None), *box)]
            if around.numel():
                places = _places(void, box)
                distance = _distance(places, self.cord_axis)
                moved = _shifted(around, distance, void)
                around.copy_((moved - dark) * _signal(distance, places[void.readout], void).to(img) + dark)
        return img


def _sign() -> int:
    return 2 * int(torch.randint(2, ())) - 1


def _any_of(number: int) -> int:
    return int(torch.randint(number, ()))


def _beside(labelled: torch.Tensor, depth_axis: int, front: int, radius: float) -> list[float]:
    """Place a centre so far from the labelled voxels, (n, axes), that the hole ends near the outermost of a line."""
    place = labelled[_any_of(len(labelled))]
    other = [axis for axis in range(labelled.shape[1]) if axis != depth_axis]
    line = labelled[(labelled[:, other] == place[other]).all(dim=1), depth_axis]
    centre = place.float().tolist()
    centre[depth_axis] = float(front * (front * line).max()) + front * radius * (1.1 + 0.5 * float(torch.rand(())))
    return centre


def _box(void: _Void, shape: Sequence[int]) -> list[slice]:
    """Cut out what an implant has an effect on; empty where it lies outside the patch."""
    ends = zip(void.centre, void.radii, shape, strict=True)
    return [
        slice(min(size, max(0, int(centre - _REACH * radius))), max(0, min(size, int(centre + _REACH * radius) + 2)))
        for centre, radius, size in ends
    ]


def _places(void: _Void, box: Sequence[slice]) -> list[torch.Tensor]:
    """Give each voxel's distance to the centre along each axis, in radii, ready to be broadcast."""
    places = [
        (torch.arange(cut.start, cut.stop) - centre) / radius
        for cut, centre, radius in zip(box, void.centre, void.radii, strict=True)
    ]
    return [place.reshape([-1 if axis == own else 1 for axis in range(len(box))]) for own, place in enumerate(places)]


def _distance(places: Sequence[torch.Tensor], cord_axis: int | None) -> torch.Tensor:
    """Give the distance to the centre in radii, with the waist that the dipole's field, 3 cos^2 - 1, has."""
    squared = torch.zeros(())
    for place in places:
        squared = squared + place**2
    if cord_axis is None:
        return squared.sqrt()
    field = (3 * places[cord_axis] ** 2 / squared.clamp_min(1e-6) - 1).abs()  # 2 along the magnet, 0 at the waist
    return squared.sqrt() / (_WAIST + (1 - _WAIST) * field / 2)


def _signal(distance: torch.Tensor, along_readout: torch.Tensor, void: _Void) -> torch.Tensor:
    """Give what the signal is multiplied by: 0 inside, more than 1 at the rim, 1 beyond."""
    towards = (void.side * along_readout / distance.clamp_min(1e-6)).clamp(-1, 1)  # 1 where the signal is moved to
    crescent = _FAINT_SIDE + (1 - _FAINT_SIDE) * (1 + towards) / 2
    rim = void.rim * crescent * torch.exp(-(((distance - _RIM_PLACE) / _RIM_WIDTH) ** 2))
    return torch.sigmoid(_SHARPNESS * (distance - 1)) + rim


def _shifted(around: torch.Tensor, distance: torch.Tensor, void: _Void) -> torch.Tensor:
    """Shift along the readout axis, fully up to one radius, not at all from two on; linear in between voxels."""
    shift = void.side * void.shift * (_REACH - distance).clamp(0, 1).movedim(void.readout, -1)
    along = around.movedim(void.readout + 1, -1)
    last = along.shape[-1] - 1
    source = (torch.arange(last + 1) - shift).clamp(0, last)
    below = source.floor().long()
    weight = (source - below).to(around)
    below = below.expand(along.shape)
    moved = along.gather(-1, below) * (1 - weight) + along.gather(-1, (below + 1).clamp_max(last)) * weight
    return moved.movedim(-1, void.readout + 1)
