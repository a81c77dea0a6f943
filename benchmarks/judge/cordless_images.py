"""Images that hold no cord: drawn with other shapes than the phantom's, and cut from real ones beside the cord."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from judge.volumes import BoolArray, Labelled
from nnunet_ext.core.volume import Volume
from nnunet_ext.phantom.acquisition import Acquisition, make_image
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.slices import SliceGrid
from nnunet_ext.phantom.tissues import Tissue
from nnunet_ext.phantom.waves import waves

Points = npt.NDArray[np.float64]
Place = tuple[float, float, float]

CONTRASTS = (Contrast.T1W, Contrast.T2W, Contrast.T2STARW)
BESIDE_MM = 12.0  # away from the cord
SMALLEST_MM = 25.0  # of a piece of a real image
ABOVE_BRAINSTEM_MM = 12.0  # upwards of the anterior commissure, the origin of brain templates


@dataclass(frozen=True)
class Scene:
    """Tissues on a grid whose middle is the origin; millimetres to the right, the front and the top.

    Parameters
    ----------
    tissue
        Shape of the grid.
    points
        Shape (3, *grid).
    seed
        Of the outlines' wander.
    """

    tissue: npt.NDArray[np.uint8]
    points: Points
    seed: int

    @classmethod
    def empty(cls, shape: tuple[int, int, int], affine: npt.NDArray[np.float64], seed: int) -> "Scene":
        """Begin with air."""
        index = np.indices(shape, dtype=np.float64)
        points = np.einsum("ij,jklm->iklm", affine[:3, :3], index) + affine[:3, 3, None, None, None]
        return cls(np.zeros(shape, np.uint8), points, seed)

    def ellipsoid(
        self, tissue: Tissue, middle: tuple[float, ...], radii: tuple[float, ...], rough: float = 0.1
    ) -> None:
        """Paint an ellipsoid whose surface wanders; an infinite radius makes a tube."""
        squared = sum(
            ((self.points[axis] - middle[axis]) / radii[axis]) ** 2 for axis in range(3) if np.isfinite(radii[axis])
        )
        wander = rough * waves(self.points, self.seed + int(tissue), 30.0)
        self.tissue[np.sqrt(squared) < 1 + wander] = tissue

    def septa(self, inside: Tissue) -> None:
        """Draw planes of fat through a tissue."""
        field = self.points[0] / 14 + self.points[1] / 19 + waves(self.points, self.seed + 50, 40.0)
        self.tissue[(np.abs(np.sin(np.pi * field)) < 0.12) & (self.tissue == inside)] = Tissue.FAT


def head(scene: Scene) -> None:
    """Brain in its skull, cut above the brainstem."""
    for tissue, grown in ((Tissue.SKIN, 14.0), (Tissue.FAT, 12.0), (Tissue.CORTICAL_BONE, 8.0), (Tissue.MARROW, 6.5),
                          (Tissue.CORTICAL_BONE, 4.0), (Tissue.CSF, 2.5)):  # fmt: skip
        scene.ellipsoid(tissue, (0, 0, -30), (66 + grown, 82 + grown, 78 + grown), 0.02)
    scene.ellipsoid(Tissue.GREY_MATTER, (0, 0, -30), (66, 82, 78), 0.06)
    scene.ellipsoid(Tissue.WHITE_MATTER, (0, 0, -30), (58, 74, 70), 0.12)
    scene.tissue[(np.abs(scene.points[0]) < 1.2) & np.isin(scene.tissue, (Tissue.GREY_MATTER, Tissue.WHITE_MATTER))] = (
        Tissue.CSF
    )
    for side in (-1, 1):
        scene.ellipsoid(Tissue.CSF, (side * 12, 5, -20), (6, 32, 9), 0.2)
        scene.ellipsoid(Tissue.GREY_MATTER, (side * 20, 8, -32), (8, 14, 10), 0.1)


def abdomen(scene: Scene) -> None:
    """Organs, bowel and two great vessels, below the end of the cord and in front of the spine."""
    up = float("inf")
    for tissue, grown in ((Tissue.SKIN, 2.0), (Tissue.FAT, 0.0), (Tissue.MUSCLE, -16.0), (Tissue.SOFT, -26.0)):
        scene.ellipsoid(tissue, (0, 0, 0), (150 + grown, 105 + grown, up), 0.03)
    scene.ellipsoid(Tissue.BRAIN, (60, 20, 40), (60, 60, 70), 0.1)  # a liver is as uniform as a brain
    scene.ellipsoid(Tissue.SOFT, (-75, -10, 50), (28, 38, 40), 0.1)
    for side in (-1, 1):
        scene.ellipsoid(Tissue.CEREBELLUM, (side * 55, -45, -20), (24, 22, 50), 0.1)
        scene.ellipsoid(Tissue.CSF, (side * 52, -42, -20), (7, 6, 18), 0.3)
    scene.ellipsoid(Tissue.VESSEL, (-8, -30, 0), (9, 9, up), 0.1)
    scene.ellipsoid(Tissue.VESSEL, (16, -28, 0), (11, 9, up), 0.15)
    for place in ((-40, 50, -40), (10, 55, -20), (-60, 45, 0), (45, 50, -70), (0, 40, -70)):
        scene.ellipsoid(Tissue.NERVE, place, (20, 16, 26), 0.3)
        scene.ellipsoid(Tissue.AIR if place[2] < -30 else Tissue.CSF, place, (11, 9, 18), 0.4)


def shoulder(scene: Scene) -> None:
    """A shoulder with the head and the shaft of the arm's bone, a tube with a bright middle and a dark wall."""
    scene.ellipsoid(Tissue.SKIN, (0, 0, 0), (88, 72, 150), 0.05)
    scene.ellipsoid(Tissue.FAT, (0, 0, 0), (86, 70, 148), 0.05)
    scene.ellipsoid(Tissue.MUSCLE, (0, 0, 0), (76, 58, 140), 0.08)
    scene.septa(Tissue.MUSCLE)
    for tissue, thinner in ((Tissue.CORTICAL_BONE, 0.0), (Tissue.MARROW, 3.0)):
        scene.ellipsoid(tissue, (10, 0, -60), (12 - thinner, 12 - thinner, 75), 0.05)
        scene.ellipsoid(tissue, (8, 0, 20), (25 - thinner / 2, 24 - thinner / 2, 26 - thinner / 2), 0.06)
        scene.ellipsoid(tissue, (-36, -6, 14), (10 - thinner / 2, 14 - thinner / 2, 30 - thinner / 2), 0.15)
    scene.ellipsoid(Tissue.CSF, (-20, 2, 18), (3, 14, 20), 0.3)  # fluid in the joint
    scene.ellipsoid(Tissue.VESSEL, (-42, 10, -40), (4, 4, 80), 0.1)


