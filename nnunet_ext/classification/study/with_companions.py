"""A case's image together with the patient's others of the same visit, laid onto one grid."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nnunet_ext.classification.cases.patient import Patient, PatientCase
from nnunet_ext.classification.cases.read_case import ReadCase, read_case
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.grid import WRITTEN_FOR_IT, displacement
from nnunet_ext.core.names import parse_image_name
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.volume import Array, Volume


def read_with_companions(patient: Patient, case: PatientCase, channels: Sequence[str]) -> ReadCase:
    """Read a case, and of other contrasts of the same visit those that it has no image of.

    A T1w after gadolinium is an image of its own in BIDS, often on a grid of its own and without a lesion mask. Where
    its grid is another one, it is resampled by what both headers say of the scanner's space (linear), which a note
    tells: nobody registers it, and a patient who moved in between has it beside its place.

    Parameters
    ----------
    patient, case
        The case is one of the patient's usable ones.
    channels
        Contrasts that are wanted.

    Raises
    ------
    DataRefusedError
        As `read_case`; a companion that cannot be read is left out with a note instead.
    """
    wanted = [name for name in channels if name not in case.images]
    read = read_case(replace(case, images={name: case.images[name] for name in channels if name in case.images}))
    images, notes = dict(read.images), [*read.notes]
    for name in wanted:
        file = _companion(patient, case, name)
        if file is None:
            continue
        try:
            images[name], told = _laid(read_volume(file), read.lesion, file)
        except DataRefusedError as error:
            told = [f"left out: {error}"]
        notes += told
    return replace(read, images=images, notes=tuple(dict.fromkeys(notes)))


def _companion(patient: Patient, case: PatientCase, channel: str) -> Path | None:
    """Find the one image of a contrast among the patient's others of the visit; of several the first by name."""
    visit = _visit(case)
    found = [other.images[channel] for other in patient.cases if channel in other.images and _visit(other) == visit]
    return min(found, key=lambda file: file.name, default=None)


def _visit(case: PatientCase) -> tuple[str, str]:
    names = (parse_image_name(file.name) for file in case.images.values())
    session = next((found.entity("ses") or "" for found in names if found is not None), "")
    return case.subject, session


def _laid(image: Volume, grid: Volume, file: Path) -> tuple[Array, list[str]]:
    same = image.data.shape == grid.data.shape
    if same and displacement(grid.data.shape, grid.affine, image.affine).rms_voxels <= WRITTEN_FOR_IT:
        return image.data, []
    # Within the function: SciPy's interpolation is slow to import, and most companions need none.
    import nibabel as nib  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    from nibabel.processing import resample_from_to  # noqa: PLC0415

    source = nib.Nifti1Image(image.data.astype(np.float32), image.affine)
    laid = resample_from_to(source, (grid.data.shape, grid.affine), order=1, cval=np.nan)
    return laid.get_fdata(dtype=np.float32), [f"{file.name}: resampled onto the lesion mask's grid, not registered"]
