"""Small cases whose truth is seen in the picture: what shines is what has to be drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt

from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Affine, Array
from nnunet_ext.correction.desk import Desk, desk_regions
from nnunet_ext.correction.desk_case import DeskCase

SHAPE = (30, 26, 12)
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Geometry:
    """How a file lies in the patient.

    Parameters
    ----------
    axes
        As nibabel names them.
    spacing
        Right, front and top, in mm.
    tilt
        Degrees about the right-left axis.
    """

    axes: str = "RAS"
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    tilt: float = 0.0

    @property
    def name(self) -> str:
        return f"sub-{self.axes}{'x'.join(f'{size:g}' for size in self.spacing)}t{self.tilt:g}".replace(".", "p")

    def turn(self, data: Array) -> tuple[Array, Affine]:
        """Lay a volume that runs to the right, front and top into the file's axes."""
        angle = np.deg2rad(self.tilt)
        rotation = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
        affine = np.eye(4)
        affine[:3, :3] = rotation @ np.diag(self.spacing)
        affine[:3, 3] = (-12.5, 7.25, 3.0)
        there = nib.orientations.axcodes2ornt(tuple(self.axes))
        way = nib.orientations.ornt_transform(nib.orientations.axcodes2ornt(("R", "A", "S")), there)
        turned = nib.orientations.apply_orientation(data, way)
        return np.asarray(turned), affine @ nib.orientations.inv_ornt_aff(way, data.shape)


@dataclass(frozen=True)
class Volumes:
    """A case in axes that run to the right, front and top."""

    image: Array
    cord: Bool
    lesion: Bool
    bright: Bool
    probability: Array


def volumes() -> Volumes:
    """A dark block with a cord, in which five voxels in a row shine, and one lesion that is none, in the same slice.

    The probability of the lesion is high at the false one, and 0.4 at most around a third place, that nothing shows.
    """
    cord = np.zeros(SHAPE, dtype=np.bool_)
    cord[8:23, 6:20, 1:11] = True
    image = np.where(cord, 100, 20).astype(np.int16) + (np.indices(SHAPE).sum(axis=0) % 7).astype(np.int16)
    bright, lesion = np.zeros_like(cord), np.zeros_like(cord)
    bright[10:15, 16, 5] = True
    lesion[18:20, 9:11, 5] = True
    image[bright] = 1000
    image[:, :, -1] = 900  # of so many voxels that the first contrast leaves the cord grey
    distance = np.abs(np.indices(SHAPE) - np.array([11, 9, 5])[:, None, None, None]).max(axis=0)
    probability = np.maximum(np.where(lesion, 0.9, 0.0), np.clip(0.4 - 0.12 * distance, 0, 1) * cord)
    return Volumes(image, cord, lesion, bright, probability.astype(np.float32))


@dataclass(frozen=True)
class MadeCases:
    """A desk below a folder: a case for each geometry."""

    root: Path
    geometries: tuple[Geometry, ...]

    def desk(self) -> Desk:
        cases = [self._case(number, geometry) for number, geometry in enumerate(self.geometries, start=1)]
        regions = desk_regions(load_target("cord-lesion"))
        return Desk("Round 1", "ann", tuple(cases), regions, self.root / "desk", "refuse")

    def output(self, number: int, region: str = "lesion") -> Path:
        return self.root / "desk" / "masks" / f"{number}-{self.geometries[number - 1].name}_{region}.nii.gz"

    def saved(self, number: int, region: str = "lesion") -> Bool:
        return np.asarray(read_mask(self.output(number, region)).data > 0)

    def truth(self, number: int) -> Volumes:
        geometry, made = self.geometries[number - 1], volumes()
        turn = {name: geometry.turn(value)[0] for name, value in vars(made).items()}
        return Volumes(**turn)

    def image(self, number: int) -> Path:
        return self.root / "images" / f"{number}.nii.gz"

    def _case(self, number: int, geometry: Geometry) -> DeskCase:
        truth = self.truth(number)
        affine = geometry.turn(volumes().image)[1]
        write_image(self.image(number), truth.image, affine)
        given = {
            "sc": self.root / "given" / f"{number}_sc.nii.gz",
            "lesion": self.root / "given" / f"{number}_l.nii.gz",
        }
        write_mask(given["sc"], truth.cord.astype(np.uint8), affine)
        write_mask(given["lesion"], truth.lesion.astype(np.uint8), affine)
        probability = self.root / "given" / f"{number}_p.nii.gz"
        write_image(probability, truth.probability, affine)
        output: Mapping[str, Path] = {region: self.output(number, region) for region in given}
        return DeskCase(
            number, f"{number}-{geometry.name}", self.image(number), "", given, output, {"lesion": probability},
            reason="the folds disagree", score="0.41",
        )  # fmt: skip
