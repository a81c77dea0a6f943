"""The desk of one rater of a round, or of whoever decides between raters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from nnunet_ext.active_learning.claim import holder_of
from nnunet_ext.active_learning.exchange.place_cases import reading_rank
from nnunet_ext.active_learning.exchange.sent_masks import SentMask, read_sent
from nnunet_ext.active_learning.ingest.record import VerifiedPlace
from nnunet_ext.active_learning.ingest.to_adjudicate import to_adjudicate
from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.round_state import Stage, read_stage
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.names import image_stem
from nnunet_ext.core.target import load_target
from nnunet_ext.correction.desk import Desk, desk_regions
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.report.region_names import region_name


@dataclass(frozen=True)
class RoundDesk:
    """Makes the desks of a round.

    Parameters
    ----------
    rounds, one, settings
        The loop, and the round that people have.
    """

    rounds: Rounds
    one: Round
    settings: ActiveSettings

    def of(self, asked: str) -> Desk:
        """Make the desk of a rater: their cases alone, in the order in which they read.

        Parameters
        ----------
        asked
            The rater; empty for the only one there is, `consensus` for the cases in which raters differ. Where the only
            one has no name, this one stands in the records.

        Raises
        ------
        UsageError
            Where nobody of that name was asked, several were and none is named, or raters differ in no case.
        """
        sent = read_sent(self.one.to_correct)
        raters = sorted({mask.rater for mask in sent})
        if asked == CONSENSUS_RATER:
            return self._desk(asked, asked, self._disputed(sent))
        if len(raters) > 1 and asked not in raters:
            found = f"found {asked[:60]!r}" if asked else "found none"
            raise UsageError(
                f"--rater: one of those who were asked was needed ({', '.join(raters)}), {found}; type: nnunet_ext "
                f"active correct {self.rounds.root} --rater {raters[0]}"
            )
        rater = asked if asked in raters else raters[0]
        if rater and asked not in ("", rater):
            raise UsageError(f"--rater: {rater} alone was asked in this round, found {asked[:60]!r}")
        own = _by_case([mask for mask in sent if mask.rater == rater])
        cases = [self._case(masks) for masks in own]
        order = sorted(cases, key=lambda one: reading_rank(rater, one.name, self.settings.seed))
        return self._desk(rater or asked, rater, order)

    def allow(self) -> Callable[[], None]:
        """Give what refuses to write into the round once it is taken in whole or trained, or while that is done."""

        def refuse() -> None:
            if read_stage(self.rounds) != (self.one.number, Stage.CORRECTING):
                raise ConflictError(
                    f"round {self.one.number} was taken in or trained meanwhile, and nothing more is written in it; "
                    f"what was drawn is kept as a draft; see: nnunet_ext active status {self.rounds.root}"
                )
            if (holder := holder_of(self.rounds)) is not None:
                raise ConflictError(
                    f"the loop is held by {holder} at this moment; what was drawn is kept as a draft: save it again in "
                    "a while"
                )

        return refuse

    def _desk(self, rater: str, folder: str, cases: Sequence[DeskCase]) -> Desk:
        there = {region for case in cases for region in case.output}
        numbered = [replace(one, number=number) for number, one in enumerate(cases, start=1)]
        return Desk(
            f"Round {self.one.number}",
            rater,
            tuple(numbered),
            tuple(
                replace(region, label=region_name(region.name))
                for region in desk_regions(load_target(self.settings.target))
                if region.name in there
            ),
            self.one.to_correct / folder,
            self.settings.lesion_outside_cord,
            blind=rater != CONSENSUS_RATER,
        )

    def _case(self, masks: Sequence[SentMask]) -> DeskCase:
        first, home = masks[0], self.one.to_correct
        likely = {mask.region: self.one.probability(mask.case, mask.region) for mask in masks}
        return DeskCase(
            0,
            first.case,
            home / split_list(first.image)[0],
            next(iter(split_list(first.image_sha256)), ""),
            {mask.region: home / mask.predicted for mask in masks},
            {mask.region: home / mask.copy for mask in masks},
            {region: file for region, file in likely.items() if file.is_file()},
            first.reason,
        )

    def _disputed(self, sent: Sequence[SentMask]) -> list[DeskCase]:
        """Give the cases in which raters differ, with the masks of the first of them to begin with."""
        rows = to_adjudicate(self.one)
        if not rows:
            raise UsageError(
                f"{self.rounds.root}: raters differ in no case of round {self.one.number}, as far as it was taken in; "
                f"take in what is back: nnunet_ext active ingest {self.rounds.root}"
            )
        raters = {row["case"]: row["raters"].split() for row in rows}
        why = {case: "; ".join(f"{row['region']}: {row['reason']}" for row in rows if row["case"] == case)
               for case in raters}  # fmt: skip
        own = {masks[0].case: masks for masks in _by_case(sent) if masks[0].rater in raters.get(masks[0].case, ())[:1]}
        return [self._to_settle(own[case], why[case]) for case in raters if case in own]

    def _to_settle(self, masks: Sequence[SentMask], why: str) -> DeskCase:
        case, place = self._case(masks), VerifiedPlace(self.one.corrected)
        rater, stem = masks[0].rater, image_stem(PurePosixPath(masks[0].image).name) or ""
        drawn = {region: place.mask(masks[0].dataset, stem, region, rater) for region in case.masks}
        given = {region: drawn[region] if drawn[region].is_file() else file for region, file in case.masks.items()}
        output = {region: self._settled(file, rater) for region, file in case.output.items()}
        return replace(case, masks=given, output=output, reason=f"{why}; it begins with the masks of {rater}")

    def _settled(self, copy: Path, rater: str) -> Path:
        home = self.one.to_correct
        return home / CONSENSUS_RATER / copy.relative_to(home / rater)


def _by_case(masks: Sequence[SentMask]) -> list[list[SentMask]]:
    found: dict[tuple[str, str], list[SentMask]] = {}
    for mask in masks:
        found.setdefault((mask.rater, mask.case), []).append(mask)
    return list(found.values())
