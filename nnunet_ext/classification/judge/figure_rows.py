"""Results as rows of a table."""

from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.core.as_row import as_row

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def figure_rows(result: "DataclassInstance", **keys: str) -> list[dict[str, str]]:
    """Write each figure of a result that has an interval: `figure`, `value`, `low`, `high`, `count`, `method`.

    Parameters
    ----------
    result
        A frozen dataclass such as `TwoClass`; of its fields those that are an `Estimate` become a row.
    keys
        Columns that stand before these, the same in each row, such as the model and the set.
    """
    figures = {field.name: getattr(result, field.name) for field in fields(result)}
    return [
        as_row({**keys, "figure": name, **asdict(figure)})
        for name, figure in figures.items()
        if isinstance(figure, Estimate)
    ]
