"""Rounds by sites, `matrix.tsv`: what each model is worth at each site."""

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.labels import CORD
from nnunet_ext.core.tables import Row, number

MATRIX_COLUMNS: Final = ("round", "site", "cases", "cord_dice", "lesion_dice", "lesion_f1", "cord_area_mm2")

EVERY_SITE: Final = "all"
"""Stands for the site in the last row of each round."""

_LESION: Final = "lesion"


def matrix_rows(scores: Sequence[Row]) -> list[dict[str, str]]:
    """Average the scores of one model over the cases of each site, then over all.

    A mean is over those cases of which there is a value: a case without a lesion in either mask has no lesion F1, and
    its Dice is 1.

    Parameters
    ----------
    scores
        Rows of `test_scores.tsv` of one round.
    """
    lesion = lesion_region(scores)
    sites = sorted({row["site"] for row in scores})
    rows = [_averaged([row for row in scores if row["site"] == site], site, lesion) for site in sites]
    return [*rows, _averaged(scores, EVERY_SITE, lesion)] if rows else []


def lesion_region(scores: Sequence[Row]) -> str:
    """Name the region that stands for lesions: of that name, else the first that is no cord; empty for a cord alone."""
    regions = dict.fromkeys(row["region"] for row in scores)
    return _LESION if _LESION in regions else next((name for name in regions if name != CORD), "")


def _averaged(rows: Sequence[Row], site: str, lesion: str) -> dict[str, str]:
    cord, lesions = ([row for row in rows if row["region"] == region] for region in (CORD, lesion))
    return as_row(
        {
            "round": int(rows[0]["round"]),
            "site": site,
            "cases": len({row["case"] for row in rows}),
            "cord_dice": _mean(cord, "dice"),
            "lesion_dice": _mean(lesions, "dice"),
            "lesion_f1": _mean(lesions, "lesion_f1"),
            "cord_area_mm2": _mean(cord, "cord_area_mm2"),
        }
    )


def _mean(rows: Sequence[Row], column: str) -> float | None:
    values = [value for row in rows if (value := number(row[column])) is not None]
    return fmean(values) if values else None
