"""Values as the cells of a table."""

from nnunet_ext.core.tables import NOTHING, cell


def text_of(value: object) -> str:
    """Write a value: every digit of a float, lower-case truth values, `n/a` for what is missing."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    return repr(float(value)) if isinstance(value, float) else cell(str(value))
