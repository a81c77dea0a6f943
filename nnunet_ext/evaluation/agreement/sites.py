"""What each method measured at each site."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.tables import NOTHING
from nnunet_ext.evaluation.agreement.align import Sample
from nnunet_ext.evaluation.agreement.measurements import WHOLE
from nnunet_ext.evaluation.agreement.values import standard_deviation

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
        All sites first; where there is one only, it is all. A site at which nothing can be said of a column, as of the
        sensitivity where no case has a lesion, has its row of `n/a`. Nothing is tested here: tests site by site would
        be too many, on too few.
    """
    rows = []
    for sample in samples:
        sites = sorted({*sample.sites, *sample.left_out_sites})
        for site in (EVERY_SITE, *(sites if len(sites) > 1 else [])):
            members = np.array([site in (EVERY_SITE, its_site) for its_site in sample.sites], dtype=bool)
            left_out = sum(site in (EVERY_SITE, its_site) for its_site in sample.left_out_sites)
            for method, values in zip(sample.methods, sample.values[:, members], strict=True):
                quartiles = np.quantile(values, [0.25, 0.5, 0.75]) if values.size else [None] * 3
                figures = {
                    "site": site,
                    "region": NOTHING if sample.region == WHOLE else sample.region,
                    "metric": sample.column,
                    "method": method,
                    "n": int(values.size),
                    "n_left_out": left_out,
                    "mean": values.mean() if values.size else None,
                    "sd": standard_deviation(values),
                    "median": quartiles[1],
                    "quartile_low": quartiles[0],
                    "quartile_high": quartiles[2],
                }
                rows.append(as_row(figures))
    return rows
