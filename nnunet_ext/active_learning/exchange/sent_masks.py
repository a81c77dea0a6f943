"""`sent.tsv`: which predictions were given to whom under which names. It stays at home."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import NOTHING, cell, filled, read_table, table_text

SENT: Final = "sent.tsv"


@dataclass(frozen=True)
class SentMask:
    """A mask that somebody was given.

    Parameters
    ----------
    case, dataset, rater
        Whose; the rater is empty where the one there is has no name.
    region
        What it shows.
    image, predicted, corrected
        Of the image, of the prediction, and of the rater's copy of it: relative to `to_correct`.
    place
        Of the mask in a folder of masks, such as `corrected/RATER/derivatives/labels`.
    image_sha256, predicted_sha256
        Of the image's file in the pool, and of the prediction's.
    model_sha256
        Of the model that predicted.
    """

    case: str
    dataset: str
    rater: str
    region: str
    image: str
    predicted: str
    corrected: str
    place: str
    image_sha256: str
    predicted_sha256: str
    model_sha256: str


def write_sent(file: Path, masks: Iterable[SentMask]) -> None:
    """Write the table, sorted."""
    columns = [field.name for field in fields(SentMask)]
    rows = sorted(({name: cell(text) for name, text in asdict(mask).items()} for mask in masks), key=_key)
    write_text(file, table_text(rows, columns))


def read_sent(to_correct: Path) -> list[SentMask]:
    """Read the table of a folder `to_correct`.

    Raises
    ------
    FileRefusedError
        Where it is missing, or was changed to something else.
    """
    columns = [field.name for field in fields(SentMask)]
    rows = read_table(to_correct / SENT, columns, whole=True)
    return [SentMask(**{name: filled(row, name) for name in columns}) for row in rows]


def _key(row: dict[str, str]) -> tuple[str, ...]:
    return ("" if row["rater"] == NOTHING else row["rater"], row["case"], row["region"])
