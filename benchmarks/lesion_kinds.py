"""What kind of lesion: the tables of Zhuo et al. 2022 on synthetic patients, with predicted masks, for three draws.

Patients with the four entities are drawn as the paper's table describes them (`phantom --entities`): 240 to train on
and 80 others to be tested, and their lesions segmented by the shipped `cord-lesion`, which has seen none of them. For
each seed 40 patients of each entity, drawn of the 60, train (measures, network, both; out of fold); the same 80 are
tested, with predicted masks, with the drawn ones, and without the T1w after gadolinium; and once more with drawn masks
for training and test.

Run: taskset -c 1 python benchmarks/lesion_kinds.py --root DIR [--seeds 1 2 3]

Everything in DIR that is finished is kept. Ends with one table of the three nodes, and what was asked of calibration.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from nnunet_ext.cli.main import main as nnunet_ext
from nnunet_ext.core.atomic import write_text

PHANTOM_SEEDS = {"training": 7, "tested": 8}
FOLDERS = {"predicted": "judged", "manual when tested": "judged-manual", "manual throughout": "judged-throughout"}
TABLES = ("figures", "abstention", "calibration")
FIGURES = (
    *("accuracy", "sensitivity", "specificity", "auc", "p_against_majority"),
    *("ece untempered", "ece tempered", "coverage", "decided", "accuracy of decided"),
)


@dataclass(frozen=True)
class Bench:
    """One root, and of how many patients of each entity how many train, and how many are tested."""

    root: Path
    pool: int
    training: int
    tested: int

    def cohort(self, part: str) -> Path:
        """Give the patients to train on, or those that are tested."""
        return self.root / part

    def predicted(self, part: str) -> Path:
        """Give the folder of their lesion masks."""
        return self.root / f"{part}-predicted"

    def prepare(self) -> None:
        """Draw the patients and segment their lesions."""
        for part, count in (("training", self.pool), ("tested", self.tested)):
            if not (self.cohort(part) / "participants.tsv").is_file():
                seed = PHANTOM_SEEDS[part]
                verb("phantom", self.cohort(part), "--entities", "--patients", count, "--seed", seed)
            wanted = ("--suffix", "T2w", "--continue_prediction")
            verb("predict", "-i", self.cohort(part), "-o", self.predicted(part), *wanted)

    def run(self, seed: int) -> dict[str, float]:
        """Train, predict and judge for one seed; give the seconds of each."""
        home = self.root / f"seed{seed}"
        model, tested, seconds = home / "classifier", self.cohort("tested"), dict[str, float]()
        masks = ("--lesions", self.predicted("tested"))

        def timed(what: str, *words: object) -> None:
            begun = time.monotonic()
            verb("classify", *words)
            seconds[what] = time.monotonic() - begun

        drawn = self._draw(home / "trained", seed)
        timed("train", "train", drawn, "--lesions", self.predicted("training"), "-o", model, "--seed", seed)
        given = ("predict", tested)
        timed("predict", *given, *masks, "-m", model, "-o", home / "said", "--no-maps")
        hidden = ("--hide", "T1w-gad", "--no-maps")
        timed("without gadolinium", *given, *masks, "-m", model, "-o", home / "said-without", *hidden)
        manual = ("--lesions", tested / "derivatives" / "labels")
        timed("manual masks", *given, *manual, "-m", model, "-o", home / "said-manual", "--no-maps")
        others = ("--manual", home / "said-manual", "--without-gadolinium", home / "said-without")
        timed("judge", "evaluate", home / "said", "-o", home / "judged", *others)
        verb("classify", "evaluate", home / "said-manual", "-o", home / "judged-manual")
        own = ("--lesions", self.cohort("training") / "derivatives" / "labels")
        drawn_masks = home / "classifier-manual"
        timed("train on manual masks", "train", drawn, *own, "-o", drawn_masks, "--seed", seed)
        verb("classify", *given, *manual, "-m", drawn_masks, "-o", home / "said-throughout", "--no-maps")
        verb("classify", "evaluate", home / "said-throughout", "-o", home / "judged-throughout")
        return seconds

    def _draw(self, folder: Path, seed: int) -> Path:
        """Draw who trains, as many of each entity; make a BIDS folder of links to them, with their rows."""
        cohort = self.cohort("training")
        table = pd.read_csv(cohort / "participants.tsv", sep="\t", dtype=str, keep_default_na=False)
        rng = np.random.default_rng(seed)
        of_entity = table.groupby("diagnosis")["participant_id"]
        drawn = {str(one) for _, ids in of_entity for one in rng.permutation(sorted(ids))[: self.training]}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for subject in sorted(drawn):
            (folder / subject).symlink_to(cohort / subject)
        rows = table[table["participant_id"].isin(drawn)]
        write_text(folder / "participants.tsv", rows.to_csv(sep="\t", index=False))
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
    abstention = read["abstention"].replace({"figure": {"accuracy": "accuracy of decided"}})
    found = [figures[(figures["table"] == "all") & (figures["group"] == "all")], abstention]
    for which in ("untempered", "tempered"):
        rows = read["calibration"][read["calibration"]["probabilities"] == which]
        found.append(rows.assign(figure=f"ece {which}", value=rows["ece_debiased"]))
    columns = ["node", "evidence", "figure", "value", "low", "high", "n"]
    return pd.concat(found, ignore_index=True).reindex(columns=columns).assign(seed=seed, masks=masks)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of all that is made")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3], help="(1 2 3)")
    parser.add_argument("--pool", type=int, default=60, help="patients of each entity to draw from (60)")
    parser.add_argument("--training", type=int, default=40, help="patients of each entity (40)")
    parser.add_argument("--tested", type=int, default=20, help="patients of each entity (20)")
    return parser.parse_args()


def main() -> None:
    options = parsed()
    bench = Bench(options.root.resolve(), options.pool, options.training, options.tested)
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
