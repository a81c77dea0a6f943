"""Why a case failed, as a table may say it that is shared."""

import re
from typing import Final

from nnunet_ext.core.errors import FileRefusedError, NnunetExtError

_FOLDERS: Final = re.compile(r"(?<![^\s'\"])/(?:[^\s'\"]*/)?")


def failure_in_words(error: Exception) -> str:
    """Say what went wrong without the folders of this machine."""
    if isinstance(error, MemoryError):
        return "not enough memory for this image"
    if isinstance(error, FileRefusedError):
        text = f"{error.path.name}: {error.reason}"
    else:
        text = str(error) if isinstance(error, NnunetExtError) else f"{type(error).__name__}: {error}"
    return _FOLDERS.sub("", text).encode("utf-8", "backslashreplace").decode("utf-8")
