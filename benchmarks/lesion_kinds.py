"""What kind of lesion: the tables of Zhuo et al. 2022 on synthetic patients, with predicted masks, for three draws.

240 patients with the four entities are drawn as the paper's table describes them (`phantom --entities`), and their
lesions segmented by the shipped `cord-lesion`, which has seen none of them. For each seed 40 patients of each entity
train (measures, network, both; out of fold) and the other 20 are tested, with predicted masks, with the drawn ones, and
without the T1w after gadolinium. Seeds change who trains and every draw of the training.

Run: taskset -c 1 python benchmarks/lesion_kinds.py --root DIR [--seeds 1 2 3]

Everything in DIR that is finished is kept. Ends with one table of the three nodes, and what was asked of calibration.
"""

import argparse
import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from nnunet_ext.cli.main import main as nnunet_ext
from nnunet_ext.core.atomic import write_text

COHORT_SEED = 7
FOLDERS = {"predicted": "judged", "manual": "judged-manual"}
TABLES = ("figures", "abstention", "calibration")
FIGURES = (
    *("accuracy", "sensitivity", "specificity", "auc", "p_against_majority"),
    *("ece untempered", "ece tempered", "coverage", "decided"),
)


@dataclass(frozen=True)
class Bench:
    """One root, and how many patients of each entity train and are tested."""

    root: Path
    training: int
    tested: int

    @property
    def cohort(self) -> Path:
        return self.root / "cohort"

    @property
    def predicted(self) -> Path:
        return self.root / "predicted"

    def prepare(self) -> None:
        """Draw the patients and segment their lesions."""
        if not (self.cohort / "participants.tsv").is_file():
            verb("phantom", self.cohort, "--entities", "--patients", self.training + self.tested, "--seed", COHORT_SEED)
        verb("predict", "-i", self.cohort, "-o", self.predicted, "--suffix", "T2w")

    def run(self, seed: int) -> dict[str, float]:
        """Train, predict and judge for one seed; give the seconds of each."""
        home = self.root / f"seed{seed}"
        groups = dict(zip(("training", "tested"), self._split(seed), strict=True))
        folders = {name: self._linked(home / name, subjects) for name, subjects in groups.items()}
        masks, model, seconds = ("--lesions", self.predicted), home / "classifier", {}

        def timed(what: str, *words: object) -> None:
            begun = time.monotonic()
            verb("classify", *words)
            seconds[what] = time.monotonic() - begun

        timed("train", "train", folders["training"], *masks, "-o", model, "--seed", seed)
        given = ("predict", folders["tested"])
        timed("predict", *given, *masks, "-m", model, "-o", home / "said", "--no-maps")
        hidden = ("--hide", "T1w-gad", "--no-maps")
        timed("without gadolinium", *given, *masks, "-m", model, "-o", home / "said-without", *hidden)
        manual = ("--lesions", self.cohort / "derivatives" / "labels")
        timed("manual masks", *given, *manual, "-m", model, "-o", home / "said-manual", "--no-maps")
        others = ("--manual", home / "said-manual", "--without-gadolinium", home / "said-without")
        timed("judge", "evaluate", home / "said", "-o", home / "judged", *others)
        verb("classify", "evaluate", home / "said-manual", "-o", home / "judged-manual")
        return seconds

    def _split(self, seed: int) -> tuple[list[str], list[str]]:
        """Draw who trains: as many of each entity, whichever site."""
        table = pd.read_csv(self.cohort / "participants.tsv", sep="\t")
        of_entity: dict[str, list[str]] = defaultdict(list)
        for subject, diagnosis in zip(table["participant_id"], table["diagnosis"], strict=True):
            of_entity[diagnosis].append(subject)
        rng = np.random.default_rng(seed)
        training, tested = [], []
        for subjects in of_entity.values():
            drawn = [str(subject) for subject in rng.permutation(sorted(subjects))]
            training += drawn[: self.training]
            tested += drawn[self.training : self.training + self.tested]
        return training, tested

    def _linked(self, folder: Path, subjects: Iterable[str]) -> Path:
        """Make a BIDS folder of links to some subjects, with their rows."""
        wanted = set(subjects)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for subject in sorted(wanted):
            (folder / subject).symlink_to(self.cohort / subject)
        table = pd.read_csv(self.cohort / "participants.tsv", sep="\t", dtype=str, keep_default_na=False)
        write_text(
            folder / "participants.tsv", table[table["participant_id"].isin(wanted)].to_csv(sep="\t", index=False)
        )
        return folder


def verb(*words: object) -> None:
    """Run a verb, and end where it fails."""
    code = nnunet_ext([str(word) for word in words])
    if code:
        sys.exit(code)


def show(root: Path, seeds: Iterable[int]) -> None:
    """Print the table of nodes and evidences, predicted beside manual masks; then calibration and coverage."""
    gathered = pd.concat([_of(root, seed, masks) for seed in seeds for masks in FOLDERS], ignore_index=True)
    write_text(root / "lesion_kinds.tsv", gathered.to_csv(sep="\t", index=False, na_rep="n/a"))
    shown = gathered[gathered["figure"].isin(FIGURES)]
    means = shown.groupby(["masks", "node", "evidence", "figure"], sort=False)["value"]
    table = means.agg(lambda values: f"{values.mean():.3f} ({values.min():.2f}, {values.max():.2f})").unstack("figure")
    print(f"\nmean over seeds (least, most)\n{table[list(FIGURES)].to_string()}")


def _of(root: Path, seed: int, masks: str) -> pd.DataFrame:
    """Gather one seed's figures of all tested patients, with the errors of calibration and what sets were worth."""
    folder = root / f"seed{seed}" / FOLDERS[masks]
    read = {name: pd.read_csv(folder / f"{name}.tsv", sep="\t", na_values="n/a") for name in TABLES}
    figures = read["figures"]
    found = [figures[(figures["table"] == "all") & (figures["group"] == "all")], read["abstention"]]
    for which in ("untempered", "tempered"):
        rows = read["calibration"][read["calibration"]["probabilities"] == which]
        found.append(rows.assign(figure=f"ece {which}", value=rows["ece"]))
    columns = ["node", "evidence", "figure", "value", "low", "high", "n"]
    return pd.concat(found, ignore_index=True).reindex(columns=columns).assign(seed=seed, masks=masks)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of all that is made")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3], help="(1 2 3)")
    parser.add_argument("--training", type=int, default=40, help="patients of each entity (40)")
    parser.add_argument("--tested", type=int, default=20, help="patients of each entity (20)")
    return parser.parse_args()


def main() -> None:
    options = parsed()
    bench = Bench(options.root.resolve(), options.training, options.tested)
    begun = time.monotonic()
    print(f"torch {version('torch')}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    bench.prepare()
    print(f"patients drawn and segmented in {(time.monotonic() - begun) / 60:.1f} minutes", flush=True)
    for seed in options.seeds:
        seconds = bench.run(seed)
        print(f"seed {seed}: " + ", ".join(f"{what} {spent:.0f} s" for what, spent in seconds.items()), flush=True)
    show(bench.root, options.seeds)
    print(f"{(time.monotonic() - begun) / 60:.1f} minutes in all")


if __name__ == "__main__":
    main()
