"""One opinion from those of several raters, or why somebody must decide."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

from nnunet_ext.active_learning.ingest.opinion import LesionPolicy, Opinion
from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER, KEPT, Action
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.labels import Mask
from nnunet_ext.core.slices import Slices
from nnunet_ext.core.tables import NOTHING
from nnunet_ext.dataset_conversion.raters import CONSENSUS
from nnunet_ext.dataset_conversion.settle_outside import settle_outside
from nnunet_ext.evaluation.agreement.raters import RaterAgreement, rater_agreement

RaterConsensus = Literal["majority", "staple", "adjudicate"]
"""How several raters' masks become one: by vote, by STAPLE, or by a person wherever they differ."""

AGREEMENT_COLUMNS: Final = ("case", "region", *(name for name in RaterAgreement.__annotations__ if name != "case"))
ADJUDICATE_COLUMNS: Final = ("case", "region", "raters", "lowest_dice", "reason")


@dataclass(frozen=True, eq=False)
class Agreed:
    """What came of several opinions.

    Parameters
    ----------
    opinion
        Of all.
    agreement, adjudicate
        Rows of `agreement.tsv` and `adjudicate.tsv`.
    """

    opinion: Opinion
    agreement: tuple[Mapping[str, str], ...] = ()
    adjudicate: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class _Fused:
    mask: Mask | None
    slices: Slices | None
    why: str = ""


def agree(
    case: str, opinions: Sequence[Opinion], rule: RaterConsensus, policy: LesionPolicy, voxel_volume_mm3: float
) -> Agreed:
    """Make one opinion of several.

    Raters who put a case off have none. A region counts for those who looked at it, in the slices at which all of them
    looked. Where one rater would use a case and another would not, where raters looked at no common slice, where all of
    them drew something and their consensus is empty, and under `adjudicate` wherever they differ, a person must decide.

    Parameters
    ----------
    case
        Its name.
    opinions
        One at least, each of another rater.
    rule
        How masks become one.
    policy
        For lesion voxels that are outside the cord only in the consensus; `refuse` clips them, as every rater's mask
        was checked.
    voxel_volume_mm3
        Of one voxel.
    """
    kept = [one for one in opinions if one.action in KEPT]
    against = [one for one in opinions if one.action is Action.REJECT]
    if not kept:
        return Agreed(Opinion(CONSENSUS_RATER, Action.REJECT if against else Action.DEFER, _without(opinions)))
    rows, fused = [], {}
    for region in dict.fromkeys(region for one in kept for region in one.masks):
        of_region = [one for one in kept if region in one.masks]
        fused[region] = _fuse(region, of_region, rule)
        if len(of_region) > 1:
            masks = {one.rater: one.masks[region] for one in of_region}
            found = rater_agreement(case, masks, CONSENSUS, voxel_volume_mm3)
            rows += [{**as_row(asdict(row)), "region": region} for row in found]
    disputes = {region: one.why for region, one in fused.items() if one.why}
    if against:
        names = " and ".join(sorted(one.rater for one in against))
        disputes = dict.fromkeys(fused, f"rejected by {names}, and not by the others")
    if disputes:
        listed = tuple(_dispute(case, region, why, kept, rows) for region, why in disputes.items())
        reasons = tuple(f"{region}: to adjudicate: {why}" for region, why in disputes.items())
        return Agreed(Opinion(CONSENSUS_RATER, Action.DEFER, reasons), tuple(rows), listed)
    drawn = {region: one.mask for region, one in fused.items() if one.mask is not None}
    settled, said = _settle_lesions(drawn, policy)
    changed = any(one.action is Action.EDIT for one in kept)
    raters = f"{rule} of {', '.join(sorted(one.rater for one in kept))}"
    reasons = (raters, *_without([one for one in opinions if one not in kept]), *said)
    slices = {region: one.slices for region, one in fused.items()}
    opinion = Opinion(CONSENSUS_RATER, Action.EDIT if changed else Action.ACCEPT, reasons, settled, slices)
    return Agreed(opinion, tuple(rows))


def _fuse(region: str, opinions: Sequence[Opinion], rule: RaterConsensus) -> _Fused:
    if len(opinions) == 1:
        return _Fused(opinions[0].masks[region], opinions[0].slices[region])
    limits = {found for one in opinions if (found := one.slices[region]) is not None}
    shared = None
    if limits:
        axis = next(iter(limits)).axis
        common = frozenset.intersection(*(found.numbers for found in limits))
        if not common or any(found.axis != axis for found in limits):
            return _Fused(None, None, "no slice that all raters looked at")
        shared = Slices(axis, common)
    shape = opinions[0].masks[region].shape
    where = ... if shared is None else shared.voxels(shape)
    masks = {one.rater: one.masks[region] for one in sorted(opinions, key=lambda one: one.rater)}
    first, *others = (mask[where] for mask in masks.values())
    if all((first == other).all() for other in others):
        return _Fused(next(iter(masks.values())), shared)
    if rule == "adjudicate":
        return _Fused(None, None, "raters differ")
    mask = CONSENSUS[rule](masks) > 0
    if not mask.any() and all(one.any() for one in masks.values()):
        return _Fused(None, None, f"all raters drew something, and their {rule} is empty")
    return _Fused(mask, shared)


def _settle_lesions(drawn: Mapping[str, Mask], policy: LesionPolicy) -> tuple[dict[str, Mask], list[str]]:
    try:
        masks, said = settle_outside(drawn, "keep" if policy == "keep" else "clip")
    except DataRefusedError:  # then every rater's lay beside the cord as well, and was let pass
        return dict(drawn), []
    return {region: mask > 0 for region, mask in masks.items()}, said


def _without(opinions: Sequence[Opinion]) -> tuple[str, ...]:
    return tuple(f"{one.rater}: {one.action}" for one in sorted(opinions, key=lambda one: one.rater))


def _dispute(
    case: str, region: str, why: str, kept: Sequence[Opinion], rows: Sequence[Mapping[str, str]]
) -> Mapping[str, str]:
    raters = sorted(one.rater for one in kept if region in one.masks)
    pairs = [row["dice"] for row in rows if row["region"] == region and row["against"] in raters]
    lowest = min(pairs, key=float, default=NOTHING)
    return {"case": case, "region": region, "raters": " ".join(raters), "lowest_dice": lowest, "reason": why}
