"""What stands in for numpy while a checkpoint is read: plain numbers, and nothing else that numpy could be told to do.

nnU-Net logs numpy scalars, which `torch.load(weights_only=True)` refuses. numpy's own constructors would accept data
types of objects, of fields and with made-up flags, and take the bytes for pointers; these accept what a number is
pickled as, to the letter, and give a Python number.
"""

from pickle import UnpicklingError
from typing import Any, Final

import numpy as np

_NUMBERS: Final = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})
_STATE_AFTER_ORDER: Final = (
    None,
    None,
    None,
    -1,
    -1,
    0,
)  # no subtype, no names, no fields, sizes of the type, no flags
_STATE_VERSION: Final = 3


class _NumberType:
    """A numeric `numpy.dtype`, as `dtype.__reduce__` writes it."""

    _name: str
    _order: str

    def __new__(cls, *arguments: object) -> "_NumberType":  # not __init__, which a pickle can pass over
        name, *flags = arguments or (None,)
        if not isinstance(name, str) or name not in _NUMBERS or flags != [False, True]:
            raise UnpicklingError(f"a numeric data type was needed, found {arguments!r:.60}")
        made = super().__new__(cls)
        made._name, made._order = name, "<"
        return made

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or state[:1] != (_STATE_VERSION,) or state[2:] != _STATE_AFTER_ORDER:
            raise UnpicklingError(f"the state of a plain numeric data type was needed, found {state!r}")
        if state[1] not in ("<", ">", "|"):
            raise UnpicklingError(f"a byte order was needed, found {state[1]!r}")
        self._order = state[1]

    def number(self, raw: object) -> Any:  # noqa: ANN401 - any of Python's numbers
        """Read one number of this type."""
        kind = np.dtype(self._order + self._name)
        if not isinstance(raw, bytes) or len(raw) != kind.itemsize:
            raise UnpicklingError(f"{kind.itemsize} bytes of one number were needed, found {raw!r:.60}")
        return np.frombuffer(raw, kind)[0].item()


def _scalar(kind: object, raw: object) -> Any:  # noqa: ANN401 - any of Python's numbers
    if not isinstance(kind, _NumberType):
        raise UnpicklingError(f"a numeric data type was needed, found {kind!r:.60}")
    return kind.number(raw)


def number_stand_ins() -> list[Any]:
    """Give what `torch.serialization.safe_globals` takes: each stand-in with the name that it answers to."""
    return [
        (_NumberType, "numpy.dtype"),
        (_scalar, "numpy._core.multiarray.scalar"),
        (_scalar, "numpy.core.multiarray.scalar"),  # its place before numpy 2
    ]
