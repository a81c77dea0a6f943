"""The text of `active.toml`, in which each key stands below what it means to a person."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from nnunet_ext.active_learning.settings_keys import KEYS, SHARES_SAY

_HEAD: Final = """\
# Settings of a correction loop, for nnunet_ext active. Edit the values as you like: each verb reads them anew, and what
# was done already stays as it was. Which patients are tested on is no setting: init has frozen that.
"""

_WIDTH: Final = 118


def settings_text(content: Mapping[str, Any]) -> str:
    """Write settings, plain values with those of `shares` in a mapping of their own, as TOML with its comments."""
    parts = [_HEAD]
    for name, key in KEYS.items():
        said = [line for text in key.says.splitlines() for line in textwrap.wrap(text, _WIDTH, break_on_hyphens=False)]
        comment = "".join(f"# {line}\n" for line in said)
        value = content[name]
        text = _table(name, value) if isinstance(value, Mapping) else f"{name} = {_toml(value)}\n"
        parts.append(comment + text)
    return "\n".join(parts)


def _table(name: str, values: Mapping[str, Any]) -> str:
    """Write a table; no key may come after it."""

    def lines() -> Iterator[str]:
        yield f"[{name}]\n"
        for share, says in SHARES_SAY.items():
            yield f"# {says}\n{share} = {_toml(values[share])}\n"

    return "".join(lines())


def _toml(value: Any) -> str:  # noqa: ANN401 - whatever a setting holds
    if isinstance(value, list | tuple):
        return "[" + "".join(f"\n    {_toml(item)}," for item in value) + ("\n]" if value else "]")
    return json.dumps(value, ensure_ascii=False)
