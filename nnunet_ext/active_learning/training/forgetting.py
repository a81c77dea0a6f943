"""What a loop gained and forgot at each site, `forgetting.tsv`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.active_learning.training.matrix import EVERY_SITE
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.tables import Row, number

FORGETTING_COLUMNS: Final = (
    "site", "rounds", "first", "last", "gain", "best", "backward_transfer", "cord_area_drift_percent",
    "lesions_newly_found", "lesions_newly_lost",
)  # fmt: skip

Lesion = tuple[str, str, str]
"""Case, region and number."""


@dataclass(frozen=True)
class Learned:
    """What is known of a loop's models beside their scores.

    Parameters
    ----------
    added
        For each site the round in which cases of it were added to training last.
    sites
        For each tested case its site.
    found
        For each round the reference lesions that its model found.
    """

    added: Mapping[str, int]
    sites: Mapping[str, str]
    found: Mapping[int, frozenset[Lesion]]


def forgetting_rows(matrix: Sequence[Row], learned: Learned) -> list[dict[str, str]]:
    """Compare the last model with the first, and with the one that learned of each site last.

    The value that is compared is the Dice of lesions, or of the cord where there are no lesions to segment.

    - gain: the last value less the first.
    - backward transfer: the last value less that of the round in which cases of the site were added to training last;
      below 0 the site was forgotten since. Of a site that none were added of, it is counted from the first (after
      Lopez-Paz and Ranzato 2017, arXiv 1706.08840, section 3, for each task alone).
    - drift of the cord's area: of its last mean from its first, in percent.
    - newly found, newly lost: reference lesions that the last model finds and the first did not, and the other way
      round.

    Parameters
    ----------
    matrix
        Rows of `matrix.tsv`, of at least one round.
    learned
        All else.
    """
    sites = dict.fromkeys(row["site"] for row in matrix if row["site"] != EVERY_SITE)
    main = "lesion_dice" if any(number(row["lesion_dice"]) is not None for row in matrix) else "cord_dice"
    return [_row(site, [row for row in matrix if row["site"] == site], main, learned) for site in (*sites, EVERY_SITE)]


def _row(site: str, rows: Sequence[Row], main: str, learned: Learned) -> dict[str, str]:
    values = {int(row["round"]): value for row in rows if (value := number(row[main])) is not None}
    areas = [area for row in rows if (area := number(row["cord_area_mm2"])) is not None]
    rounds = sorted(learned.found)
    first, last = (_found(learned, at, site) for at in (rounds[0], rounds[-1]))
    told: dict[str, object] = {
        **dict.fromkeys(FORGETTING_COLUMNS),
        "site": site,
        "rounds": len(rows),
        "cord_area_drift_percent": 100 * (areas[-1] / areas[0] - 1) if areas and areas[0] else None,
        "lesions_newly_found": len(last - first),
        "lesions_newly_lost": len(first - last),
    }
    if values:
        begin, end = values[min(values)], values[max(values)]
        added = max(learned.added.values(), default=0) if site == EVERY_SITE else learned.added.get(site, 0)
        told |= {"first": begin, "last": end, "gain": end - begin, "best": max(values.values())}
        told["backward_transfer"] = end - values.get(added, begin)
    return as_row(told)


def _found(learned: Learned, number_of_round: int, site: str) -> frozenset[Lesion]:
    found = learned.found[number_of_round]
    return found if site == EVERY_SITE else frozenset(one for one in found if learned.sites.get(one[0]) == site)
