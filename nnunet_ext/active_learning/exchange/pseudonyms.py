"""`pseudonyms.tsv`: what the people and visits of a loop are called elsewhere. It never leaves the house."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import filled, read_table, table_text

PSEUDONYMS: Final = "pseudonyms.tsv"
_COLUMNS: Final = ("dataset", "subject", "session", "pseudonym")


@dataclass(frozen=True, order=True)
class Visit:
    """A person of a dataset, and a session with its prefix, empty where the dataset has none."""

    dataset: str
    subject: str
    session: str


def pseudonyms(file: Path, visits: Iterable[Visit], seed: int) -> Mapping[Visit, str]:
    """Give every visit its pseudonym, such as `sub-004` or `sub-004_ses-01`; those that have none yet get one.

    A person keeps the number over all rounds, and the visits of a person are counted in the order of their labels. Who
    gets which number is drawn by the seed: neither names nor the order of a dataset can be told from it.

    Parameters
    ----------
    file
        The table; it is written, whole, before anything that bears the new names.

    Raises
    ------
    FileRefusedError
        Where the table is damaged.
    """
    known = _read(file)
    people = {(visit.dataset, visit.subject): name.split("_")[0] for visit, name in known.items()}
    new = sorted(set(visits) - set(known))
    strangers = {(visit.dataset, visit.subject) for visit in new} - set(people)
    used = max((int(name.removeprefix("sub-")) for name in people.values()), default=0)
    drawn = sorted(strangers, key=lambda person: sha256("|".join((str(seed), *person)).encode()).digest())
    people |= {person: f"sub-{number:03d}" for number, person in enumerate(drawn, start=used + 1)}
    for visit in new:
        name = people[visit.dataset, visit.subject]
        before = sum(
            (other.dataset, other.subject) == (visit.dataset, visit.subject) and bool(other.session) for other in known
        )
        known[visit] = f"{name}_ses-{before + 1:02d}" if visit.session else name
    if new:
        rows = [
            dict(zip(_COLUMNS, (one.dataset, one.subject, one.session or "n/a", known[one]), strict=True))
            for one in sorted(known)
        ]
        write_text(file, table_text(rows, _COLUMNS))
    return known


def _read(file: Path) -> dict[Visit, str]:
    rows = read_table(file, _COLUMNS, whole=True) if file.exists() else []
    return {Visit(row["dataset"], row["subject"], filled(row, "session")): row["pseudonym"] for row in rows}
