"""`pseudonyms.tsv`: what the people, visits and images of a loop are called elsewhere. It never leaves the house."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import parse_case
from nnunet_ext.core.tables import NOTHING, read_table, table_text

PSEUDONYMS: Final = "pseudonyms.tsv"
_COLUMNS: Final = ("dataset", "subject", "session", "image", "pseudonym")


@dataclass(frozen=True)
class Scan:
    """An image of a dataset, by its BIDS name without ending."""

    dataset: str
    stem: str

    @property
    def person(self) -> tuple[str, str]:
        """Dataset and subject."""
        return self.dataset, parse_case(self.stem).subject

    @property
    def visit(self) -> tuple[str, str, str]:
        """Dataset, subject and session, which is empty where the name has none."""
        return *self.person, parse_case(self.stem).session


def pseudonyms(file: Path, scans: Iterable[Scan], seed: int | None) -> Mapping[Scan, str]:
    """Give every image its pseudonym, such as `sub-004_ses-01_T2w`; those that have none yet get one.

    A person keeps the number, a visit its label and an image its name over all rounds. Who gets which number is drawn
    by the seed: neither names nor the order of a dataset can be told from it. Visits of a person are counted in the
    order of their labels. Of an image's name only the contrast is kept: a session, an acquisition or a run may be named
    by a date or by anything else. Further images of one visit and contrast are counted by `run-`.

    Parameters
    ----------
    file
        The table; it is written, whole, before anything that bears the new names.
    seed
        None where all must have a name: then none is given, and nothing is written.

    Raises
    ------
    DataRefusedError
        Where one has none and none may be given.
    FileRefusedError
        Where the table is damaged.
    """
    rows = read_table(file, _COLUMNS, whole=True) if file.exists() else []
    known = {Scan(row["dataset"], row["image"]): row["pseudonym"] for row in rows}
    new = sorted(set(scans) - set(known), key=lambda scan: (scan.visit, scan.stem))
    if new and seed is None:
        missing = first_few([scan.stem for scan in new])
        raise DataRefusedError(f"{file}: pseudonyms of all cases were needed, found none of {missing}; pack them first")
    if new:
        _name(known, new, str(seed))
        content = [
            dict(zip(_COLUMNS, (*scan.visit[:2], scan.visit[2] or NOTHING, scan.stem, name), strict=True))
            for scan, name in sorted(known.items(), key=lambda one: (one[0].visit, one[0].stem))
        ]
        write_text(file, table_text(content, _COLUMNS))
    return known


def _name(known: dict[Scan, str], new: Iterable[Scan], seed: str) -> None:
    """Add the new ones to the known ones."""
    new = list(new)
    people = {scan.person: parse_case(name).subject for scan, name in known.items()}
    visits = {scan.visit: parse_case(name).session for scan, name in known.items()}
    used = max((int(name.removeprefix("sub-")) for name in people.values()), default=0)
    strangers = {scan.person for scan in new} - set(people)
    drawn = sorted(strangers, key=lambda person: sha256("|".join((seed, *person)).encode()).digest())
    people |= {person: f"sub-{number:03d}" for number, person in enumerate(drawn, start=used + 1)}
    taken = set(known.values())
    for scan in new:
        if scan.visit not in visits:
            before = sum(visit[:2] == scan.person and bool(session) for visit, session in visits.items())
            visits[scan.visit] = f"ses-{before + 1:02d}" if scan.visit[2] else ""
        parts, suffix = list(filter(None, (people[scan.person], visits[scan.visit]))), parse_case(scan.stem).suffix
        name, run = "_".join([*parts, suffix]), 1
        while name in taken:
            run += 1
            name = "_".join([*parts, f"run-{run:02d}", suffix])
        taken.add(name)
        known[scan] = name
