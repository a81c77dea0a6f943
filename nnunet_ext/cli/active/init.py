"""`nnunet_ext active init`: a correction loop begins."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.frozen import Frozen, read_frozen
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.pool import Pool, pool_sources, read_pool, scan_pool
from nnunet_ext.active_learning.query.strategy_names import STRATEGIES
from nnunet_ext.active_learning.round_state import BEGUN
from nnunet_ext.active_learning.settings import ActiveSettings, Shares, read_settings, write_settings
from nnunet_ext.active_learning.settings_keys import BadValueError, read_key
from nnunet_ext.cli.active.first_model import first_model, refuse_other_regions
from nnunet_ext.cli.active.labelled import frozen_now, labelled_dataset
from nnunet_ext.cli.active.loop_options import add_loop_options
from nnunet_ext.cli.asked_profiles import asked_profiles
from nnunet_ext.cli.find_dataset import find_dataset
from nnunet_ext.cli.predict.model import find_model
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.environment import required_folder
from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import Source, name_sources
from nnunet_ext.models.entry_names import PLANS

_TARGET: Final = "cord-lesion"
_DEFAULTS: Final = ActiveSettings(target=_TARGET, pool=())
_SHOWN: Final = 3


@dataclass(frozen=True)
class ActiveInit:
    """Begin a loop, or find it begun in this very way.

    Parameters
    ----------
    rounds
        Its folder.
    asked
        The settings that were given, by their keys; the others are as `ActiveSettings` has them.
    steal
        Whether a claim that the user knows for stale is taken over.
    json
        Whether the answer is JSON.
    """

    rounds: Path
    asked: Mapping[str, Any]
    steal: bool
    json: bool

    def run(self) -> int:
        """Begin, and say with what."""
        rounds = Rounds(self.rounds)
        _refuse_strangers(rounds)
        settings = self._settled(rounds)
        begun = bool(Journal(rounds.journal).entries())
        prepared = None if begun else _prepared(rounds, settings)
        with claim(rounds, steal=self.steal):
            if self._settled(rounds) != settings or bool(Journal(rounds.journal).entries()) != begun:
                raise ConflictError(f"{rounds.root}: another process has just begun it; give the same command again")
            if not rounds.settings.is_file():
                write_settings(rounds.settings, settings)
            if prepared is not None:
                frozen, pool = prepared
                pool.write(rounds)
                Journal(rounds.journal).append(BEGUN, frozen.content())  # without this line it has not begun
        self._conclude(rounds, settings)
        return 0

    def _settled(self, rounds: Rounds) -> ActiveSettings:
        """Read the settings that stand, which must not be others, or make them."""
        if not rounds.settings.is_file():
            return self._made()
        settings = read_settings(rounds.settings)
        for key, asked in self.asked.items():
            stands = getattr(settings, key)
            if stands != asked:
                raise ConflictError(
                    f"{rounds.settings}: {key} is {_in_words(stands)}, and {_in_words(asked)} was asked for; edit "
                    f"{key} in that file, or begin another loop in another folder"
                )
        return settings

    def _made(self) -> ActiveSettings:
        if not self.asked.get("pool"):
            raise UsageError("the images that may be asked for were needed; give BIDS folders: --pool [NAME=]BIDS ...")
        dataset = self.asked.get("dataset", "")
        existing = labelled_dataset(dataset)
        target = self.asked.get("target", _TARGET if existing is None else existing.record["target"]["name"])
        model = self.asked.get("model") or first_model(load_target(target).name, dataset)
        return ActiveSettings(**{**self.asked, "target": target, "model": model})

    def _conclude(self, rounds: Rounds, settings: ActiveSettings) -> None:
        frozen = read_frozen(rounds)
        persons, cases = len(frozen.persons), len(frozen.cases)
        images, query = len(read_pool(rounds)), f"nnunet_ext active query {rounds.root}"
        if self.json:
            told = {"rounds": str(rounds.root), "settings": str(rounds.settings), "model": settings.model}
            counts = {"pool": images, "tested_persons": persons, "tested_cases": cases}
            print(json.dumps({**told, "dataset": settings.dataset, **counts, "next": query}))
            return
        tested = f"{persons} patients with {cases} images are tested on, now and later"
        labelled = f"dataset {settings.dataset}: {tested}" if settings.dataset else "no labels yet: nobody is tested on"
        print(f"{rounds.root}: target {settings.target}, from model {settings.model}; {labelled}")
        print(f"{images} images may be asked for ({rounds.pool.name}; others, with reasons: {rounds.left_out.name})")
        print(f"Look at {rounds.settings}, then go on with: {query}")


def _refuse_strangers(rounds: Rounds) -> None:
    """Refuse a folder with files of others."""
    if rounds.root.exists() and not rounds.root.is_dir():
        raise UsageError(f"{rounds.root}: a folder was needed")
    if rounds.settings.is_file() or rounds.journal.is_file() or not rounds.root.is_dir():
        return
    if others := sorted(entry.name for entry in rounds.root.iterdir() if not entry.name.startswith(".")):
        raise ConflictError(
            f"{rounds.root}: an empty or new folder was needed, found {', '.join(others[:_SHOWN])}; choose another"
        )


def _prepared(rounds: Rounds, settings: ActiveSettings) -> tuple[Frozen, Pool]:
    """Look at all that the loop is begun with, and refuse what it cannot be; nothing is written."""
    target, existing = load_target(settings.target), labelled_dataset(settings.dataset)
    if existing is not None and existing.record["target"] != target.content():
        raise ConflictError(
            f"{settings.dataset}: its target is {existing.record['target']['name']}, and {settings.target} was asked "
            f"for, or it was changed since; give that --target, or another -d"
        )
    refuse_other_regions(find_model(settings.model, "-m"), target)
    sources = pool_sources(rounds, settings)
    for source in sources:
        if rounds.root.resolve().is_relative_to(source.root):
            raise UsageError(f"{rounds.root}: lies in {source.root}, which is only ever read; choose another folder")
    frozen = frozen_now(settings, existing)
    with progress_bar("scan", "image") as progress:
        pool = scan_pool(sources, settings, existing, frozen.tested, progress)
    for sentence in pool.said:
        print(f"nnunet_ext active: assumed: {sentence}", file=sys.stderr)
    return frozen, pool


def _in_words(value: object) -> str:
    if isinstance(value, Shares):
        return " ".join(f"{name}={share:g}" for name, share in vars(value).items())
    if isinstance(value, tuple):
        return " ".join(value) or "nobody"
    return str(value) or "empty"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the action's arguments; what is not given is None, so that only what is given is compared."""
    add = parser.add_argument
    add_settings(parser)
    add("--rounds", dest="planned", type=int, metavar="N", help="rounds that are planned (default: 0, open)")
    _add(parser, "strategy", "", "how cases are chosen", choices=list(STRATEGIES))
    _add(parser, "seed", "N", "of every draw", kind=int)
    add("--raters", nargs="+", metavar="NAME", help="who corrects (default: one person without a name)")
    add("--every-rater", action="store_const", const=True, help="every case goes to every rater, not to one of them")
    _add(parser, "consensus", "", "of several raters of one case", choices=["majority", "staple", "adjudicate"])
    add_loop_options(parser)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Describe the settings that a loop has whoever corrects."""
    add = parser.add_argument
    add("--pool", nargs="+", metavar="[NAME=]BIDS", help="BIDS folders whose images may be asked for (default: none)")
    add(
        "--profile", action="append", dest="profile_of", metavar="[NAME=]PROFILE",
        help="how a folder of the pool names its images, as convert takes it (default: the dataset's own, else auto)",
    )  # fmt: skip
    add("-d", dest="dataset", metavar="ID", help="labelled dataset: its number or name (default: there is none yet)")
    add("--target", help=f"what is segmented: a name or a TOML file (default: the dataset's, else {_TARGET})")
    add(
        "-m", dest="model", metavar="MODEL",
        help="where the loop starts (default: the one that is trained on the dataset, else the shipped one)",
    )  # fmt: skip
    add("--localizer", metavar="MODEL", help="finds the cord; none: the whole image (default: the model's own)")
    _add(parser, "budget", "N", "cases a round", kind=int)
    add(
        "--shares", nargs="+", metavar="NAME=SHARE",
        help=f"of the budget, together 1 (default: {_in_words(_DEFAULTS.shares)})",
    )  # fmt: skip
    _add(parser, "most_per_site", "SHARE", "largest share of a round from one site", kind=float)
    _add(parser, "tested_in_pool", "", "images in the pool of patients who are tested on", choices=["refuse", "skip"])
    outside = "corrected lesion voxels outside the cord: refuse the mask, clip or keep them"
    _add(parser, "lesion_outside_cord", "", outside, choices=["refuse", "clip", "keep"])
    _add(parser, "start", "", "go on from the last model, or train a new one", choices=["warm", "scratch"])
    add("-tr", dest="trainer", metavar="NAME", help="trainer, without epochs (default: the one that suits --start)")
    add("--epochs", type=int, metavar="N", help="epochs a round (default: as many as the dataset's plan says)")


def _add(
    parser: argparse.ArgumentParser, key: str, metavar: str, words: str, *,
    kind: type = str, choices: list[str] | None = None,
) -> None:  # fmt: skip
    """Describe an option for a setting, whose default is that of the settings."""
    parser.add_argument(
        f"--{key.replace('_', '-')}", type=kind, choices=choices, metavar=metavar or None,
        help=f"{words} (default: {getattr(_DEFAULTS, key)})",
    )  # fmt: skip


def from_options(options: argparse.Namespace) -> ActiveInit:
    """Take the parsed arguments."""
    return ActiveInit(options.rounds, asked_settings(options), options.steal, options.json)


def asked_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Take the settings that were given, by their keys.

    Raises
    ------
    UsageError
        Where one has a value that it cannot have.
    """
    sources: list[Source] = []
    said = {**vars(options), "rounds": options.planned}
    given = {key: value for key, value in said.items() if hasattr(_DEFAULTS, key) and value is not None}
    if "dataset" in given:
        given["dataset"] = find_dataset(required_folder("nnUNet_raw", os.environ), given["dataset"]).name
    if "pool" in given:
        sources = name_sources(given["pool"])
        given["pool"] = [f"{source.name}={source.root}" for source in sources]
    if options.profile_of:
        given["profiles"] = _profiles(options.profile_of, [source.name for source in sources])
    if "model" in given and (Path(given["model"]) / PLANS).is_file():
        given["model"] = str(Path(given["model"]).resolve())
    if "shares" in given:
        given["shares"] = _shares(given["shares"])
    try:
        asked = {key: read_key(key, value) for key, value in given.items()}
    except BadValueError as error:
        raise UsageError(f"{error}; see: nnunet_ext active init --help") from error
    if "shares" in asked:
        asked["shares"] = Shares(**asked["shares"])
    return asked


def _profiles(given: list[str], names: list[str]) -> list[str]:
    """Name the profile of each folder of the pool; a file by its full path, so that it is found from anywhere."""
    if not names:
        raise UsageError("--profile goes with the folders of the pool; give them, too: --pool [NAME=]BIDS ...")
    chosen = asked_profiles(given, names)
    paths = {profile: Path(profile) for profile in chosen.values()}
    full = {profile: str(path.resolve()) if path.is_file() else profile for profile, path in paths.items()}
    for profile in full.values():
        load_profile(profile)  # which refuses what is none
    return [f"{name}={full[chosen[name]]}" for name in names if name in chosen]


def _shares(given: list[str]) -> dict[str, Any]:
    """Read NAME=SHARE; what is not named has none."""
    pairs = dict(text.partition("=")[::2] for text in given)
    try:
        return {**dict.fromkeys(vars(_DEFAULTS.shares), 0.0), **{name: float(share) for name, share in pairs.items()}}
    except ValueError as error:
        raise UsageError(f"--shares needs NAME=SHARE with numbers, found {' '.join(given)}") from error
