"""Which columns of the tables are compared."""

from collections.abc import Sequence
from typing import Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.evaluation.agreement.measurements import SIZE_OF_ERROR, Kind, Measurements

DEFAULT_COLUMNS: Final = {
    Kind.METRICS: (
        *("dsc", "nsd", "assd", "hd95", SIZE_OF_ERROR),
        *("lesion_ppv", "lesion_sensitivity", "lesion_f1", "lcwa"),
    ),
    Kind.BIOMARKERS: (
        *("n_lesions", "total_volume_mm3", "total_length_mm", "max_width_mm", "max_axial_damage_ratio"),
        *("dorsal_bridge_mm", "ventral_bridge_mm", "total_bridge_mm"),
    ),
}
"""What is compared where nothing is asked for: more tests would only make each one weaker."""

EVERYTHING: Final = "all"
"""Asks for every column of numbers."""


def choose_columns(tables: Sequence[Measurements], wanted: Sequence[str]) -> list[tuple[str, str]]:
    """Choose regions and columns.

    Parameters
    ----------
    tables
        Of one kind, one a method.
    wanted
        Columns to compare; none takes the usual ones of `DEFAULT_COLUMNS` that all tables have (or, where there are
        none of them, every column), `all` every column.

    Returns
    -------
    list of tuple
        Region and column, in the order of the first table; without those in which no method has any value.

    Raises
    ------
    DataRefusedError
        Where a table lacks a wanted column, or one holds text that should hold numbers.
    """
    usual = DEFAULT_COLUMNS[tables[0].kind]
    for table in tables:
        for column in wanted or usual:
            if column in table.left_out:
                raise DataRefusedError(
                    f"{table.method}: numbers were needed in the column {column}, found {table.left_out[column]!r}"
                )
            if wanted and column not in table.columns and column != EVERYTHING:
                raise DataRefusedError(
                    f"{table.method}: the column {column} was needed, found {', '.join(table.columns) or 'no number'}"
                )
    common = [column for column in tables[0].columns if all(column in table.columns for table in tables)]
    chosen = list(wanted or [column for column in usual if column in common] or [EVERYTHING])
    if EVERYTHING in chosen:
        chosen = common
    regions = dict.fromkeys(region for table in tables for _, region in table.values)
    return [
        (region, column)
        for region in regions
        for column in chosen
        if any(row[column] is not None for table in tables for (_, its), row in table.values.items() if its == region)
    ]
