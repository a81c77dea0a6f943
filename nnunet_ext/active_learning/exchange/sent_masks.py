"""`sent.tsv`: which predictions were given to whom under which names. It stays at home."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import cell, filled, read_table, table_text

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
    image, predicted, copy
        Of the images, joined as `core.cell_lists` joins paths, of the prediction, and of the rater's copy of it, all
        relative to `to_correct`.
    image_sha256, predicted_sha256
        Of the images' files in the pool, and of the prediction's.
    reason
        Why the case was chosen.
    model_sha256
        Of the model that predicted.
    """

    case: str
    dataset: str
    rater: str
    region: str
    image: str
    predicted: str
    copy: str
    image_sha256: str
    predicted_sha256: str
    reason: str
    model_sha256: str


def write_sent(file: Path, masks: Iterable[SentMask]) -> None:
    """Write the table, sorted."""
    columns = [field.name for field in fields(SentMask)]
    rows = [{name: cell(text) for name, text in asdict(mask).items()} for mask in sorted(masks, key=_key)]
    write_text(file, table_text(rows, columns))


def read_sent(to_correct: Path) -> list[SentMask]:
    """Read the table of a folder `to_correct`; of each case the regions are in the model's order.

    Raises
    ------
    FileRefusedError
        Where it is missing, or was changed to something else.
    """
    columns = [field.name for field in fields(SentMask)]
    rows = read_table(to_correct / SENT, columns, whole=True)
    return [SentMask(**{name: filled(row, name) for name in columns}) for row in rows]


def _key(mask: SentMask) -> tuple[str, str]:
    return mask.rater, mask.case
