"""nnU-Net's `postprocessing.pkl`, read without running anything that stands in it."""

import io
import pickle
import pickletools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.read_checkpoint import number_stand_ins
from nnunet_ext.models.entry_names import CROSS_VALIDATION, POSTPROCESSING

LargestOf = tuple[tuple[int, ...], ...]
"""For each step the label values of which, taken together, only the largest component stays."""

_FUNCTION: Final = (
    "nnunetv2.postprocessing.remove_connected_components",
    "remove_all_but_largest_component_from_segmentation",
)
_BYTES: Final = 1 << 20
_MEMO: Final = 1 << 16
_MOST: Final = 1000


def find_postprocessing(model: Path, folds: Sequence[str]) -> Path | None:
    """Find what nnU-Net found to help a model.

    Parameters
    ----------
    folds
        With which it predicts.

    Returns
    -------
    Path or None
        Beside the plans or, as `nnUNetv2_find_best_configuration` leaves it, in the results of the cross-validation of
        these folds; where there are those of others only, in theirs, if there is but one.
    """
    own = [model / POSTPROCESSING, model / f"{CROSS_VALIDATION}{'_'.join(sorted(folds))}" / POSTPROCESSING]
    others = sorted(model.glob(f"{CROSS_VALIDATION}*/{POSTPROCESSING}"))
    found = [file for file in own if file.is_file()] or (others if len(others) == 1 else [])
    return found[0] if found else None


def read_postprocessing(file: Path) -> LargestOf:
    """Read the steps of a `postprocessing.pkl`.

    nnU-Net itself unpickles it, which runs whatever it names. Here its names are looked up in a list of those that
    nnU-Net writes, its one function and numpy's numbers, and what they stand for is a plain value.

    Raises
    ------
    UnsafeModelError
        Where it names anything else, is damaged, or says something that nnU-Net does not.
    """
    try:
        if file.stat().st_size > _BYTES:
            raise UnsafeModelError(f"more than {_BYTES} bytes")
        raw = file.read_bytes()
        for opcode, argument, _ in pickletools.genops(raw):
            if "PUT" in opcode.name and isinstance(argument, int) and argument > _MEMO:
                raise UnsafeModelError("asks for a memory of gigabytes")
        return _steps(_Unpickler(io.BytesIO(raw)).load())
    except OSError:
        raise
    except Exception as error:  # whatever a pickle that is none of nnU-Net's makes of it
        raise UnsafeModelError(
            f"{file.parent.name}/{file.name}: nnU-Net's post-processing was needed, and nothing else is read of a "
            f"pickle, as that could run code: {ascii(str(error))[1:-1]:.200}; take the file away, or predict with "
            f"--no-model-postprocessing (nnunet_ext predict --help)"
        ) from error


def postprocessing_bytes(steps: LargestOf) -> bytes:
    """Write steps as nnU-Net does, for `nnUNetv2_apply_postprocessing`."""
    from nnunetv2.postprocessing.remove_connected_components import (  # noqa: PLC0415 - seconds of import
        remove_all_but_largest_component_from_segmentation,
    )

    arguments = [{"labels_or_regions": list(values)} for values in steps]
    return pickle.dumps(([remove_all_but_largest_component_from_segmentation] * len(steps), arguments), protocol=4)


class _Unpickler(pickle.Unpickler):
    """An unpickler that knows nnU-Net's one function, as a text, and numpy's plain numbers."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as the base class has it
        if (module, name) == _FUNCTION:
            return name
        known = {path: stand_in for stand_in, path in number_stand_ins()}
        if f"{module}.{name}" not in known:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return known[f"{module}.{name}"]


def _steps(content: object) -> LargestOf:
    if not isinstance(content, (list, tuple)) or len(content) != 2:
        raise UnsafeModelError("functions and their arguments were needed")
    functions, arguments = content
    if not all(isinstance(part, list) and len(part) <= _MOST for part in content) or len(functions) != len(arguments):
        raise UnsafeModelError("as many functions as arguments were needed")
    if any(function != _FUNCTION[1] for function in functions):
        raise UnsafeModelError(f"{_FUNCTION[1]} was needed")
    return tuple(_values(one) for one in arguments)


def _values(arguments: object) -> tuple[int, ...]:
    if not isinstance(arguments, dict) or not {"labels_or_regions"} <= set(arguments) <= {
        "labels_or_regions",
        "background_label",
    }:
        raise UnsafeModelError("labels_or_regions was needed")
    if arguments.get("background_label", 0) != 0:
        raise UnsafeModelError("a background of 0 was needed")
    regions = arguments["labels_or_regions"]
    values = []
    for region in regions if isinstance(regions, list) else [regions]:
        values += list(region) if isinstance(region, (list, tuple)) else [region]
    if len(values) > _MOST or not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        raise UnsafeModelError("whole numbers of labels were needed")
    return tuple(sorted(set(values)))
