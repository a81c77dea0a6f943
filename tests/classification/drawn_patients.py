"""Small BIDS datasets of patients whose lesions differ by diagnosis, but not always."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.nifti_write import write_image, write_mask

SHAPE: Final = (16, 20, 48)
SPACING: Final = (1.0, 1.0, 2.0)
DIAGNOSES: Final = ("astrocytoma", "ependymoma", "MS", "NMOSD")

_LENGTH: Final[Mapping[str, int]] = {"astrocytoma": 22, "ependymoma": 16, "MS": 5, "NMOSD": 12}
_BRIGHT: Final[Mapping[str, float]] = {"astrocytoma": 120.0, "ependymoma": 200.0, "MS": 120.0, "NMOSD": 180.0}


def write_patients(root: Path, each: int, seed: int = 0, *, diagnoses: Sequence[str] = DIAGNOSES) -> Path:
    """Write `each` patients of every diagnosis, half of them with a T1w after gadolinium, at two sites."""
    rng = np.random.default_rng(seed)
    lines = ["participant_id\tdiagnosis\tage\tsex\tsite\treader_1\treader_2"]
    for number in range(each * len(diagnoses)):
        diagnosis = diagnoses[number % len(diagnoses)]
        subject = f"sub-{number + 1:03d}"
        _write(root, subject, diagnosis, rng, gadolinium=number % 2 == 0)
        said = [diagnosis if rng.random() < 0.8 else str(rng.choice(DIAGNOSES)) for _ in range(2)]
        sex, site = rng.choice(["F", "M"]), "zurich" if rng.random() < 0.5 else "paris"
        lines.append("\t".join([subject, diagnosis, f"{rng.integers(12, 70)}", sex, site, *said]))
    write_text(root / "participants.tsv", "\n".join(lines) + "\n")
    return root


def masks_of(root: Path) -> Path:
    """The folder of masks."""
    return root / "derivatives" / "labels"


def _write(root: Path, subject: str, diagnosis: str, rng: np.random.Generator, *, gadolinium: bool) -> None:
    affine = np.diag((*SPACING, 1.0))
    x, y, z = np.indices(SHAPE)
    cord = (x - 8) ** 2 + (y - 10) ** 2 < 25
    length = max(2, int(rng.normal(_LENGTH[diagnosis], 3)))
    first = int(rng.integers(2, SHAPE[2] - length - 2))
    radius = 3.0 if diagnosis in ("astrocytoma", "ependymoma") else 2.0
    lesion = ((x - 8) ** 2 + (y - 9) ** 2 < radius**2) & (z >= first) & (z < first + length)
    bright = rng.normal(_BRIGHT[diagnosis], 40)
    folder, labels = root / subject / "anat", masks_of(root) / subject / "anat"
    image = rng.normal(300, 20, SHAPE) + 200 * cord + bright * lesion
    write_image(folder / f"{subject}_T2w.nii.gz", image.astype(np.float32), affine)
    write_mask(labels / f"{subject}_T2w_label-SC_seg.nii.gz", cord.astype(np.uint8), affine)
    write_mask(labels / f"{subject}_T2w_label-lesion_seg.nii.gz", lesion.astype(np.uint8), affine)
    if gadolinium:
        enhancing = 200 * (diagnosis in ("astrocytoma", "ependymoma") or rng.random() < 0.2)
        after = rng.normal(300, 20, SHAPE) + 100 * cord + enhancing * lesion
        write_image(folder / f"{subject}_ce-gadolinium_T1w.nii.gz", after.astype(np.float32), affine)
