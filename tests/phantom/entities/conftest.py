"""Small coarse sites, so that a painted patient takes a fraction of a second."""

from dataclasses import replace

import pytest

from nnunet_ext.phantom.entities.sites import ENTITY_SITES
from nnunet_ext.phantom.site import Site


@pytest.fixture(scope="session")
def small_sites() -> tuple[Site, Site]:
    """The two sites with few and coarse voxels: what is asked of one lesion's millimetres needs the true ones."""
    fine, coarse = (
        replace(site, in_plane_mm=(1.5, 1.6), slice_mm=(4.0, 4.2), matrix=((8, 9), (44, 48), (50, 54)))
        for site in ENTITY_SITES
    )
    return fine, coarse