def muscle(scene: Scene) -> None:
    """Fill the field of view with muscle and its planes of fat."""
    scene.tissue[...] = Tissue.MUSCLE
    scene.septa(Tissue.MUSCLE)


SCENES = (
    ("head", head, (150, 180, 80), (1.0, 1.0, 1.0)),
    ("abdomen", abdomen, (200, 150, 24), (1.6, 1.6, 6.0)),
    ("abdomen-sagittal", abdomen, (16, 150, 160), (4.4, 1.5, 1.5)),
    ("shoulder", shoulder, (150, 130, 26), (1.2, 1.2, 5.0)),
    ("muscle", muscle, (70, 70, 60), (1.0, 1.0, 1.0)),
)


def drawn_images(seed: int) -> Iterator[tuple[str, Volume]]:
    """Draw every scene in three contrasts, and images of nothing."""
    rng = np.random.default_rng([seed, 1])
    for name, paint, shape, spacing in SCENES:
        affine = np.diag([*spacing, 1.0])
        affine[:3, 3] = [-mm * (size - 1) / 2 for mm, size in zip(spacing, shape, strict=True)]
        scene = Scene.empty(shape, affine, seed)
        paint(scene)
        grid = SliceGrid(shape, affine, affine, int(np.argmax(spacing)), 1)
        for contrast in CONTRASTS:
            yield f"{name}_{contrast}", Volume(make_image(scene.tissue, grid, Acquisition(contrast), rng), affine)
    affine = np.eye(4)
    noise = np.hypot(*rng.normal(0, 100, (2, 80, 80, 80))).astype(np.int16)
    yield "noise", Volume(noise, affine)
    yield "noise-thick", Volume(noise[..., :20].copy(), np.diag([0.6, 0.6, 4.0, 1.0]))
    yield "constant", Volume(np.full((80, 80, 80), 300, np.int16), affine)
    yield "zero", Volume(np.zeros((60, 60, 60), np.int16), affine)


def beside_cord(labelled: Labelled) -> Iterator[tuple[str, Volume]]:
    """Cut what lies to either side of a real cord; too thin a piece is none.

    A mask of one block says nothing of the rest of the image, which is therefore not cut.
    """
    if not labelled.scored.all():
        return
    axis = next(index for index, letter in enumerate(labelled.image.axes) if letter in "LR")
    step = labelled.image.spacing[axis]
    used = np.flatnonzero(labelled.truth.any(axis=tuple(other for other in range(3) if other != axis)))
    gap, size = int(np.ceil(BESIDE_MM / step)), labelled.truth.shape[axis]
    for side, (start, stop) in (("low", (0, used[0] - gap)), ("high", (used[-1] + 1 + gap, size))):
        if (stop - start) * step >= SMALLEST_MM:
            place = tuple(slice(start, stop) if other == axis else slice(None) for other in range(3))
            yield f"beside-{labelled.name}-{side}", cut(labelled.image, place)


def cut(image: Volume, place: tuple[slice, ...]) -> Volume:
    """Cut a block out of an image, where it lies."""
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [part.start or 0 for part in place]
    return Volume(image.data[place].copy(), affine)


def above_brainstem(brain: Volume) -> Volume:
    """Cut a head in a template's space above its brainstem."""
    upright = next(index for index, letter in enumerate(brain.axes) if letter in "SI")
    place = [slice(None)] * 3
    height = brain.affine[2, upright] * np.arange(brain.data.shape[upright]) + brain.affine[2, 3]
    kept = np.flatnonzero(height >= ABOVE_BRAINSTEM_MM)
    place[upright] = slice(int(kept[0]), int(kept[-1]) + 1)
    return cut(brain, tuple(place))


def voxels(mask: BoolArray) -> int:
    """Count them."""
    return int(np.count_nonzero(mask))
