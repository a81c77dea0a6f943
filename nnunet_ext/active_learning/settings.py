"""`active.toml`: what a correction loop is asked for. `init` writes it once, and people edit it from then on."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal

from nnunet_ext.active_learning.query.strategy_names import BASELINE
from nnunet_ext.active_learning.settings_keys import KEYS, BadValueError, read_key
from nnunet_ext.active_learning.settings_text import settings_text
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import FileRefusedError, UsageError
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.text_file import read_text

WARM_TRAINER: Final = "nnUNetTrainerSCIActive"
"""It has no other beginning than a trained model, of which it takes all weights."""

_NEEDED: Final = "the settings of a correction loop were needed"
_KEY: Final = re.compile(r"""\s*["']?([\w-]+)["']?\s*(?:\.\s*["']?([\w-]+)["']?\s*)?=""", re.ASCII)
_TABLE: Final = re.compile(r"\s*\[\s*([\w-]+)\s*\]", re.ASCII)


@dataclass(frozen=True)
class Shares:
    """Shares of the budget, together 1: by doubt about the lesion, about the cord, by lot, and apparently healthy."""

    lesion: float = 0.3
    cord: float = 0.3
    random: float = 0.3
    healthy: float = 0.1


@dataclass(frozen=True)
class ActiveSettings:
    """What a correction loop is asked for.

    Parameters
    ----------
    target
        Name of a shipped target, or a TOML file.
    pool
        `NAME=FOLDER` of each BIDS dataset of the pool; a relative folder starts at the loop's.
    profiles
        `NAME=PROFILE` of those datasets of the pool that are read by a profile of their own, a name or a TOML file.
    dataset
        nnU-Net's name of the labelled dataset; empty where there is none yet.
    model
        Where the loop starts: a folder, or a name as `nnunet_ext predict -m` takes it.
    localizer
        Finds the cord; empty for the model's own, `none` for the whole image.
    budget
        Cases a round.
    strategy
        By which cases are chosen.
    shares, most_per_site
        Of the budget.
    rounds
        That are planned; 0 where that is open.
    tested_in_pool
        What becomes of images in the pool's folders whose patient is tested on: `refuse` all, or `skip` them.
    seed
        Of every draw.
    raters
        Who corrects; nobody named means one.
    every_rater
        Whether every case goes to every rater, rather than to one of them.
    lesion_outside_cord
        Corrected lesion voxels that are not cord: `refuse` the mask, `clip` or `keep` them.
    consensus
        Of several raters: `majority`, `staple`, or `adjudicate`: a list for people.
    start
        `warm` from the last model, or from `scratch`.
    trainer
        nnU-Net's name, without a number of epochs; empty for the one that suits `start`.
    epochs
        A round; 0 for as many as the dataset's plan says.
    """

    target: str
    pool: tuple[str, ...]
    dataset: str = ""
    model: str = ""
    localizer: str = ""
    profiles: tuple[str, ...] = ()
    budget: int = 10
    rounds: int = 0
    strategy: str = BASELINE
    most_per_site: float = 0.5
    tested_in_pool: Literal["refuse", "skip"] = "refuse"
    seed: int = 42
    raters: tuple[str, ...] = ()
    every_rater: bool = False
    lesion_outside_cord: Literal["refuse", "clip", "keep"] = "refuse"
    consensus: Literal["majority", "staple", "adjudicate"] = "majority"
    start: Literal["warm", "scratch"] = "warm"
    trainer: str = ""
    epochs: int = 0
    shares: Shares = Shares()

    @property
    def full_trainer(self) -> str:
        """The trainer as `nnUNetv2_train -tr` takes it, its number of epochs included."""
        base = self.trainer or (WARM_TRAINER if self.start == "warm" else "nnUNetTrainerSCI")
        return f"{base}_{self.epochs}epochs" if self.epochs else base


def parse_settings(content: Mapping[str, Any]) -> ActiveSettings:
    """Make settings of plain values, those of `shares` in a mapping of their own.

    Raises
    ------
    BadValueError
        With the first key that is unknown, missing, or has a value that it cannot have.
    """
    for key in content:
        if key not in KEYS:
            raise BadValueError(key, f"is no setting; known are {', '.join(KEYS)}")
    read = {key: read_key(key, value) for key, value in content.items()}
    for each in fields(ActiveSettings):
        if each.default is MISSING and each.name not in read:
            raise BadValueError(each.name, "is needed, and is not there")
    return ActiveSettings(**{**read, "shares": Shares(**read.get("shares", {}))})


def read_settings(path: Path) -> ActiveSettings:
    """Read `active.toml`.

    Raises
    ------
    UsageError
        Where it is not there: no loop has begun in its folder.
    FileRefusedError
        Where it is no TOML, or a key is unknown, missing, or has a value that it cannot have: with the key, its line
        and the value.
    """
    if not path.is_file():
        raise UsageError(
            f"{path.parent}: the folder of a correction loop was needed, and there is no {path.name}; begin one: "
            f"nnunet_ext active init {path.parent} --pool BIDS"
        )
    text = read_text(path, _NEEDED)
    with refuse_malformed(path, _NEEDED):
        content = tomllib.loads(text)
    try:
        return parse_settings(content)
    except BadValueError as error:
        line = _line_of(text, error.key)
        where = f"line {line}: " if line else ""
        raise FileRefusedError(path, f"{where}{error.key} {error.reason}; mend it there") from error


def write_settings(path: Path, settings: ActiveSettings) -> None:
    """Write `active.toml`, each key below what it means; `read_settings` gives the same settings again.

    Raises
    ------
    BadValueError
        Where a value is one that no settings can have; nothing is written.
    """
    content = asdict(settings)
    parse_settings(content)
    write_text(path, settings_text(content))


def _line_of(text: str, key: str) -> int:
    """Find the line of a key, one of a table by `table.key`; 0 where there is none."""
    table = ""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _TABLE.match(line):
            table = match[1]
            lines.setdefault(table, number)
        elif match := _KEY.match(line):
            lines.setdefault(".".join(filter(None, (table, match[1], match[2]))), number)
    return lines.get(key, lines.get(key.partition(".")[0], 0))
