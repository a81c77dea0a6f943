"""Showing crops otherwise each time: what a patient could as well have looked like."""

from typing import TYPE_CHECKING, Final

from nnunet_ext.classification.network.crop import MASKS

if TYPE_CHECKING:
    from torch import Generator, Tensor

_MIRRORED: Final = 0.5
_SHIFT_MM: Final = (2.0, 8.0)
_DEGREES: Final = 6.0
_SCALE: Final = 0.1
_GAIN: Final = 0.15
_NOISE: Final = 0.15  # spreads of the cord's signal


def augmented(
    crops: "Tensor", present: "Tensor", spacing: tuple[float, float, float], dropout: float, generator: "Generator"
) -> "Tensor":
    """Mirror, move, turn and scale crops, change the gain and the noise of their images, and hide some of these.

    Left and right are swapped in half of them. In the sagittal plane they are moved by up to 2 mm to the back and to
    the front and 8 mm along the cord, turned by up to 6 degrees and scaled by up to a tenth. An image other than the
    first is hidden as a whole. All is drawn on the CPU, alike whatever the device.

    Parameters
    ----------
    crops
        Shape (patients, channels + 2, x, y, z).
    present
        Shape (patients, channels), bool; an absent image stays 0.
    spacing
        mm along x, y and z.
    dropout
        How often an image other than the first is hidden.
    """
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    patients, images = present.shape

    def drawn(*shape: int) -> "Tensor":
        """Draw from -1 to 1."""
        return torch.rand(patients, *shape, generator=generator) * 2 - 1

    mirrored = torch.rand(patients, generator=generator) < _MIRRORED
    crops = torch.where(mirrored[:, None, None, None, None], crops.flip(2), crops)
    crops = _moved(crops, spacing, drawn(4))
    gain, noise = 1 + _GAIN * drawn(images), _NOISE * torch.rand(patients, images, generator=generator)
    shape = (patients, images, *crops.shape[2:])
    seen = gain[..., None, None, None] * crops[:, :images]
    seen = seen + noise[..., None, None, None] * torch.randn(shape, generator=generator)
    hidden = torch.rand(patients, images, generator=generator) < dropout
    hidden[:, 0] = False
    shown = (present & ~hidden)[..., None, None, None]
    return torch.cat([torch.where(shown, seen, 0.0), crops[:, -MASKS:]], dim=1)


def _moved(crops: "Tensor", spacing: tuple[float, float, float], drawn: "Tensor") -> "Tensor":
    """Move, turn and scale in the sagittal plane, in millimetres; beyond the crop all is 0.

    Parameters
    ----------
    drawn
        Shape (patients, 4), from -1 to 1: shift along y and along z, angle, scale.
    """
    import torch  # noqa: PLC0415 - as above
    from torch.nn.functional import affine_grid, grid_sample  # noqa: PLC0415 - as above

    patients, channels, x, y, z = crops.shape
    half_y, half_z = y * spacing[1] / 2, z * spacing[2] / 2
    angle = torch.deg2rad(_DEGREES * drawn[:, 2])
    scale = 1 + _SCALE * drawn[:, 3]
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    # Of the picture (patients, channels * x, y, z) torch's first coordinate runs along z; both run from -1 to 1.
    rows = (
        torch.stack([cosine, -sine * half_y / half_z, _SHIFT_MM[1] * drawn[:, 1] / half_z], 1),
        torch.stack([sine * half_z / half_y, cosine, _SHIFT_MM[0] * drawn[:, 0] / half_y], 1),
    )
    flat = crops.reshape(patients, channels * x, y, z)
    grid = affine_grid(torch.stack(rows, 1), list(flat.shape), align_corners=False)
    return grid_sample(flat, grid, align_corners=False).reshape(crops.shape)
