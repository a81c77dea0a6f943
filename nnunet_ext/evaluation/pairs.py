"""Which prediction belongs to which reference."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nnunet_ext.core.names import bids_stem
from nnunet_ext.evaluation.mask_files import CaseMaskFiles


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

    A case pairs with the one of its very name. What is then left pairs where the BIDS stem is the same, as that of
    nnU-Net's identifier ``{dataset}_{BIDS stem}``, and no other case of either side has it.

    Returns
    -------
    list of CasePair
        Every case of either side once, sorted by name; a side without the case is None.
    """
    wanted, found = {case.case: case for case in reference}, {case.case: case for case in prediction}
    partners = {name: name for name in wanted if name in found}
    by_stem = [_by_stem(side, set(partners)) for side in (wanted, found)]
    for stem, names in by_stem[0].items():
        others = by_stem[1].get(stem, [])
        if len(names) == len(others) == 1:
            partners[names[0]] = others[0]
    pairs = [
        CasePair(name, masks, found.get(partners.get(name, "")), notes=_renamed(name, partners.get(name)))
        for name, masks in wanted.items()
    ]
    alone = set(found) - set(partners.values())
    return sorted([*pairs, *(CasePair(name, None, found[name]) for name in alone)], key=lambda pair: pair.case)


def _by_stem(side: Mapping[str, CaseMaskFiles], paired: set[str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for name in side:
        if name not in paired:
            names[bids_stem(name)].append(name)
    return names


def _renamed(name: str, partner: str | None) -> tuple[str, ...]:
    return (f"prediction is named {partner}",) if partner not in (None, name) else ()
