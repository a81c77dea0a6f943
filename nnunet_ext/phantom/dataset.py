"""Writing a BIDS dataset of synthetic patients of several sites."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.workers import Progress
from nnunet_ext.phantom.bids import BIDS_IGNORE, PARTICIPANT_COLUMNS, README, participants_table
from nnunet_ext.phantom.cohort import write_cohort
from nnunet_ext.phantom.patient import Patient, draw_patient
from nnunet_ext.phantom.site import Site


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
    _check(sites)
    write_cohort(out, _Sites(tuple(sites), patients_per_site, seed), dialect, sessions, n_procs, progress)
    return out


def _check(sites: Sequence[Site]) -> None:
    if not sites:
        raise UsageError("at least one site was needed, found none; see nnunet_ext.phantom.site.SITES")
    codes = [site.code for site in sites]
    if len(set(codes)) < len(codes) or not all(code.isalnum() for code in codes):
        raise UsageError(f"sites need codes of letters and digits, each its own; found {', '.join(codes)}")


@dataclass(frozen=True)
class _Sites:
    """As many patients of each site, numbered from 1 in each."""

    sites: tuple[Site, ...]
    patients_per_site: int
    seed: int

    @property
    def size(self) -> Mapping[str, int]:
        return {"PatientsPerSite": self.patients_per_site}

    @property
    def made_of(self) -> Mapping[str, Any]:
        return {"Sites": [asdict(site) for site in self.sites]}

    @property
    def numbers(self) -> Sequence[int]:
        return range(len(self.sites) * self.patients_per_site)

    def draw(self, number: int) -> Patient:
        site, before = divmod(number, self.patients_per_site)
        return draw_patient(self.sites[site], before + 1, self.seed)

    def texts(self) -> Mapping[str, str]:
        return {
            "README": README,
            ".bidsignore": BIDS_IGNORE,
            "participants.json": json.dumps(PARTICIPANT_COLUMNS, indent=4, ensure_ascii=False) + "\n",
        }

    def table(self) -> str:
        return participants_table([self.draw(number) for number in self.numbers])
