"""Colours as people see them who lack one kind of cone."""

from itertools import combinations

import numpy as np
import pytest
from PIL import ImageColor

from nnunet_ext.core.volume import Array
from nnunet_ext.report.line_styles import LineStyle, line_style
from nnunet_ext.report.planes import Role

CORD_AND_LESION = [line_style(role, number) for role in ("reference", "prediction") for number in (0, 1)]
# Machado, Oliveira and Fernandes 2009 (IEEE TVCG 15:1291), table 1, severity 1.0.
SIGHT = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.119192, 0.9503041]])
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour: str) -> Array:
    value = np.array(ImageColor.getrgb(colour)) / 255
    return np.asarray(np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4))


def lab(light: Array) -> Array:
    """CIELAB 1976."""
    x, y, z = (np.cbrt(v) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116 for v in XYZ @ light / WHITE)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
def test_the_lines_of_cord_and_lesion_are_told_apart_by_colour(sight: str) -> None:
    seen = [lab(np.clip(np.array(SIGHT[sight]) @ linear(style.colour), 0, 1)) for style in CORD_AND_LESION]
    assert min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2)) > 20
    cord, lesion = seen[2:]  # of the prediction, both broken lines
    assert np.linalg.norm(cord - lesion) > 30


@pytest.mark.parametrize("style", CORD_AND_LESION)
def test_each_line_stands_out_from_its_dark_border(style: LineStyle) -> None:
    luminance = float(XYZ[1] @ linear(style.colour))
    assert (luminance + 0.05) / 0.05 > 4.5  # WCAG 2.2, 1.4.11 wants 3


@pytest.mark.parametrize("role", ["reference", "prediction"])
def test_no_two_regions_share_colour_and_line(role: Role) -> None:
    styles = [line_style(role, number) for number in range(8)]
    assert len(set(styles)) == len(styles)
    assert len({(style.width, style.dash) for style in styles[:2]}) == 2  # cord and lesion: also without colour
    assert all(bool(style.dash) == (role == "prediction") for style in styles)
