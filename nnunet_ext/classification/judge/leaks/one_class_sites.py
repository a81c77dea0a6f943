"""Sites that give the diagnosis away."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.classification.judge.arrays import checked_classes
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import is_missing


@dataclass(frozen=True)
class OneClassSite:
    """A site all of whose patients have one diagnosis: a classifier that knows its scanner knows the answer.

    Parameters
    ----------
    site, diagnosis
        The names.
    patients
        How many.
    chance
        Of as many patients having all one diagnosis, were sites nothing: near 1 of a single patient.
    """

    site: str
    diagnosis: str
    patients: int
    chance: float


def one_class_sites(truth: npt.ArrayLike, sites: Sequence[str], diagnoses: Sequence[str]) -> tuple[OneClassSite, ...]:
    """Find the sites that hold one diagnosis only, the largest first.

    The chance is hypergeometric: of m patients at the site, and n_c of n in all with diagnosis c, the sum over c of
    ``C(n_c, m) / C(n, m)``.

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    sites
        Of each patient; patients whose site is not known do not count as a site.
    diagnoses
        Names of the classes.

    Returns
    -------
    tuple
        Empty where nothing leaks, and where all patients have one diagnosis.

    Raises
    ------
    DataRefusedError
        See `checked_classes`; or where there are more or fewer sites than patients.
    """
    true = checked_classes(truth, len(diagnoses))
    if len(sites) != true.size:
        raise DataRefusedError(f"a site of each of {true.size} patients was needed, found {len(sites)}")
    names, counts = np.asarray(sites, dtype=np.str_), np.bincount(true, minlength=len(diagnoses))
    if np.count_nonzero(counts) < 2:
        return ()
    found = []
    for site in sorted({name for name in sites if not is_missing(name)}):
        here = true[names == site]
        if (here == here[0]).all():
            chance = sum(float(stats.hypergeom.pmf(here.size, true.size, count, here.size)) for count in counts)
            found.append(OneClassSite(site, diagnoses[here[0]], here.size, chance))
    return tuple(sorted(found, key=lambda each: -each.patients))
