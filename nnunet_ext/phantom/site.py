"""Imaging sites that differ as real ones do: protocol, coil, orientation, patients."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.core.errors import UsageError
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.slices import Plane

Range = tuple[float, float]
Matrix = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Site:
    """One site. Pairs are the lowest and highest value; each image draws its own in between.

    Parameters
    ----------
    name
        What users call it.
    code
        Start of its patients' names: letters and digits, unlike any other site's.
    contrasts
        Images of each visit, all on one grid.
    plane, in_plane_mm, slice_mm
        Slices and their voxels; an isotropic site uses `in_plane_mm` alone.
    matrix
        Voxels to the right, to the front and to the top.
    axes
        Orientation of its files, in nibabel's letters.
    levels
        Where fields of view are centred (see `levels`: 4.5 is the middle of C5).
    pathologies
        Each with its share of the patients.
    noise, bias, coil_mm, blur_voxels, ghost, scale, lesion_strength
        See `Acquisition`.
    tilt_deg
        Standard deviation of how patients lie.
    oblique
        Share of the visits whose slices are tilted in the scanner, and so in the affine.
    metal, saturated
        Shares of the images with an implant's void, and with a silenced band in front of the spine.
    """

    name: str
    code: str
    contrasts: tuple[Contrast, ...]
    plane: Plane
    in_plane_mm: Range
    slice_mm: Range
    matrix: Matrix
    axes: str
    levels: Range
    pathologies: tuple[tuple[Pathology, float], ...]
    noise: Range = (0.01, 0.04)
    bias: Range = (0.04, 0.15)
    coil_mm: Range = (90.0, 300.0)
    blur_voxels: Range = (0.35, 0.6)
    ghost: Range = (0.0, 0.02)
    scale: Range = (600.0, 1000.0)
    lesion_strength: Range = (0.8, 1.15)
    tilt_deg: float = 4.0
    oblique: float = 0.3
    metal: float = 0.03
    saturated: float = 0.3


SITES: Final = (
    Site(
        name="sagittal-sci",
        code="sci",
        contrasts=(Contrast.T2W,),
        plane=Plane.SAGITTAL,
        in_plane_mm=(0.8, 1.0),
        slice_mm=(3.0, 3.6),
        matrix=((20, 24), (116, 132), (180, 200)),
        axes="PIR",
        levels=(3.0, 8.5),
        pathologies=((Pathology.SCI, 0.9), (Pathology.HEALTHY, 0.1)),
        scale=(450.0, 800.0),
        metal=0.08,
    ),
    Site(
        name="axial-ms",
        code="ms",
        contrasts=(Contrast.T2W,),
        plane=Plane.AXIAL,
        in_plane_mm=(0.55, 0.7),
        slice_mm=(3.0, 5.0),
        matrix=((120, 132), (120, 132), (18, 24)),
        axes="LPS",
        levels=(2.5, 6.0),
        pathologies=((Pathology.MS, 0.9), (Pathology.HEALTHY, 0.1)),
        noise=(0.02, 0.06),
        scale=(900.0, 1500.0),
        ghost=(0.0, 0.04),
    ),
    Site(
        name="isotropic",
        code="iso",
        contrasts=(Contrast.T2W,),
        plane=Plane.ISOTROPIC,
        in_plane_mm=(0.9, 1.0),
        slice_mm=(0.9, 1.0),
        matrix=((60, 68), (116, 132), (150, 166)),
        axes="ASR",
        levels=(2.5, 6.0),
        pathologies=(
            (Pathology.SCI, 0.3),
            (Pathology.MS, 0.3),
            (Pathology.COMPRESSION, 0.2),
            (Pathology.HEALTHY, 0.2),
        ),
        noise=(0.01, 0.03),
        coil_mm=(60.0, 150.0),
        scale=(250.0, 500.0),
    ),
    Site(
        name="axial-t2star",
        code="t2s",
        contrasts=(Contrast.T2STARW,),
        plane=Plane.AXIAL,
        in_plane_mm=(0.5, 0.65),
        slice_mm=(3.0, 5.0),
        matrix=((124, 136), (124, 136), (14, 20)),
        axes="RAS",
        levels=(2.5, 6.0),
        pathologies=((Pathology.MS, 0.5), (Pathology.SCI, 0.3), (Pathology.HEALTHY, 0.2)),
        noise=(0.02, 0.05),
        coil_mm=(50.0, 120.0),
        scale=(300.0, 600.0),
    ),
    Site(
        name="tumor",
        code="tum",
        contrasts=(Contrast.T2W, Contrast.T1W_GADOLINIUM),
        plane=Plane.SAGITTAL,
        in_plane_mm=(0.8, 1.0),
        slice_mm=(3.0, 3.6),
        matrix=((20, 24), (116, 132), (180, 200)),
        axes="AIL",
        levels=(3.0, 14.0),
        pathologies=((Pathology.TUMOUR, 1.0),),
        scale=(700.0, 1200.0),
    ),
)
"""Ready-made sites; `dataclasses.replace` makes a smaller or a noisier one of each."""


def find_sites(names: Sequence[str]) -> tuple[Site, ...]:
    """Give the ready-made sites of these names, in their order.

    Raises
    ------
    UsageError
        For a name that no site has.
    """
    known = {site.name: site for site in SITES}
    for name in names:
        if name not in known:
            raise UsageError(f"no synthetic site is called {name!r}; choose among: {', '.join(known)}")
    return tuple(known[name] for name in names)
