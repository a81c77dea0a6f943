"""Values as the cells of a table."""

from collections.abc import Mapping

from nnunet_ext.core.tables import NOTHING, cell


def as_row(values: Mapping[str, object]) -> dict[str, str]:
    """Write each value in full: every digit of a float, lower-case truth values, `n/a` for what is missing."""
    return {column: _text(value) for column, value in values.items()}


def _text(value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    # numpy's numbers name their type in `repr`
    return repr(float(value)) if isinstance(value, float) else cell(str(value))
