"""Writing a BIDS dataset of synthetic patients: seeded, resumable, in parallel."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import TEMPORARY_MARK, sweep, write_json, write_text
from nnunet_ext.core.bids_ignore import write_bids_ignore
from nnunet_ext.core.errors import ConflictError, FileRefusedError, UsageError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.read_json import read_json
from nnunet_ext.core.workers import Progress, run_all
from nnunet_ext.phantom.bids import (
    BIDS_IGNORE,
    GENERATOR,
    LABELS,
    PARTICIPANT_COLUMNS,
    README,
    ImageFiles,
    image_files,
    image_sidecar,
    label_sidecar,
    participants_table,
)
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.patient import Patient, draw_patient, scan
from nnunet_ext.phantom.site import Site

_logger = logging.getLogger(__name__)

_BIDS_VERSION: Final = "1.10.0"
_DESCRIPTION: Final = "dataset_description.json"


def write_phantom(
    out: Path,
    *,
    sites: Sequence[Site],
    patients_per_site: int,
    seed: int,
    dialect: Dialect = Dialect.NEUROPOLY,
    sessions: int = 1,
    n_procs: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Write a BIDS dataset of synthetic patients, with the masks in `derivatives/labels`.

    The same arguments give the same bytes, whatever `n_procs` is; a patient does not depend on how many others there
    are, nor on other sites. What an interrupted call left whole is kept, what it left broken is made again.

    Parameters
    ----------
    out
        The dataset's folder: new, empty, or begun by a call with the same arguments.
    sites
        From `find_sites`, or your own.
    patients_per_site
        Numbered from 1.
    seed
        Not negative.
    dialect
        How masks are named.
    sessions
        Visits of each patient; with one, names hold no session.
    n_procs
        Processes to share the patients among.
    progress
        Called with the number of patients made and their total.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    UsageError
        No site, two sites of one code, or a number that makes no sense.
    ConflictError
        `out` holds something else, or a dataset made with other arguments.
    """
    _check(sites, patients_per_site, seed, sessions, n_procs)
    identity = _identity(sites, patients_per_site, seed, dialect, sessions)
    _claim(out, identity)
    drawn = [(site, number) for site in sites for number in range(1, patients_per_site + 1)]
    run_all(_make, drawn, (out, seed, dialect, sessions), n_procs, progress)
    patients = [draw_patient(site, number, seed) for site, number in drawn]
    write_text(out / "participants.tsv", participants_table(patients))
    return out


def _check(sites: Sequence[Site], patients_per_site: int, seed: int, sessions: int, n_procs: int) -> None:
    if not sites:
        raise UsageError("at least one site was needed, found none; see nnunet_ext.phantom.site.SITES")
    codes = [site.code for site in sites]
    if len(set(codes)) < len(codes) or not all(code.isalnum() for code in codes):
        raise UsageError(f"sites need codes of letters and digits, each its own; found {', '.join(codes)}")
    counts = {"patients per site": patients_per_site, "sessions": sessions, "processes": n_procs}
    for name, count in counts.items():
        if count < 1:
            raise UsageError(f"at least 1 was needed for {name}, found {count}")
    if seed < 0:
        raise UsageError(f"a seed is 0 or more, found {seed}")


def _identity(
    sites: Sequence[Site], patients_per_site: int, seed: int, dialect: Dialect, sessions: int
) -> dict[str, Any]:
    """All that the bytes follow from, as JSON reads it back."""
    settings = {
        "Seed": seed,
        "PatientsPerSite": patients_per_site,
        "Sessions": sessions,
        "LabelNames": dialect.value,
        "Sites": [asdict(site) for site in sites],
    }
    description = {
        "Name": "Synthetic spinal-cord MRI",
        "BIDSVersion": _BIDS_VERSION,
        "DatasetType": "raw",
        "License": "CC0",
        "GeneratedBy": [GENERATOR],
        "Phantom": settings,
    }
    result: dict[str, Any] = json.loads(json.dumps(description))
    return result


def _claim(out: Path, identity: dict[str, Any]) -> None:
    """Make sure that `out` is ours, and write what describes it."""
    described = out / _DESCRIPTION
    if out.exists() and not described.exists():
        others = [] if not out.is_dir() else [p.name for p in out.iterdir() if not p.name.startswith(TEMPORARY_MARK)]
        if others or not out.is_dir():
            raise ConflictError(
                f"{out}: a new or empty folder was needed, found {others[0] if others else 'a file'}; name another one"
            )
    if described.exists() and _read_json(described) != identity:
        raise ConflictError(
            f"{out}: holds a dataset that was made otherwise (other seed, sites, numbers or version); "
            "name another folder, or delete this one"
        )
    left = sweep(out) if out.exists() else []
    if left:
        _logger.info("%s: deleted %d unfinished files of an interrupted run", out, len(left))
    write_json(described, identity)
    write_text(out / "README", README)
    write_text(out / ".bidsignore", BIDS_IGNORE)
    write_json(out / "participants.json", PARTICIPANT_COLUMNS)
    write_json(
        out / LABELS / _DESCRIPTION,
        {
            "Name": "Masks of synthetic spinal-cord MRI",
            "BIDSVersion": _BIDS_VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [GENERATOR],
            "DatasetLinks": {"raw": "../.."},
        },
    )
    if identity["Phantom"]["LabelNames"] != Dialect.BIDS:
        write_bids_ignore(out / LABELS, "/sub-*")  # none of the labs' names is one of BIDS'


def _read_json(path: Path) -> object:
    try:
        content: object = read_json(path)
    except FileRefusedError:
        return None
    return content


def _make(numbered: tuple[Site, int], out: Path, seed: int, dialect: Dialect, sessions: int) -> None:
    patient = draw_patient(*numbered, seed)
    for session in range(1, sessions + 1):
        named = session if sessions > 1 else None
        files = {c: image_files(patient, named, c, dialect) for c in patient.site.contrasts}
        if not all(_is_whole(out, names) for names in files.values()):
            _write_visit(out, patient, session, files)


def _is_whole(out: Path, files: ImageFiles) -> bool:
    """Whether an image, its masks and their sidecars stand there and can be read to the end."""
    for stem, read in ((files.image, read_volume), (files.cord, read_mask), (files.lesion, read_mask)):
        if not _sidecar(out, stem).exists() or not _nifti(out, stem).exists():
            return False
        try:
            read(_nifti(out, stem))
        except FileRefusedError as error:
            _logger.warning("made again: %s", error)
            return False
    return True


def _write_visit(out: Path, patient: Patient, session: int, files: dict[Contrast, ImageFiles]) -> None:
    visit = scan(patient, session)
    for contrast, names in files.items():
        image = visit.images[contrast]
        write_image(_nifti(out, names.image), image.data, image.affine)
        write_json(_sidecar(out, names.image), image_sidecar(patient, contrast, max(image.spacing)))
        for stem, mask in ((names.cord, visit.cord), (names.lesion, visit.lesion)):
            write_mask(_nifti(out, stem), mask.data, mask.affine)
            write_json(_sidecar(out, stem), label_sidecar(names.image))


def _nifti(out: Path, stem: Path) -> Path:
    return out / f"{stem}.nii.gz"


def _sidecar(out: Path, stem: Path) -> Path:
    return out / f"{stem}.json"
