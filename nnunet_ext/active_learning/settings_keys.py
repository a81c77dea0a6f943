"""The keys of `active.toml`: which values each takes, and what it means to a person."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER
from nnunet_ext.active_learning.query.strategy_names import STRATA, STRATEGIES
from nnunet_ext.core.json_numbers import finite, whole_number
from nnunet_ext.core.model_name import is_dataset_name, is_trainer_name

_SHOWN: Final = 100
_NEARLY: Final = 1e-6
_POOL: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]*=.+", re.DOTALL)
_RATER: Final = re.compile(r"[0-9A-Za-z]+")


class BadValueError(ValueError):
    """A setting that cannot be; `reason` ends a sentence that begins with the `key`."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key} {reason}")
        self.key = key
        self.reason = reason


@dataclass(frozen=True)
class Key:
    """A key.

    Parameters
    ----------
    read
        Takes its value, and raises ValueError with what was needed.
    says
        What it means, in lines that stand above it in the file.
    """

    read: Callable[[Any], Any]
    says: str


def read_key(key: str, value: Any) -> Any:  # noqa: ANN401 - whatever a file holds, and what the key makes of it
    """Take the value of one key.

    Raises
    ------
    BadValueError
        Where it is none of those that the key can have.
    """
    try:
        return KEYS[key].read(value)
    except (ValueError, TypeError) as error:
        if isinstance(error, BadValueError):
            raise
        raise BadValueError(key, f"needs {error}, found {_shown(value)}") from error


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a file holds
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("a text in quotation marks, on one line")
    return value


def _matching(needed: str, fits: Callable[[str], object]) -> Callable[[Any], str]:
    def read(value: Any) -> str:  # noqa: ANN401 - whatever a file holds
        if not isinstance(value, str) or not value.isprintable() or not fits(value):
            raise ValueError(needed)
        return value

    return read


def _one_of(*words: str) -> Callable[[Any], str]:
    return _matching(" or ".join(f'"{word}"' for word in words), words.__contains__)


