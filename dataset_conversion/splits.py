"""Who is trained on and who is tested on: by patient, balanced over sites."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

import numpy as np

Patient = TypeVar("Patient", bound=tuple[str, ...])


def draw_test_patients(
    sites: Mapping[Patient, str],
    fraction: float,
    seed: int,
    before: Mapping[Patient, str] = MappingProxyType({}),
    tested: Collection[Patient] = (),
) -> set[Patient]:
    """Draw the patients to test on, site by site.

    The draw is that of scikit-learn's `train_test_split(sorted names, test_size=fraction, random_state=seed)`, with
    which SCIseg's published lists were made: names and seed alone bring them back.

    Parameters
    ----------
    sites
        The site of each patient. A patient is a tuple that sorts, such as (dataset, subject).
    fraction
        Of each site's patients, rounded up; 0 draws none. A site with one patient is tested on, not trained on.
    seed
        Of numpy's legacy generator.
    before
        The site of each patient that a growing dataset has: the fraction is of all of a site's patients.
    tested
        Those of them that are tested on: so many fewer are drawn.

    Returns
    -------
    set
        The drawn patients.
    """
    by_site: dict[str, list[Patient]] = defaultdict(list)
    for patient, site in sites.items():
        by_site[site].append(patient)
    members, enough = Counter(before.values()), Counter(before[patient] for patient in tested)
    drawn: set[Patient] = set()
    for site, patients in by_site.items():
        patients.sort()
        count = max(math.ceil(fraction * (members[site] + len(patients))) - enough[site], 0)
        order = np.random.RandomState(seed).permutation(len(patients))  # what scikit-learn draws with
        drawn.update(patients[index] for index in order[:count])
    return drawn


def make_folds(
    cases: Mapping[str, Patient],
    sites: Mapping[Patient, str],
    folds: int,
    seed: int,
    known: Sequence[Mapping[str, Sequence[str]]] = (),
) -> list[dict[str, list[str]]]:
    """Deal patients out to folds, site by site, so that no patient is both trained and validated on.

    nnU-Net's own folds are drawn over images: two sessions or contrasts of one patient end up on both sides.

    Parameters
    ----------
    cases
        The patient of each training case.
    sites
        The site of each patient.
    folds
        How many; fewer where there are fewer patients.
    seed
        Shuffles the patients within each site.
    known
        Folds of a dataset that grows: its patients stay where they are, new ones go where fewest of their site are.

    Returns
    -------
    list of dict
        For each fold the cases to `train` and to `val`idate on, sorted. Empty where there are fewer than two patients.
    """
    fold_of = {cases[case]: number for number, fold in enumerate(known) for case in fold["val"] if case in cases}
    generator = np.random.default_rng(seed)
    dealt: list[Patient] = []
    for site in sorted({sites[patient] for patient in cases.values()}):
        patients = sorted({patient for patient in cases.values() if sites[patient] == site} - set(fold_of))
        dealt += [patients[index] for index in generator.permutation(len(patients))]
    count = len(known) or min(folds, len(dealt))
    if count < 2:
        return []
    if known:
        _deal_to_smallest(fold_of, dealt, sites, count)
    else:
        fold_of = {patient: position % count for position, patient in enumerate(dealt)}
    return [
        {
            "train": sorted(case for case, patient in cases.items() if fold_of[patient] != fold),
            "val": sorted(case for case, patient in cases.items() if fold_of[patient] == fold),
        }
        for fold in range(count)
    ]


def _deal_to_smallest(
    fold_of: dict[Patient, int], dealt: Sequence[Patient], sites: Mapping[Patient, str], count: int
) -> None:
    of_site = Counter((sites[patient], fold) for patient, fold in fold_of.items() if patient in sites)
    of_all = Counter(fold_of.values())
    for patient in dealt:
        site = sites[patient]
        fold = min(range(count), key=lambda number: (of_site[site, number], of_all[number], number))
        fold_of[patient] = fold
        of_site[site, fold] += 1
        of_all[fold] += 1
