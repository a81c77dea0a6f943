"""Cases to correct: synthetic patients, predicted by the lesion model that comes with the package."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from loop_world import small_site
from scipy.ndimage import label

from desk_rater.hand import Bool
from desk_rater.known import ENOUGH, Known
from desk_rater.rater import parts
from nnunet_ext.cli.correct.folder_queue import AskedFolder, folder_queue
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.correction.desk import DeskRegion
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.evaluation.overlap import dice
from nnunet_ext.models.default_models import CORD_LESION, find_default
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.lesions import Pathology

Fault = Literal["false", "missed", "outline"]
FAULTS: tuple[Fault, ...] = ("false", "missed", "outline")
PLANES = ("ax", "sag", "iso")
KINDS = ("sagittal-sci", "axial-ms", "isotropic")
WAYS: Mapping[str, Sequence[str]] = {
    "own": (),  # as the model's card has it, which is careful: lesions are missed
    "half": ("--threshold", "0.5", "--smallest", "lesion=0"),  # as stock nnU-Net: more lesions are false
}
_SICK = ((Pathology.MS, 0.55), (Pathology.SCI, 0.3), (Pathology.COMPRESSION, 0.15))
_TOUCHING = np.ones((3, 3, 3), np.int8)


@dataclass(frozen=True)
class Faults:
    """What is wrong with a prediction.

    Parameters
    ----------
    dice
        Of the lesions.
    false, missed, outlined
        Predicted lesions that touch no true one, true ones that no predicted one touches, and true ones that are
        touched, of which they and what touches them overlap with a Dice below 0.9.
    false_voxels, missed_voxels, outline_voxels
        That are wrong in each of these.
    lesion_voxels
        True ones.
    """

    dice: float
    false: int
    missed: int
    outlined: int
    false_voxels: int
    missed_voxels: int
    outline_voxels: int
    lesion_voxels: int

    def share(self, fault: Fault) -> float:
        """Give the part of the wrong voxels that a kind of fault makes."""
        voxels: dict[Fault, int] = {
            "false": self.false_voxels, "missed": self.missed_voxels, "outline": self.outline_voxels,
        }  # fmt: skip
        return voxels[fault] / max(1, sum(voxels.values()))

    @property
    def worst(self) -> Fault:
        return max(FAULTS, key=self.share)


@dataclass(frozen=True)
class Case:
    """A prediction and its truth.

    Parameters
    ----------
    way
        How it was predicted: see `WAYS`.
    given
        As the desk shows it.
    known, faults
        What its rater knows.
    """

    way: str
    given: DeskCase
    known: Known
    faults: Faults

    @property
    def name(self) -> str:
        return f"{self.given.name}_{self.way}"

    @property
    def plane(self) -> str:
        """As the file's name has it."""
        return self.name.split("_acq-")[1].split("_")[0]


def find_faults(truth: Bool, predicted: Bool) -> Faults:
    """Count what is wrong; parts touch where they share a voxel."""
    lesions, found = parts(truth), parts(predicted)
    false = [part for part in found if not (part & truth).any()]
    missed = [part for part in lesions if not (part & predicted).any()]
    joined, count = label(truth | predicted, _TOUCHING)
    groups = [joined == number for number in range(1, count + 1)]
    touched = [group for group in groups if (group & truth & predicted).any()]
    poor = [group for group in touched if dice(truth & group, predicted & group) < ENOUGH]
    false_voxels, missed_voxels = (int(sum(map(np.count_nonzero, some))) for some in (false, missed))
    wrong = int(np.count_nonzero(truth ^ predicted))
    return Faults(
        dice(truth, predicted), len(false), len(missed), len(poor), false_voxels, missed_voxels,
        wrong - false_voxels - missed_voxels, int(np.count_nonzero(truth)),
    )  # fmt: skip


def make_cases(root: Path, patients: int, seed: int) -> tuple[list[Case], tuple[DeskRegion, ...]]:
    """Make patients with images in three planes, predict them in both ways, and say what is wrong."""
    phantoms = root / "phantoms"
    sites = [small_site(kind, pathologies=_SICK) for kind in KINDS]
    write_phantom(phantoms, sites=sites, patients_per_site=patients, seed=seed)
    found: list[Case] = []
    for way, options in WAYS.items():
        predicted = root / "predicted" / way
        _predict(phantoms, predicted, options)
        queue = folder_queue(AskedFolder(predicted, root / "unused" / way, images=phantoms, target="cord-lesion"))
        found += [_case(way, given, phantoms) for given in sorted(queue.cases, key=lambda one: one.name)]
    return [case for case in found if case.known.truth.any()], queue.regions


def choose(cases: Sequence[Case], count: int) -> list[Case]:
    """Take cases below the Dice that is wanted: of each plane in turn that with the largest share of each fault.

    No patient is taken twice.
    """
    left = {plane: [case for case in cases if case.plane == plane and case.faults.dice < ENOUGH] for plane in PLANES}
    turns = [(fault, plane) for fault in FAULTS for plane in PLANES]
    chosen: list[Case] = []
    while len(chosen) < count and any(left.values()):
        fault, plane = turns[0]
        turns = [*turns[1:], turns[0]]
        if left[plane]:
            best = max(left[plane], key=lambda case: (case.faults.share(fault), case.name))
            left[plane] = [case for case in left[plane] if case.given.image != best.given.image]
            chosen.append(best)
    return chosen


def described(faults: Faults) -> dict[str, object]:
    return {**asdict(faults), "worst": faults.worst}


def _predict(phantoms: Path, predicted: Path, options: Sequence[str]) -> None:
    program = [str(Path(sys.executable).parent / "nnunet_ext"), "predict", "-i", str(phantoms), "-o", str(predicted)]
    model = ["-m", str(find_default(CORD_LESION, os.environ)), "-device", "cpu"]
    kept = ["--save_probabilities", "--continue_prediction"]
    subprocess.run([*program, *model, *kept, *options], check=True, capture_output=True)


def _case(way: str, given: DeskCase, phantoms: Path) -> Case:
    name = given.image.name.removesuffix(".nii.gz")
    (truth,) = phantoms.glob(f"derivatives/labels/**/{name}*lesion*.nii.gz")
    lesion = read_mask(truth)
    masks = {region: read_mask(path).data > 0 for region, path in given.masks.items()}
    known = Known(lesion.data > 0, masks["sc"], lesion.spacing)
    return Case(way, given, known, find_faults(known.truth, masks["lesion"]))
