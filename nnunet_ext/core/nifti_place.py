"""Where the voxels of a NIfTI file lie: which of its two forms counts, in what unit, with what voxel sizes."""

from pathlib import Path
from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.volume import Affine

_FORM_TOLERANCE_MM: Final = 1e-2  # q-forms are stored as 32-bit quaternions; less than this is rounding
_ROUNDING: Final = 1e-6
"""Relative; so near to the size that `pixdim` says, the size of an s-form's column is that one: 32-bit columns of an
oblique image err by up to a ten-millionth, which makes 1 mm into 1.00000002 mm."""

_TOLD_ABOVE: Final = 1e-3
"""Relative; beyond this a reader must know that s-form and `pixdim` differ."""

_UNITS: Final = {0: ("mm", 1.0), 1: ("metres", 1e3), 2: ("mm", 1.0), 3: ("micrometres", 1e-3)}
_SPACE: Final = 7  # the bits of xyzt_units that are about space
_KNOWN_CODES: Final = range(1, 6)
_SMALLEST_MM: Final = 1e-4
_LARGEST_MM: Final = 1e4
_PLAUSIBLE_MM: Final = (5e-3, 100.0)
"""Voxel sizes of MRI, from specimens to scouts: what a unit other than mm must lead to, or it is a wrong unit."""

_FARTHEST_MM: Final = 1e6
"""No scanner is a kilometre long: an offset beyond is a damaged header."""

_FINITE: Final = 1e15  # its square is still a number


def place_of(path: Path, header: nib.Nifti1Header) -> tuple[Affine, tuple[str, ...]]:
    """Take the s-form where it is set, else the q-form, in mm; say where they disagree, and what was not used.

    A q-form that cannot be computed is passed over where there is an s-form; a form whose code NIfTI does not know, as
    if it were not set. An s-form that is set and cannot be used is a damaged header, whatever the q-form says.
    `pixdim[0]`, the q-form's handedness, is 1 or -1, and 0 means 1 (nifti1.h, method 2). Voxel sizes that `pixdim`
    confirms up to rounding are taken from there.

    Parameters
    ----------
    path
        Of the file, for messages.
    header
        As it stands in the file.

    Returns
    -------
    affine
        4 x 4, voxel to world in mm.
    notes
        Fit for a table.

    Raises
    ------
    FileRefusedError
        Where neither form is set, the one to use cannot be computed, or the unit is no length or cannot be right.
    """
    forms: dict[str, Affine] = {}
    faults: dict[str, str] = {}
    for name, code in (("s-form", "sform_code"), ("q-form", "qform_code")):
        if int(header[code]) == 0:
            continue
        try:
            forms[name] = _computed(header, name, int(header[code]))
        except _UselessFormError as fault:
            faults[name] = str(fault)
    damaged = "s-form" in faults and int(header["sform_code"]) in _KNOWN_CODES
    if faults and (damaged or not forms):
        raise FileRefusedError(path, "; ".join(f"the {name} {fault}" for name, fault in faults.items()))
    if not forms:
        reason = "neither s-form nor q-form is set, so left and right cannot be told; set them from the original DICOM"
        raise FileRefusedError(path, reason)
    chosen = next(iter(forms))
    scale, notes = _scale(path, header, forms[chosen])
    notes += [f"the {name} {fault}: {chosen} used" for name, fault in faults.items()]
    affine = forms[chosen] * np.array([[scale], [scale], [scale], [1.0]])
    with np.errstate(over="ignore", invalid="ignore"):  # nobody has to believe what pixdim says
        sizes = np.abs(header["pixdim"][1:4].astype(np.float64)) * scale
    if len(forms) > 1:
        notes += _apart(header, forms["s-form"], forms["q-form"], scale)
    elif chosen == "s-form" and not faults:
        notes += _other_sizes(nib.affines.voxel_sizes(affine), sizes)
    return _with_sizes(affine, sizes), tuple(notes)


class _UselessFormError(Exception):
    """Why a form cannot be used, in words that follow its name."""


