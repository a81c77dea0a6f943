"""What one rater says and draws of one case, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np

from nnunet_ext.active_learning.ingest.decide import Decision, decide, minutes_of, said_absent
from nnunet_ext.active_learning.ingest.effort import Effort, effort
from nnunet_ext.active_learning.ingest.read_case import CaseMask, Entries, read_case_mask
from nnunet_ext.active_learning.ingest.words import KEPT, Action, Weight, Word
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.labels import CORD, Mask
from nnunet_ext.core.slices import Slices, parse_slices, scanned_axis
from nnunet_ext.core.volume import Volume
from nnunet_ext.dataset_conversion.profile import OutsidePolicy
from nnunet_ext.dataset_conversion.settle_outside import lesion_voxels_outside, settle_outside

LesionPolicy = Literal["refuse", "clip", "keep"]
"""What is done with lesion voxels outside the cord."""

OUTSIDE: Final[Mapping[LesionPolicy, OutsidePolicy]] = {"refuse": "error", "clip": "clip", "keep": "keep"}

_LESION: Final = "lesion"


@dataclass(frozen=True, eq=False)
class Opinion:
    """What became of a case with one rater.

    Parameters
    ----------
    rater
        Empty where raters have no names.
    action
        What became of it.
    reasons
        Why, for people.
    masks
        Of each region that was corrected or accepted, and of no other.
    slices
        For each of these the slices that were looked at; None for all.
    efforts
        For each of these what was changed.
    minutes
        That it took; None where nobody said.
    returned_sha256, made_by
        For each of these, where it came back, the hash of its file and `GeneratedBy` of its sidecar.
    faulty
        Whether it was put off for a fault of a file, or of what was said, that somebody must mend.
    """

    rater: str
    action: Action
    reasons: tuple[str, ...] = ()
    masks: Mapping[str, Mask] = field(default_factory=dict)
    slices: Mapping[str, Slices | None] = field(default_factory=dict)
    efforts: Mapping[str, Effort] = field(default_factory=dict)
    minutes: float | None = None
    returned_sha256: Mapping[str, str] = field(default_factory=dict)
    made_by: Mapping[str, Entries] = field(default_factory=dict)
    faulty: bool = False


@dataclass(frozen=True)
class _Settled:
    """A mask and what became of it."""

    decision: Decision
    mask: CaseMask


def form_opinion(
    rater: str,
    words: Sequence[Word],
    files: Mapping[str, Sequence[Path | CaseMask]],
    given: Mapping[str, CaseMask],
    image: Volume,
    policy: LesionPolicy,
) -> Opinion:
    """Settle what became of a case with one rater.

    Parameters
    ----------
    rater
        Who.
    words
        All that was said of the case.
    files
        For each region that came back the files that may be its mask, or masks that were read or drawn already.
    given
        For each region of the target the mask as it was given out; one without a file where none was.
    image
        The grid.
    policy
        For lesion voxels outside a cord that this rater looked at.

    Raises
    ------
    DataRefusedError
        Where a mask, or what was said of it, cannot be used; nothing of the case is then taken in.
    """
    settled: dict[str, _Settled] = {}
    limits: dict[str, Slices | None] = {}
    for region, before in given.items():
        about = [word for word in words if word.of(region)]
        settled[region] = _settle(region, about, files.get(region, ()), before, image)
        if settled[region].decision.action in KEPT:
            limits[region] = _slices(about, image)
            _refuse_empty(region, about, settled[region])
    kept = {region: settled[region].mask for region in limits}
    checked, said = _settle_lesions({region: one.data for region, one in kept.items()}, limits, given, policy)
    reasons = [
        f"{region}: {text}" for region, one in settled.items() for text in (*one.decision.reasons, *one.mask.notes)
    ]
    size, axis = image.voxel_volume_mm3, scanned_axis(image)
    return Opinion(
        rater,
        _of_case([one.decision.action for one in settled.values()]),
        (*reasons, *said, *_unused(kept, limits, given)),
        checked,
        limits,
        {region: effort(given[region].data, one.data, size, axis) for region, one in kept.items()},
        _minutes(words, kept, given),
        {region: one.sha256 for region, one in kept.items() if region in files},
        {region: one.made_by for region, one in kept.items()},
    )


def _settle(
    region: str, words: Sequence[Word], files: Sequence[Path | CaseMask], before: CaseMask, image: Volume
) -> _Settled:
    try:
        after = _came_back(files, before, image)
    except FileRefusedError as error:
        decision = decide(words, changed=False)
        if decision.action is Action.REJECT:
            return _Settled(decision, before)
        name = error.path.name
        raise DataRefusedError(f"{region}: {name}: {error.reason}") from error
    decision = decide(words, changed=not np.array_equal(after.data, before.data))
    if after.path is None and decision.action is not Action.REJECT:
        decision = Decision(Action.DEFER, ("no mask was given out, and none came back",))
    return _Settled(decision, after)


def _came_back(files: Sequence[Path | CaseMask], before: CaseMask, image: Volume) -> CaseMask:
    """Read what came back of a mask; the mask as it was given out, where nothing did."""
    several = [one if isinstance(one, CaseMask) else read_case_mask(one, image) for one in files]
    changed = [one for one in several if not np.array_equal(one.data, before.data)]
    chosen = sorted(changed or several, key=lambda one: one.sha256)
    for other in chosen[1:]:
        if not np.array_equal(other.data, chosen[0].data):
            paths = [one.path for one in chosen if one.path]
            names = ", ".join(sorted(f"{path.parent.name}/{path.name}" for path in paths))
            raise FileRefusedError(paths[0], f"one corrected mask was needed, found several that differ: {names}")
    return chosen[0] if chosen else before


def _slices(words: Sequence[Word], image: Volume) -> Slices | None:
    """Join the slices that were looked at; None for all, which is what is meant where none are named."""
    keeping = [word for word in words if word.weight is Weight.MARKS and word.action in (*KEPT, None)]
    limited = [word for word in keeping if word.slices]
    if not limited or any(word.action is not None and not word.slices for word in keeping):
        return None
    found = []
    for word in limited:
        try:
            found.append(parse_slices(word.slices, image))
        except ValueError as error:
            raise DataRefusedError(f"{word.source}: {error}") from error
    if len({one.axis for one in found}) > 1:
        raise DataRefusedError(
            f"{limited[0].source}: slices across one axis were needed, found {' and '.join(map(str, found))}"
        )
    return Slices(found[0].axis, frozenset().union(*(one.numbers for one in found)))


def _refuse_empty(region: str, words: Sequence[Word], settled: _Settled) -> None:
    """Refuse a mask that was emptied, as programs do by mistake, unless somebody said that there is nothing."""
    if settled.decision.action is Action.EDIT and not settled.mask.data.any() and not said_absent(words, region):
        thing = "cord" if region == CORD else region
        raise DataRefusedError(
            f"{region}: the mask is empty, and nobody said that there is none; if so, comment `no {thing}` in marks.tsv"
        )


def _settle_lesions(
    drawn: Mapping[str, Mask],
    limits: Mapping[str, Slices | None],
    given: Mapping[str, CaseMask],
    policy: LesionPolicy,
) -> tuple[dict[str, Mask], list[str]]:
    """Check that lesions lie in the cord, where the rater looked at both; elsewhere only say how many do not."""
    if _LESION not in drawn:
        return dict(drawn), []
    if CORD not in drawn:
        if CORD not in given or not given[CORD].data.any():
            return dict(drawn), []
        outside = lesion_voxels_outside({CORD: given[CORD].data, _LESION: drawn[_LESION]})
        return dict(drawn), [f"{outside} lesion voxels outside the cord as given out"] if outside else []
    seen = np.ones_like(drawn[CORD])
    for region in (CORD, _LESION):
        if (found := limits[region]) is not None:
            seen &= found.voxels(seen.shape)
    masks, said = settle_outside({CORD: drawn[CORD], _LESION: drawn[_LESION] & seen}, OUTSIDE[policy])
    inside = np.asarray(masks[_LESION] > 0, dtype=np.bool_)
    return {**drawn, _LESION: np.where(seen, inside, drawn[_LESION])}, said


def _unused(
    kept: Mapping[str, CaseMask], limits: Mapping[str, Slices | None], given: Mapping[str, CaseMask]
) -> list[str]:
    """Say how many voxels were changed where the rater, as he says, did not look."""
    said = []
    for region, found in limits.items():
        changed = kept[region].data ^ given[region].data
        if found is not None and (beyond := np.count_nonzero(changed & ~found.voxels(changed.shape))):
            said.append(f"{region}: {beyond} changed voxels outside the slices that were looked at are not used")
    return said


def _of_case(actions: Sequence[Action]) -> Action:
    """Give a case the action of its masks: edited where one was, accepted where one was, else rejected or put off."""
    order = (Action.EDIT, Action.ACCEPT, Action.REJECT)
    return next((action for action in order if action in actions), Action.DEFER)


def _minutes(words: Sequence[Word], kept: Mapping[str, CaseMask], given: Mapping[str, CaseMask]) -> float | None:
    """Give the minutes that were said, or that the sidecars of corrected masks tell."""
    said = minutes_of(words)
    if said is not None:
        return said
    told = []
    for region, one in kept.items():
        for entry in one.made_by:
            value = entry.get("Minutes")
            if entry not in given[region].made_by and isinstance(value, int | float) and 0 <= value < np.inf:
                told.append(float(value))
    return sum(told) if told else None
