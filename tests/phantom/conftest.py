"""Small sites, so that a test takes milliseconds."""

from dataclasses import replace

import pytest

from nnunet_ext.phantom.site import Site, find_sites


@pytest.fixture
def small_site() -> Site:
    """The isotropic site with a small, coarse field of view in the middle of the neck, which holds the cord."""
    (site,) = find_sites(["isotropic"])
    return replace(site, in_plane_mm=(1.4, 1.5), matrix=((20, 22), (34, 36), (44, 46)), levels=(3.0, 5.0), tilt_deg=1.0)


@pytest.fixture
def small_slices(small_site: Site) -> Site:
    """A second small site, with thick sagittal slices and two contrasts."""
    (site,) = find_sites(["tumor"])
    matrix = ((8, 8), (36, 40), (44, 48))
    return replace(site, in_plane_mm=(1.4, 1.5), matrix=matrix, levels=(3.0, 5.0), tilt_deg=1.0)
