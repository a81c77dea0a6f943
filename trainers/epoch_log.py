"""What a trainer tells while it runs: plain functions of numbers."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

_MOVING_AVERAGE_WEIGHT: Final = 0.1  # nnU-Net's own


def named_dice(names: Sequence[str], values: Sequence[float]) -> str:
    """Write pseudo-Dice values with their regions: ``sc 0.91  lesion 0.63``; a region without any voxel is ``n/a``."""
    pairs = zip(names, values, strict=True)
    return "  ".join(f"{name} {value:.4f}" if np.isfinite(value) else f"{name} n/a" for name, value in pairs)


def nan_safe_average(values: Sequence[float]) -> list[float]:
    """Average pseudo-Dice values over the epochs with nnU-Net's weight, passing over those that are NaN.

    In nnU-Net one epoch whose validation patches hold no foreground turns the moving average, and with it the choice
    of the best checkpoint, into NaN for good.

    Parameters
    ----------
    values
        Mean foreground pseudo-Dice of each epoch; NaN where no region had a voxel.

    Returns
    -------
    list of float
        One for each epoch, all finite: the average of what was seen so far, 0 before the first finite value.
    """
    averages: list[float] = []
    average: float | None = None
    for value in values:
        if np.isfinite(value):
            weight = _MOVING_AVERAGE_WEIGHT
            average = float(value) if average is None else (1 - weight) * average + weight * float(value)
        averages.append(average if average is not None else 0.0)
    return averages


def progress_line(epoch: tuple[int, int], step: tuple[int, int], seconds_per_step: float, loss: float) -> str:
    """Write one line of progress within an epoch.

    Parameters
    ----------
    epoch, step
        The current one counted from 1, and how many there are.
    seconds_per_step
        Measured over this epoch so far.
    loss
        Of the last step.
    """
    steps_left = step[1] - step[0] + (epoch[1] - epoch[0]) * step[1]
    left = duration(steps_left * seconds_per_step)
    return (
        f"epoch {epoch[0]}/{epoch[1]}  step {step[0]}/{step[1]}  loss {loss:.4f}  "
        f"{seconds_per_step:.2f} s a step  training steps left: {left}"
    )


def duration(seconds: float) -> str:
    """Write a duration for people: ``45 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def progress_table(names: Sequence[str], logged: Mapping[str, Sequence[float] | Sequence[Sequence[float]]]) -> str:
    """Write what nnU-Net logged as a TSV with a row for each finished epoch.

    Parameters
    ----------
    names
        The regions, in the order of the network's outputs.
    logged
        nnU-Net's local logger: lists with one entry an epoch.
    """
    header = ["epoch", "train_loss", "val_loss", "learning_rate", "seconds", *(f"dice_{name}" for name in names)]
    stamps = ("epoch_start_timestamps", "epoch_end_timestamps")
    columns = [logged[key] for key in ("train_losses", "val_losses", "lrs", *stamps, "dice_per_class_or_region")]
    rows = ["\t".join(header)]
    for epoch, (train, val, rate, start, end, dice) in enumerate(zip(*columns, strict=False)):
        numbers = [train, val, rate, end - start, *dice]
        rows.append("\t".join([str(epoch), *(f"{float(n):.6g}" if np.isfinite(n) else "n/a" for n in numbers)]))
    return "\n".join(rows) + "\n"
