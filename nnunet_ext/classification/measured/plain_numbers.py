"""Numbers of a model that come out of a JSON file, taken strictly."""

from typing import Any

from nnunet_ext.core.json_numbers import finite


def number_list(value: Any, count: int, where: str) -> tuple[float, ...]:  # noqa: ANN401 - whatever the file holds
    """Take a list of so many finite numbers.

    Raises
    ------
    TypeError, ValueError
        Where it is anything else, with the key.
    """
    if not isinstance(value, list | tuple):
        raise TypeError(f"{where}: a list of numbers was needed, found {value!r:.100}")
    if len(value) != count:
        raise ValueError(f"{where}: {count} numbers were needed, found {len(value)}")
    return tuple(finite(each) for each in value)
