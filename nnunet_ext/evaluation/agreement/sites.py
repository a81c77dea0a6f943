"""What each method measured at each site."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from nnunet_ext.core.tables import NOTHING
from nnunet_ext.evaluation.agreement.align import Sample
from nnunet_ext.evaluation.agreement.as_row import as_row
from nnunet_ext.evaluation.agreement.measurements import WHOLE

EVERY_SITE: Final = "(all)"
"""Stands for all sites together."""


def site_rows(samples: Sequence[Sample]) -> list[dict[str, str]]:
    """Describe each method at each site: the rows of `sites.tsv`.

    Parameters
    ----------
    samples
        Of all methods, one for each region and column.

    Returns
    -------
    list of dict
        All sites first; where there is one only, it is all. Nothing is tested here: tests site by site would be too
        many, on too few.
    """
    rows = []
    for sample in samples:
        sites = sorted(set(sample.sites))
        for site in (EVERY_SITE, *(sites if len(sites) > 1 else [])):
            members = np.array([site in (EVERY_SITE, its_site) for its_site in sample.sites], dtype=bool)
            for method, values in zip(sample.methods, sample.values[:, members], strict=True):
                low, median, high = np.quantile(values, [0.25, 0.5, 0.75]) if values.size else (np.nan,) * 3
                some = values.size > 0
                figures = {
                    "site": site,
                    "region": NOTHING if sample.region == WHOLE else sample.region,
                    "metric": sample.column,
                    "method": method,
                    "n": int(values.size),
                    "mean": float(values.mean()) if some else None,
                    "sd": float(values.std(ddof=1)) if values.size > 1 else None,
                    "median": float(median) if some else None,
                    "quartile_low": float(low) if some else None,
                    "quartile_high": float(high) if some else None,
                }
                rows.append(as_row(figures))
    return rows
