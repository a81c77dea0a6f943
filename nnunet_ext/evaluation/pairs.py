"""Which prediction belongs to which reference."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.pair_names import NamePairs, pair_names
from nnunet_ext.evaluation.mask_files import CaseMaskFiles

_SHOWN: Final = 5


@dataclass(frozen=True)
class CaseAbout:
    """What tables say of a case beside its metrics; empty where it is not known."""

    site: str = "unknown"
    subject: str = ""
    session: str = ""
    contrast: str = ""


@dataclass(frozen=True)
class CasePair:
    """A case with its two sides.

    Parameters
    ----------
    case
        The reference's name of it; the prediction's where there is no reference.
    reference, prediction
        None where there is none.
    about
        Site, subject, session, contrast.
    image
        For pages; None where it was not found.
    ignored_may_be
        Label values that an ignored voxel of the reference may have; None: any.
    ignored_note
        How that was guessed; empty where it is known.
    notes
        For the table.
    """

    case: str
    reference: CaseMaskFiles | None
    prediction: CaseMaskFiles | None
    about: CaseAbout = field(default_factory=CaseAbout)
    image: Path | None = None
    ignored_may_be: frozenset[int] | None = None
    ignored_note: str = ""
    notes: tuple[str, ...] = ()


def pair_cases(reference: Iterable[CaseMaskFiles], prediction: Iterable[CaseMaskFiles]) -> list[CasePair]:
    """Pair two sides by whole names, never by a prefix: `sub-1` never meets `sub-10`.

    What may differ in the names of one image's masks, see `pair_names`.

    Returns
    -------
    list of CasePair
        Every case of either side once, sorted by name; a side without the case is None.
    """
    wanted, found = {case.case: case for case in reference}, {case.case: case for case in prediction}
    named = pair_names(wanted, found)
    partners = named.partners
    pairs = [
        CasePair(name, masks, found.get(partners.get(name, "")), notes=_notes(name, named))
        for name, masks in wanted.items()
    ]
    alone = set(found) - set(partners.values())
    return sorted([*pairs, *(CasePair(name, None, found[name]) for name in alone)], key=lambda pair: pair.case)


def _notes(name: str, named: NamePairs) -> tuple[str, ...]:
    partner = named.partners.get(name, name)
    if name in named.unsure:
        others = first_few(named.unsure[name], _SHOWN)
        return (f"which is its prediction is unclear: {others}; give each image's masks a name of their own",)
    return (f"prediction is named {partner}",) if partner != name else ()
