"""The correction loop on real images without a label to begin with: two public datasets, the shipped model, a person.

The person is a script that looks at every slice of what it was given: where people drew the cord and the prediction is
worse than they would let stand, it takes their slice; elsewhere it accepts, and images of voxels of centimetres, which
are in one of the datasets, it rejects. All else are the verbs, each in a process of its own, as anybody would type
them. Every round's tables and page stay in the root.

Run: python benchmarks/real_round_trip.py --root DIR [--rounds 2] [--budget 3] [--epochs 2] [--models DIR]
(the same command goes on where it was; the figures are those of a few minutes on a CPU, no measure of the loop's worth)
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from judge.bench import run
from judge.volumes import REAL, BoolArray

from nnunet_ext.active_learning.exchange.marks import MARKS, MARKS_COLUMNS
from nnunet_ext.active_learning.exchange.sent_masks import SentMask, read_sent
from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.round_state import Stage, read_state
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.tables import NOTHING, table_text
from nnunet_ext.models.default_models import PLACE

POOL = ("gm_challenge", "bids_unf")
USELESS_MM = 4.0
GOOD_ENOUGH = 0.96  # Dice of a slice that a person would let stand
FOLDERS = ("raw", "preprocessed", "results")
ON_A_CPU = {"nnUNet_n_proc_DA": "1", "nnUNet_compile": "f", "nnUNet_def_n_proc": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--root", type=Path, required=True, help="folder of all that is made")
    add("--real", type=Path, default=REAL, help="folder of the real data (beside the checkout)")
    add("--models", type=Path, help="folder of default models (those of the package)")
    add("--rounds", type=int, default=2)
    add("--budget", type=int, default=5)
    add("--epochs", type=int, default=2, help="a round")
    options = parser.parse_args()
    root = options.root.resolve()
    os.environ |= ON_A_CPU | {
        f"nnUNet_{name}": str(root / "nnunet" / name) for name in ("raw", "preprocessed", "results")
    }
    if options.models is not None:
        os.environ[PLACE] = str(options.models.resolve())
    rounds = Rounds(root / "rounds")
    pool = [f"{name}={options.real / name}" for name in POOL]
    asked = ["--pool", *pool, "--target", "cord", "--budget", options.budget, "--epochs", options.epochs]
    rows = [timed("init", rounds, *asked)]
    while (state := read_state(rounds)).number < options.rounds or state.stage is not Stage.TRAINED:
        rows.append(timed("query", rounds, "-device", "cpu"))
        one = rounds.round(read_state(rounds).number)
        slices = correct(one, options.real)
        rows.append(timed("ingest", rounds) | {"slices_drawn": slices})
        rows.append(timed("train", rounds, "-device", "cpu", "-np", 1))
        rows.append(timed("report", rounds))
    print(pd.DataFrame(rows).to_string(index=False))
    ingested = [rounds.round(number).ingest for number in range(1, state.number + 1)]
    for table in (*ingested, rounds.matrix, rounds.forgetting):
        if table.is_file():
            print(f"\n{table.relative_to(root)}")
            print(pd.read_csv(table, sep="\t").iloc[:, :14].to_string(index=False, max_colwidth=28))


def timed(action: str, rounds: Rounds, *arguments: object) -> dict[str, object]:
    """Run one of the loop's verbs, and print what it says."""
    begun = time.monotonic()
    print(run("active", action, rounds.root, *arguments), flush=True)
    return {"verb": action, "round": read_state(rounds).number, "seconds": round(time.monotonic() - begun, 1)}


def correct(one: Round, real: Path) -> int:
    """Edit or accept every case of a round, and give the number of slices that were drawn anew."""
    marks, drawn = [], 0
    for sent in read_sent(one.to_correct):
        truth, mask = truth_of(sent, real), one.to_correct / sent.copy
        told = {**dict.fromkeys(MARKS_COLUMNS, NOTHING), "case": sent.case}
        if min(read_mask(mask).spacing) > USELESS_MM:
            marks.append({**told, "action": str(Action.REJECT), "comment": "voxels of centimetres"})
            continue
        changed = 0 if truth is None else redraw(mask, truth)
        drawn += changed
        marks.append({**told, "action": str(Action.EDIT if changed else Action.ACCEPT)})
    write_text(one.to_correct / MARKS, table_text(marks, list(MARKS_COLUMNS)))
    return drawn


def truth_of(sent: SentMask, real: Path) -> Path | None:
    """Find the mask that people drew in an image of the pool, if there is one."""
    stem = strip_ending(Path(sent.image).name)
    return next((real / sent.dataset / "derivatives" / "labels").rglob(f"{stem}_seg-manual.nii.gz"), None)


def redraw(file: Path, truth: Path) -> int:
    """Take people's slices where the mask's are not good enough, and give their number."""
    given = read_mask(file)
    mask = given.data > 0
    wanted = on_grid(read_mask(truth), given, truth, "given mask")[0].data > 0
    axis = upright_axis(given.axes)
    slices = np.moveaxis(mask, axis, 0), np.moveaxis(wanted, axis, 0)
    worse = [index for index, (found, drawn) in enumerate(zip(*slices, strict=True)) if not stands(found, drawn)]
    slices[0][worse] = slices[1][worse]
    if worse:
        write_mask(file, mask, given.affine)
    return len(worse)


def stands(found: BoolArray, drawn: BoolArray) -> bool:
    """Tell whether a person would let a slice stand; what nobody drew in is none that people looked at."""
    if not drawn.any():
        return True
    both, either = np.count_nonzero(found & drawn), np.count_nonzero(found) + np.count_nonzero(drawn)
    return bool(2 * both >= GOOD_ENOUGH * either)


if __name__ == "__main__":
    main()
