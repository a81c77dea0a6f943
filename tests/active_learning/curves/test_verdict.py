import pytest

from nnunet_ext.active_learning.curves.against_baseline import Significance
from nnunet_ext.active_learning.curves.verdict import Verdict, verdict
from nnunet_ext.core.errors import DataRefusedError
from tests.active_learning.curves.made_curves import runs

RANDOM = [[0.2, 0.50, 0.6], [0.2, 0.60, 0.6], [0.2, 0.70, 0.60]]
BETTER = [[0.2, 0.60, 0.71], [0.2, 0.71, 0.72], [0.2, 0.82, 0.70]]
SAME = [[0.2, 0.52, 0.55], [0.2, 0.55, 0.65], [0.2, 0.75, 0.60]]
WORSE = [[0.2, 0.40, 0.49], [0.2, 0.49, 0.48], [0.2, 0.58, 0.50]]


def said(**others: list[list[float]]) -> Verdict:
    return verdict(runs({"random": RANDOM, **others}), "random", "Dice of the lesion")


def test_a_strategy_that_is_significantly_better_is_to_be_used() -> None:
    # Areas by hand: (0.2 / 2 + middle + last / 2) / 2. Of random 0.45, 0.5, 0.55, of the better one 0.5275, 0.585 and
    # 0.635, with a standard deviation of 0.05379: 0.5825 -+ 4.3027 * 0.05379 / sqrt 3.
    # Differences 0.0775, 0.085, 0.085, mean 0.0825, t = 0.0825 / (0.00433 / sqrt 3) = 33, p 0.00092.
    found = said(better=BETTER, same=SAME)
    better, same = found.comparisons
    assert better.difference.interval.mean == pytest.approx(0.0825)
    assert better.difference.p == pytest.approx(0.000917, abs=1e-6)
    assert better.p_holm == pytest.approx(2 * 0.000917, abs=2e-6)
    assert (better.significance, same.significance) == (Significance.BETTER, Significance.NOT_SIGNIFICANT)
    assert found.winner == "better"
    assert found.sentences == (
        "random reached an area of 0.5000 (95 % 0.3758 to 0.6242) under the curve of Dice of the lesion against the "
        "budget.",
        "better reached 0.5825 (95 % 0.4489 to 0.7161), +0.0825 to random (95 % 0.0717 to 0.0933): significantly "
        "better (p below 0.001, after Holm 0.002, 3 seeds).",
        found.sentences[2],
        "Use better: significantly better than random (p below 0.05 after Holm's correction).",
    )
    assert found.sentences[2].startswith("same reached")
    assert "not significant (p " in found.sentences[2]


def test_where_none_is_better_random_is_to_be_used_and_that_is_said() -> None:
    found = said(same=SAME, worse=WORSE)
    assert found.winner == "random"
    assert found.sentences[-1] == "No strategy is significantly better than random: use random."
    assert "significantly worse" in found.sentences[-2]


def test_a_metric_of_which_less_is_better_is_read_that_way() -> None:
    found = verdict(runs({"random": RANDOM, "worse": WORSE}), "random", "HD95", higher_is_better=False)
    assert found.winner == "worse"


def test_what_cannot_be_tested_is_said_and_never_wins() -> None:
    single = verdict(runs({"random": RANDOM[:1], "better": BETTER[:1]}), "random", "Dice")
    assert single.winner == "random"
    assert "not tested, a second seed is needed" in single.sentences[1]
    higher = [[value + 0.25 for value in row] for row in RANDOM]
    assert "the difference is the same for all seeds" in said(better=higher).sentences[1]
    short = said(better=[row[:2] for row in BETTER])
    assert "no seed has all rounds" in short.sentences[1]
    assert short.winner == "random"


def test_a_baseline_alone_is_only_described() -> None:
    assert len(said().sentences) == 1


def test_without_the_baseline_nothing_is_said() -> None:
    with pytest.raises(DataRefusedError, match="values of random were needed to compare with, found bald"):
        verdict(runs({"bald": BETTER}), "random", "Dice")
