"""What a training left: our `progress.tsv`, or nnU-Net's own log."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.core.tables import read_table
from nnunet_ext.report.sources.found import Curves, Found

PROGRESS: Final = "progress.tsv"
LOGS: Final = "training_log_*.txt"
_NUMBER: Final = r"([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan))"
_EPOCH: Final = re.compile(r": Epoch (\d+)\s*$")
_LOSS: Final = {name: re.compile(rf": {name} {_NUMBER}\s*$") for name in ("train_loss", "val_loss")}
_DICE: Final = re.compile(r": Pseudo dice \[(.*)\]\s*$")
_VALUE: Final = re.compile(rf"(?<![\w.]){_NUMBER}(?!\w)")


def read_training(folder: Path) -> Found:
    """Read every fold at or below a folder.

    Parameters
    ----------
    folder
        A fold, or the folder `TRAINER__PLANS__CONFIGURATION` that holds them. Where a fold has `progress.tsv` it is
        read, else all its logs, a later one replacing the epochs of an earlier one.
    """
    folds = {
        path.parent for pattern in (PROGRESS, LOGS) for path in [*folder.glob(pattern), *folder.glob(f"*/{pattern}")]
    }
    curves = []
    problems = []
    for fold in sorted(folds):
        name = fold.name if fold != folder else folder.name
        curve = (
            _of_table(name, fold / PROGRESS) if (fold / PROGRESS).is_file() else _of_logs(name, sorted(fold.glob(LOGS)))
        )
        if curve is None:
            problems.append(f"{name}: no epoch is finished, so there is no training curve")
        else:
            curves.append(curve)
    return Found("training", curves=tuple(curves), problems=tuple(problems))


def _of_table(name: str, path: Path) -> Curves | None:
    rows = read_table(path, ["train_loss", "val_loss"])
    if not rows:
        return None

    def column(title: str) -> tuple[float, ...]:
        cells = [row.number(title) for row in rows]
        return tuple(float("nan") if cell is None else cell for cell in cells)

    dice = {title.removeprefix("dice_"): column(title) for title in rows[0] if title.startswith("dice_")}
    return Curves(name, column("train_loss"), column("val_loss"), dice)


def _of_logs(name: str, logs: Sequence[Path]) -> Curves | None:
    epochs: dict[int, dict[str, tuple[float, ...]]] = {}
    for log in logs:
        epoch = 0
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if found := _EPOCH.search(line):
                epoch = int(found[1])
                epochs[epoch] = {}
            for title, pattern in _LOSS.items():
                if found := pattern.search(line):
                    epochs.setdefault(epoch, {})[title] = (float(found[1]),)
            if found := _DICE.search(line):
                text = re.sub(r"np\.float\d+\(", "", found[1]).replace(")", "")
                epochs.setdefault(epoch, {})["dice"] = tuple(float(one) for one in _VALUE.findall(text))
    whole = [epochs[key] for key in sorted(epochs) if len(epochs[key]) == len(_LOSS) + 1]
    if not whole:
        return None
    count = min(len(epoch["dice"]) for epoch in whole)
    return Curves(
        name,
        tuple(epoch["train_loss"][0] for epoch in whole),
        tuple(epoch["val_loss"][0] for epoch in whole),
        {f"region {number + 1}": tuple(epoch["dice"][number] for epoch in whole) for number in range(count)},
    )
