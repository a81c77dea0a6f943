"""Writing a cohort of synthetic patients as a BIDS dataset: resumable, in parallel."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from nnunet_ext.core.atomic import TEMPORARY_MARK, sweep, write_json, write_text
from nnunet_ext.core.bids_ignore import write_bids_ignore
from nnunet_ext.core.errors import ConflictError, FileRefusedError, UsageError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.read_json import read_json
from nnunet_ext.core.workers import Progress, run_all
from nnunet_ext.phantom.bids import GENERATOR, LABELS, ImageFiles, image_files, image_sidecar, label_sidecar
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.patient import Patient, scan

_logger = logging.getLogger(__name__)

_BIDS_VERSION: Final = "1.10.0"
_DESCRIPTION: Final = "dataset_description.json"
_SIZES: Final = {"PatientsPerSite": "patients per site", "PatientsPerEntity": "patients per entity"}


class Cohort(Protocol):
    """Whom a dataset holds; what another process can be sent, such as a frozen dataclass."""

    @property
    def seed(self) -> int:
        """All chance in it, 0 or more."""
        ...

    @property
    def size(self) -> Mapping[str, int]:
        """How many patients of each kind, for the dataset's description."""
        ...

    @property
    def made_of(self) -> Mapping[str, Any]:
        """All else that the bytes follow from, for the dataset's description."""
        ...

    @property
    def numbers(self) -> Sequence[int]:
        """One for each patient, for `draw`."""
        ...

    def draw(self, number: int) -> Patient:
        """Draw a patient; no other one has a say in it."""
        ...

    def texts(self) -> Mapping[str, str]:
        """Give the files at the root that describe the dataset, by name: known before anything is painted."""
        ...

    def table(self) -> str:
        """Give participants.tsv."""
        ...


def write_cohort(
    out: Path, cohort: Cohort, dialect: Dialect, sessions: int, n_procs: int, progress: Progress | None
) -> None:
    """Write a BIDS dataset of a cohort, with the masks in `derivatives/labels`.

    The same arguments give the same bytes, whatever `n_procs` is. What an interrupted call left whole is kept, what it
    left broken is made again.

    Parameters
    ----------
    out
        The dataset's folder: new, empty, or begun by a call with the same arguments.
    cohort
        Whom.
    dialect
        How masks are named.
    sessions
        Visits of each patient; with one, names hold no session.
    n_procs
        Processes to share the patients among.
    progress
        Called with the number of patients made and their total.

    Raises
    ------
    UsageError
        A number that makes no sense.
    ConflictError
        `out` holds something else, or a dataset made with other arguments.
    """
    _check(cohort, sessions, n_procs)
    _claim(out, cohort, _identity(cohort, dialect, sessions))
    run_all(_make, cohort.numbers, (out, cohort, dialect, sessions), n_procs, progress)
    write_text(out / "participants.tsv", cohort.table())


def _check(cohort: Cohort, sessions: int, n_procs: int) -> None:
    for name, count in {"sessions": sessions, "processes": n_procs, **cohort.size}.items():
        if count < 1:
            raise UsageError(f"at least 1 was needed for {_SIZES.get(name, name)}, found {count}")
    if cohort.seed < 0:
        raise UsageError(f"a seed is 0 or more, found {cohort.seed}")


def _identity(cohort: Cohort, dialect: Dialect, sessions: int) -> dict[str, Any]:
    """All that the bytes follow from, as JSON reads it back."""
    settings = {
        "Seed": cohort.seed,
        **cohort.size,
        "Sessions": sessions,
        "LabelNames": dialect.value,
        **cohort.made_of,
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


def _claim(out: Path, cohort: Cohort, identity: dict[str, Any]) -> None:
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
    for name, text in cohort.texts().items():
        write_text(out / name, text)
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


def _make(number: int, out: Path, cohort: Cohort, dialect: Dialect, sessions: int) -> None:
    patient = cohort.draw(number)
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
