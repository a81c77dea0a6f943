"""Facts beside the lesions that give a diagnosis away: a site of one kind only, an age, which images were made."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import binom, mannwhitneyu

from nnunet_ext.classification.taxonomy import Taxonomy

_FEWEST: Final = 8
_SHARE: Final = 0.9
_AUC: Final = 0.95
_LEVEL: Final = 0.01


@dataclass(frozen=True)
class TellingFact:
    """A fact that decides on its own.

    Parameters
    ----------
    decision
        Node of the taxonomy.
    fact
        Such as `site`.
    value
        Share of patients that it puts right, each by all others; for a number the area under its ROC curve.
    baseline
        Share that the commonest branch puts right; 0.5 for a number.
    words
        All this in a sentence.
    """

    decision: str
    fact: str
    value: float
    baseline: float
    words: str


def telling_facts(
    taxonomy: Taxonomy,
    diagnoses: Sequence[str],
    words: Mapping[str, Sequence[str]],
    numbers: Mapping[str, Sequence[float | None]],
) -> tuple[TellingFact, ...]:
    """Look for facts that decide on their own: a model would learn them instead of lesions.

    A word, such as a site, the sex or the list of images, tells where the branch that all others of the same word have
    most often is right in 90 % and more, and more often than the commonest branch is (binomial test, p < 0.01; a word
    that is missing is a word, too). A number, such as the age, tells where the area under the ROC curve of one branch
    against the others is 0.95 and more or 0.05 and less (Mann-Whitney, p < 0.01). Decisions with fewer than 8 patients
    are passed over. The facts may rightly tell: the findings are warnings.

    Parameters
    ----------
    taxonomy
        The decisions.
    diagnoses
        Of each patient.
    words, numbers
        For each fact what each patient has, in the same order; an empty word and None are missing.

    Returns
    -------
    tuple of TellingFact
        From the root downwards.
    """
    found = []
    for node in taxonomy.decisions:
        leads = {leaf: branch for branch in taxonomy.branches(node) for leaf in taxonomy.below(branch)}
        here = [index for index, diagnosis in enumerate(diagnoses) if diagnosis in leads]
        branches = [leads[diagnoses[index]] for index in here]
        if len(here) < _FEWEST or len(set(branches)) < 2:
            continue
        for fact, values in words.items():
            found.append(_by_word(node, fact, branches, [values[index] for index in here]))
        for fact, amounts in numbers.items():
            found.append(_by_number(node, fact, branches, [amounts[index] for index in here]))
    return tuple(fact for fact in found if fact is not None)


def _by_word(node: str, fact: str, branches: Sequence[str], values: Sequence[str]) -> TellingFact | None:
    counts = Counter(zip(values, branches, strict=True))
    overall = Counter(branches)
    right = sum(_of_others(counts, overall, value, branch) for value, branch in zip(values, branches, strict=True))
    total = len(branches)
    share, baseline = right / total, max(overall.values()) / total
    if share < _SHARE or binom.sf(right - 1, total, baseline) >= _LEVEL:
        return None
    words = f"{fact} alone decides {node}: right in {right} of {total}, the commonest branch in {max(overall.values())}"
    pure = sorted({value for value in values if len({b for v, b in counts if v == value}) == 1})
    alone = f"; of one branch only: {', '.join(value or 'n/a' for value in pure[:5])}" if pure else ""
    return TellingFact(node, fact, share, baseline, words + alone)


def _of_others(counts: Counter[tuple[str, str]], overall: Counter[str], value: str, branch: str) -> bool:
    """Tell whether the others of the same word lead to a patient's branch; without others, whether all others do."""
    same = {other: counts[value, other] - (other == branch) for other in overall}
    if not any(same.values()):
        same = {other: overall[other] - (other == branch) for other in overall}
    most = max(same.values())
    return same[branch] == most and list(same.values()).count(most) == 1


def _by_number(node: str, fact: str, branches: Sequence[str], amounts: Sequence[float | None]) -> TellingFact | None:
    known = [(branch, amount) for branch, amount in zip(branches, amounts, strict=True) if amount is not None]
    best: tuple[float, str] | None = None
    for branch in dict.fromkeys(branches):
        own = [amount for one, amount in known if one == branch]
        others = [amount for one, amount in known if one != branch]
        if min(len(own), len(others)) < 2 or len(known) < _FEWEST:
            continue
        result = mannwhitneyu(own, others)
        area = float(result.statistic) / (len(own) * len(others))
        if (
            max(area, 1 - area) >= _AUC
            and float(result.pvalue) < _LEVEL
            and (best is None or abs(area - 0.5) > best[0])
        ):
            middle = (float(np.median(own)), float(np.median(others)))
            words = (
                f"median {middle[0]:g} in {branch}, {middle[1]:g} in the others, area under the ROC curve {area:.2f}"
            )
            best = (abs(area - 0.5), words)
    if best is None:
        return None
    return TellingFact(node, fact, 0.5 + best[0], 0.5, f"{fact} alone decides {node}: {best[1]}")