def _distinct(needed: str, fits: Callable[[str], object], name: Callable[[str], str]) -> Callable[[Any], Any]:
    """Read a list of texts, each of another name, whatever its case: they become names of files."""

    def read(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever a file holds
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ValueError(needed)
        found = tuple(map(_matching(needed, fits), value))
        if len({name(text).casefold() for text in found}) < len(found):
            raise ValueError(f"{needed}, each with a name of its own")
        return found

    return read


def _is_rater(name: str) -> bool:
    return _RATER.fullmatch(name) is not None and name.casefold() != CONSENSUS_RATER


def _at_least(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:  # noqa: ANN401 - whatever a file holds
        try:
            number = whole_number(value)
        except ValueError:
            number = least - 1
        if number < least:
            raise ValueError(f"a whole number of {least} or more")
        return number

    return read


def _flag(value: Any) -> bool:  # noqa: ANN401 - whatever a file holds
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _share(value: Any, *, some: bool = False) -> float:  # noqa: ANN401 - whatever a file holds
    try:
        share = finite(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1 or (some and not share):
        raise ValueError("a number above 0, up to 1" if some else "a number from 0 to 1")
    return share


def _shares(value: Any) -> dict[str, float]:  # noqa: ANN401 - whatever a file holds
    if not isinstance(value, Mapping):
        raise ValueError(f"a table with {', '.join(STRATA)}")
    for name in [*value, *STRATA]:
        if name not in STRATA or name not in value:
            wrong = "is needed, and is not there" if name in STRATA else f"is none; there are {', '.join(STRATA)}"
            raise BadValueError(f"shares.{name}", wrong)
    found = {}
    for name in STRATA:
        try:
            found[name] = _share(value[name])
        except ValueError as error:
            raise BadValueError(f"shares.{name}", f"needs {error}, found {_shown(value[name])}") from error
    if abs(sum(found.values()) - 1) > _NEARLY:
        raise ValueError("shares that are 1 together")
    return found


KEYS: Final[Mapping[str, Key]] = MappingProxyType(
    {
        "target": Key(
            _matching("the name of a target, or a TOML file", bool),
            "What is segmented: the name of a target (cord-lesion, cord, ...), or a TOML file.",
        ),
        "dataset": Key(
            _matching(
                "nnU-Net's name of a dataset, such as Dataset501_CordLesion, or nothing",
                lambda text: not text or is_dataset_name(text),
            ),
            "The labelled dataset, by its name in nnUNet_raw, to which corrected cases are added. Empty: there is none "
            "yet.",
        ),
        "model": Key(
            _text,
            "The model that predicts the first round: a folder, a name below nnUNet_results, or the name of a shipped "
            "one.",
        ),
        "localizer": Key(
            _text,
            "The model that finds the cord for it. Empty: the one that belongs to it. "
            '"none": the whole image is predicted.',
        ),
        "pool": Key(
            _distinct('BIDS folders, as in ["site=/data/site_bids"]', _POOL.fullmatch, lambda t: t.split("=")[0]),
            "BIDS folders whose images may be asked for, each as NAME=FOLDER. Add more at any time: they are scanned "
            "by each query.\nA folder that does not begin with / starts at this file's.",
        ),
        "profiles": Key(
            _distinct('profiles of the pool, as in ["site=legacy.toml"]', _POOL.fullmatch, lambda t: t.split("=")[0]),
            "How each of these folders names its images, as NAME=PROFILE: a name, or a TOML file with its full path, "
            "as nnunet_ext convert --profile takes it.\nA folder that is not named here is read by the profile that "
            "the labelled dataset knows for it, else by auto.",
        ),
        "tested_in_pool": Key(
            _one_of("refuse", "skip"),
            "Images in these folders of patients who are tested on can never be trained on.\n"
            '"refuse": stop, and name them. "skip": leave them out.',
        ),
        "budget": Key(
            _at_least(1),
            "Cases that people are asked to look at in one round.",
        ),
        "rounds": Key(
            _at_least(0),
            "Rounds that are planned. 0: open. Strategies that grow less random from round to round go by it, or by 5.",
        ),
        "strategy": Key(
            _one_of(*STRATEGIES),
            "How they are chosen:\n" + "\n".join(f"{name}: {does}" for name, does in STRATEGIES.items()),
        ),
        "most_per_site": Key(
            partial(_share, some=True),
            "The largest share of a round that may come from one site.",
        ),
        "seed": Key(
            _at_least(0),
            "Of every draw: the same seed, the same cases.",
        ),
        "raters": Key(
            _distinct('names of letters and digits, as in ["anna", "ben"]', _is_rater, str),
            "Who corrects, by names of letters and digits, which become part of file names. Empty: one person.",
        ),
        "every_rater": Key(
            _flag,
            "true: every case goes to every rater, to measure how far they agree. false: each goes to one of them.",
        ),
        "lesion_outside_cord": Key(
            _one_of("refuse", "clip", "keep"),
            'Corrected lesion voxels outside the cord: "refuse" the mask, "clip" them away, or "keep" them.',
        ),
        "consensus": Key(
            _one_of("majority", "staple", "adjudicate"),
            'Of several raters of one case: "majority" of their votes, "staple", or "adjudicate": a list for people to '
            "decide.",
        ),
        "start": Key(
            _one_of("warm", "scratch"),
            '"warm": a round goes on from the model before. "scratch": it trains a new one.',
        ),
        "trainer": Key(
            _matching("the name of a trainer, or nothing", lambda text: not text or is_trainer_name(text)),
            "The trainer, without a number of epochs. Empty: nnUNetTrainerSCIActive or, from scratch, "
            "nnUNetTrainerSCI.",
        ),
        "epochs": Key(
            _at_least(0),
            "Epochs a round. 0: as many as the dataset's spine_plan.json says.",
        ),
        "shares": Key(
            _shares,
            "Which share of a round is chosen for what; together they are 1.",
        ),
    }
)
"""In this order they stand in the file."""

SHARES_SAY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lesion": "Doubt about the lesions.",
        "cord": "Doubt about the cord.",
        "random": "By lot, among images in which the model sees something.",
        "healthy": "Images that look healthy, in which a model may see lesions that are none.",
    }
)
"""What each share is for."""
