"""Which cases of a folder most need somebody to look at them, and why, as far as a table says so."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.pair_names import pair_names
from nnunet_ext.core.tables import filled, finite_number
from nnunet_ext.models.default_card import SEGMENTED_BY
from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.sources.gather import gather
from nnunet_ext.report.sources.record import CaseRecord

_TABLES: Final = ("predictions*.tsv", "metrics.tsv")
_PERFECT: Final = 1.0


@dataclass(frozen=True, order=True)
class Standing:
    """How a case stands; what is worse comes first.

    Parameters
    ----------
    refused
        0 where it could not be predicted or scored, else 1.
    dice
        The lowest of its regions; 1 where it is not known.
    warnings
        Less by one for each.
    reason
        In words.
    """

    refused: int = 1
    dice: float = _PERFECT
    warnings: int = 0
    reason: str = ""

    @property
    def score(self) -> str:
        """The lowest Dice; empty where it is not known."""
        return f"{self.dice:.2f}" if self.dice < _PERFECT else ""


def read_tables(folder: Path, scores: Path | None, cases: Collection[str]) -> dict[str, CaseRecord]:
    """Read what `predict` wrote beside the masks, and what `evaluate` left of them, where there is any.

    Parameters
    ----------
    folder
        Of masks.
    scores
        What `evaluate` left; None for nothing.
    cases
        Those that have masks.

    Returns
    -------
    dict
        By case; what a table tells of others by the name that it gives them.

    Raises
    ------
    DataRefusedError
        Where `scores` is no folder that `evaluate` or `predict` left.
    """
    own = [folder] if any(next(folder.glob(table), None) is not None for table in _TABLES) else []
    places = [*own, *([] if scores is None else [scores])]
    found = {record.name: record for record in (gather(places).cases if places else ())}
    partners = pair_names(found, cases).partners
    return {partners.get(name, name): record for name, record in found.items()}


def standings(records: Mapping[str, CaseRecord]) -> dict[str, Standing]:
    """Say how each case stands that a table tells of."""
    told = [set(record.warnings) for record in records.values()]
    common = set.intersection(*told) if len(told) > 1 else set()  # what is said of all tells none from another
    return {case: _standing(record, common) for case, record in records.items()}


def _standing(record: CaseRecord, common: Collection[str]) -> Standing:
    warnings = [text for text in record.warnings if text not in common and not text.startswith(SEGMENTED_BY)]
    dice = {row["region"]: value for row in record.metrics if (value := finite_number(filled(row, "dsc"))) is not None}
    lowest = sorted(dice, key=lambda region: dice[region])
    scored = ", ".join(f"{region_name(region)} Dice {dice[region]:.2f}" for region in lowest)
    return Standing(
        refused=0 if record.reason else 1,
        dice=min(dice.values(), default=_PERFECT),
        warnings=-len(warnings),
        reason="; ".join(filter(None, (record.reason, scored, *warnings))),
    )
