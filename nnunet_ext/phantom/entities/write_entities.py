"""Writing a BIDS dataset of patients with the four entities."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nnunet_ext.core.names import Dialect
from nnunet_ext.core.workers import Progress
from nnunet_ext.phantom.bids import BIDS_IGNORE
from nnunet_ext.phantom.cohort import write_cohort
from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.patient import draw_entity_patient, draw_person
from nnunet_ext.phantom.entities.sites import AT_FIRST, ENTITY_SITES
from nnunet_ext.phantom.entities.tables import COLUMNS, DRAWN, README, drawn_table, participants_table
from nnunet_ext.phantom.patient import Patient
from nnunet_ext.phantom.site import Site


def write_entities(
    out: Path,
    *,
    patients_per_entity: int,
    seed: int,
    dialect: Dialect = Dialect.NEUROPOLY,
    sessions: int = 1,
    n_procs: int = 1,
    progress: Progress | None = None,
    sites: tuple[Site, Site] = ENTITY_SITES,
) -> Path:
    """Write a BIDS dataset of synthetic patients with astrocytoma, ependymoma, MS and NMOSD, with masks and readers.

    The same arguments give the same bytes, whatever `n_procs` is; a patient does not depend on how many others there
    are. What an interrupted call left whole is kept, what it left broken is made again.

    Parameters
    ----------
    out
        The dataset's folder: new, empty, or begun by a call with the same arguments.
    patients_per_entity
        Numbered from 1 through all entities.
    seed, dialect, sessions, n_procs, progress
        As in `write_phantom`.
    sites
        Who sees the patients, each of all entities.

    Returns
    -------
    Path
        `out`. Beside the images and masks it has participants.tsv with diagnosis and readers, and drawn.tsv with what
        was drawn.

    Raises
    ------
    UsageError
        A number that makes no sense.
    ConflictError
        `out` holds something else, or a dataset made with other arguments.
    """
    write_cohort(out, _Entities(sites, patients_per_entity, seed), dialect, sessions, n_procs, progress)
    return out


@dataclass(frozen=True)
class _Entities:
    """As many patients of each entity."""

    sites: tuple[Site, Site]
    patients_per_entity: int
    seed: int

    @property
    def size(self) -> Mapping[str, int]:
        return {"PatientsPerEntity": self.patients_per_entity}

    @property
    def made_of(self) -> Mapping[str, Any]:
        return {"Sites": [asdict(site) for site in self.sites], "AtFirstSite": dict(AT_FIRST)}

    @property
    def numbers(self) -> Sequence[int]:
        return range(1, len(Entity) * self.patients_per_entity + 1)

    def draw(self, number: int) -> Patient:
        return draw_entity_patient(draw_person(number, self.seed, self.sites), self.seed)

    def texts(self) -> Mapping[str, str]:
        people = [draw_person(number, self.seed, self.sites) for number in self.numbers]
        return {
            "README": README,
            ".bidsignore": f"{BIDS_IGNORE}{DRAWN}\n",
            "participants.json": json.dumps(COLUMNS, indent=4, ensure_ascii=False) + "\n",
            DRAWN: drawn_table(people),
        }

    def table(self) -> str:
        return participants_table([draw_person(number, self.seed, self.sites) for number in self.numbers])
