"""Two sites that see the four entities: they differ in voxels, noise and field of view, and in whom they see."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.site import Site
from nnunet_ext.phantom.slices import Plane

_BOTH: Final = ((Pathology.TUMOUR, 0.5), (Pathology.MS, 0.5))

ENTITY_SITES: Final = (
    Site(
        name="entities-fine",
        code="enta",
        contrasts=(Contrast.T2W, Contrast.T1W_GADOLINIUM),
        plane=Plane.SAGITTAL,
        in_plane_mm=(0.8, 0.9),
        slice_mm=(3.0, 3.3),
        matrix=((13, 15), (100, 108), (164, 172)),
        axes="PIR",
        levels=(1.0, 20.0),
        pathologies=_BOTH,
        noise=(0.01, 0.03),
        scale=(600.0, 1000.0),
    ),
    Site(
        name="entities-coarse",
        code="entb",
        contrasts=(Contrast.T2W, Contrast.T1W_GADOLINIUM),
        plane=Plane.SAGITTAL,
        in_plane_mm=(1.05, 1.2),
        slice_mm=(3.6, 4.0),
        matrix=((11, 13), (88, 96), (152, 160)),
        axes="AIL",
        levels=(1.0, 20.0),
        pathologies=_BOTH,
        noise=(0.025, 0.06),
        bias=(0.08, 0.2),
        coil_mm=(60.0, 160.0),
        scale=(250.0, 500.0),
    ),
)
"""A fine and quiet one, and a coarse and noisy one."""

AT_FIRST: Final[Mapping[Entity, float]] = MappingProxyType(
    {Entity.ASTROCYTOMA: 0.6, Entity.EPENDYMOMA: 0.45, Entity.MS: 0.4, Entity.NMOSD: 0.55}
)
"""Share of each entity's patients that the first site sees; the second one sees the others."""
