"""What a user can set of a trainer without code, since nnU-Net fixes the trainer's signature."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from nnunet_ext.core.errors import DataRefusedError, UsageError

PLANS_KEY: Final = "nnunet_ext"
"""Under this key of a configuration in nnU-Net's plans stand our settings; nnU-Net keeps keys that it does not know."""

SEED_VARIABLE: Final = "nnUNet_ext_seed"


@dataclass(frozen=True)
class TrainerSettings:
    """Settings of one training, from the plans' configuration and the environment.

    Parameters
    ----------
    iterations_per_epoch, validation_iterations_per_epoch
        nnU-Net's own numbers by default.
    save_every
        Epochs between checkpoints to resume from. nnU-Net's 50 lose an afternoon of work at a kill.
    progress_seconds
        Least time between two progress lines within an epoch.
    adamw_learning_rate
        Where set, AdamW with this rate at the start instead of nnU-Net's SGD. Within some hundred steps it finds
        small lesions that SGD has not begun to see; over nnU-Net's full schedule SGD is the proven choice.
    cpu_bf16
        Train in bfloat16 autocast on a CPU that computes it natively; ignored elsewhere.
    seed
        Seeds initialisation and augmentation: any whole number from 0. Not bitwise: workers hand over batches in the
        order they finish them.
    """

    iterations_per_epoch: int = 250
    validation_iterations_per_epoch: int = 50
    save_every: int = 10
    progress_seconds: float = 30.0
    adamw_learning_rate: float | None = None
    cpu_bf16: bool = False
    seed: int | None = None

    @classmethod
    def read(cls, configuration: Mapping[str, Any], environment: Mapping[str, str]) -> "TrainerSettings":
        """Take the settings of a plans configuration, the seed of the environment before that of the plans.

        Raises
        ------
        DataRefusedError
            Where the plans hold a setting that does not exist, or a value that means nothing: a typing error must not
            train something else.
        UsageError
            Where the seed in the environment is not a whole number.
        """
        given = configuration.get(PLANS_KEY, {})
        if not isinstance(given, Mapping):
            raise DataRefusedError(f"plans, key {PLANS_KEY!r}: settings by name were needed, found {given!r:.100}")
        given = dict(given)
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(given) - set(known)):
            listed = ", ".join(unknown)
            raise DataRefusedError(f"plans, key {PLANS_KEY!r}: unknown {listed}; known are {', '.join(known)}")
        seed = environment.get(SEED_VARIABLE, "").strip()
        if seed:
            if not (seed.isascii() and seed.isdigit()):
                raise UsageError(f"{SEED_VARIABLE} needs a whole number, found {seed!r}; try: export {SEED_VARIABLE}=1")
            given["seed"] = int(seed)
        for name, value in given.items():
            if needed := _needed(name, value):
                raise DataRefusedError(f"plans, key {PLANS_KEY!r}: {name} needs {needed}, found {value!r:.100}")
        return cls(**given)


def _needed(name: str, value: object) -> str:
    """Say what a setting should have been; empty where it is right."""
    if name in ("seed", "adamw_learning_rate") and value is None:
        return ""
    if name == "cpu_bf16":
        return "" if isinstance(value, bool) else "true or false"
    if name in ("progress_seconds", "adamw_learning_rate"):
        # NaN fails the comparison.
        right = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
        return "" if right else "a number from 0"
    least = 0 if name == "seed" else 1
    return "" if type(value) is int and value >= least else f"a whole number from {least}"