def _computed(header: nib.Nifti1Header, name: str, code: int) -> Affine:
    if code not in _KNOWN_CODES:
        raise _UselessFormError(f"has the code {code}, which NIfTI does not know")
    with np.errstate(invalid="ignore"):  # a number of 32 bits that is none
        affine = np.asarray(header.get_sform(), dtype=np.float64) if name == "s-form" else _qform(header)
    if not (np.abs(affine) < _FINITE).all():
        raise _UselessFormError("holds numbers that are not finite, or beyond all measure")
    sizes = nib.affines.voxel_sizes(affine)
    sheared_flat = sizes.min() > 0 and abs(np.linalg.det(affine[:3, :3] / sizes)) < 1e-3
    if sizes.min() < _SMALLEST_MM / 1e3 or sheared_flat:  # metres make small numbers
        raise _UselessFormError(f"is singular: voxel sizes {sizes.round(4).tolist()} mm")
    return affine


def _qform(header: nib.Nifti1Header) -> Affine:
    sizes = header["pixdim"][:4].astype(np.float64)
    if not np.isfinite(sizes).all():
        raise _UselessFormError("holds numbers that are not finite")
    if sizes[0] not in (-1, 0, 1):
        raise _UselessFormError(f"cannot be computed: pixdim[0] is {sizes[0]:g}, and 1 or -1 was needed")
    if (sizes[1:] <= 0).any():
        raise _UselessFormError(f"cannot be computed: voxel sizes {sizes[1:].tolist()} in pixdim")
    usable = header.copy()
    usable["pixdim"][0] = sizes[0] or 1
    try:
        return np.asarray(usable.get_qform(), dtype=np.float64)
    except (ValueError, nib.spatialimages.HeaderDataError) as error:
        raise _UselessFormError(f"cannot be computed: {error}") from error


def _scale(path: Path, header: nib.Nifti1Header, affine: Affine) -> tuple[float, list[str]]:
    """Say how many mm the header's unit is."""
    code = int(header["xyzt_units"]) & _SPACE
    if code not in _UNITS:
        raise FileRefusedError(path, f"the unit of its voxel sizes is unknown: xyzt_units {int(header['xyzt_units'])}")
    unit, scale = _UNITS[code]
    sizes = nib.affines.voxel_sizes(affine) * scale
    lowest, highest = (_SMALLEST_MM, _LARGEST_MM) if scale == 1 else _PLAUSIBLE_MM
    if sizes.min() < lowest or sizes.max() > highest:
        found = f"voxel sizes of {', '.join(f'{size:g}' for size in sizes)} mm"
        if scale == 1:
            raise FileRefusedError(path, f"{found} cannot be right: the header is damaged")
        raise FileRefusedError(
            path,
            f"its header gives lengths in {unit} (xyzt_units {int(header['xyzt_units'])}), which makes {found}; "
            f"if mm were meant, say so: nifti_tool -mod_hdr -mod_field xyzt_units 2 -overwrite -infiles '{path.name}'",
        )
    if np.abs(affine[:3, 3]).max() * scale > _FARTHEST_MM:
        raise FileRefusedError(path, f"it lies {np.abs(affine[:3, 3]).max() * scale:.3g} mm away: a damaged header")
    return scale, [] if scale == 1 else [f"lengths in {unit}, as its header says, read as mm"]


def _apart(header: nib.Nifti1Header, sform: Affine, qform: Affine, scale: float) -> list[str]:
    corner = np.array([*(int(size) - 1 for size in header["dim"][1:4]), 1.0])
    ends = (corner, np.array([0, 0, 0, 1.0]))
    apart = max(float(np.linalg.norm(((sform - qform) @ point)[:3])) for point in ends) * scale
    return [f"q-form and s-form are {apart:.3f} mm apart: s-form used"] if apart > _FORM_TOLERANCE_MM else []


def _other_sizes(sizes: npt.NDArray[np.float64], told: npt.NDArray[np.float64]) -> list[str]:
    if (np.abs(sizes - told) <= _TOLD_ABOVE * sizes).all():
        return []
    of_form, of_pixdim = (" ".join(f"{size:.4g}" for size in values) for values in (sizes, told))
    return [f"voxel sizes are {of_form} mm by the s-form and {of_pixdim} by pixdim: s-form used"]


def _with_sizes(affine: Affine, told: npt.NDArray[np.float64]) -> Affine:
    sizes = nib.affines.voxel_sizes(affine)
    confirmed = np.abs(sizes - told) <= _ROUNDING * sizes
    exact = affine.copy()
    exact[:3, :3] *= np.where(confirmed, told, sizes) / sizes
    return exact
