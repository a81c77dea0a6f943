"""Reading an array in NumPy's own format without anything that numpy might do for objects."""

import io
import math
import tokenize
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from nnunet_ext.core.zip_entries import OddZipError

_KINDS: Final = "biufU"
_LONGEST_HEADER: Final = 4096
_DAMAGED: Final = (
    ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError, OverflowError, tokenize.TokenError,
)  # fmt: skip


def plain_array(content: bytes) -> npt.NDArray[Any]:
    """Read the bytes of a `.npy` whose items are numbers, texts, or rows of numbers.

    Raises
    ------
    OddZipError
        Where it holds objects, which are pickles, or is not as long as its header says.
    """
    stream = io.BytesIO(content)
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(stream, max_header_size=_LONGEST_HEADER)
    except _DAMAGED as error:
        raise OddZipError(f"an array of NumPy's was needed, found {str(error)[:200]}") from error
    kinds = {dtype.kind} if dtype.names is None else {dtype[name].kind for name in dtype.names}
    if dtype.hasobject or not kinds <= set(_KINDS):
        raise OddZipError(f"holds {str(dtype)[:100]}, and plain numbers or texts were needed: objects are pickled code")
    if any(length < 0 for length in shape) or math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise OddZipError(f"its header says {shape} of {str(dtype)[:100]}, which is not what follows it")
    if dtype.itemsize == 0:
        raise OddZipError("holds items of no size")
    return np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape, order="F" if fortran else "C")
