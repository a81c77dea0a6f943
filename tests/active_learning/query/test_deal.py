from collections import Counter

from nnunet_ext.active_learning.query.candidate import Candidate
from nnunet_ext.active_learning.query.deal import deal
from nnunet_ext.active_learning.query.draw import Choice
from nnunet_ext.active_learning.query.lots import Lots
from nnunet_ext.active_learning.query.stratum import Ranked
from tests.active_learning.query.made_pool import scored

STRATA = ["lesion", "cord", "random"] * 4
CHOSEN = [
    Choice(Ranked(Candidate(scored(f"sub-{number}")), None, "why"), stratum) for number, stratum in enumerate(STRATA)
]


def test_strata_that_take_turns_do_not_leave_each_rater_with_one_of_them() -> None:
    dealt = deal(CHOSEN, ["ann", "bo", "cy"], Lots(0, 1), every_rater=False)
    counts = Counter((stratum, rater) for stratum, (rater,) in zip(STRATA, dealt, strict=True))
    assert len(counts) == 9
    assert set(counts.values()) == {1, 2}


def test_the_order_of_the_names_changes_nothing() -> None:
    dealt = [deal(CHOSEN, names, Lots(0, 1), every_rater=False) for names in (["ann", "bo"], ["bo", "ann"])]
    assert dealt[0] == dealt[1]


def test_nobody_comes_first_in_every_round() -> None:
    first = {deal(CHOSEN[:1], ["ann", "bo"], Lots(0, number), every_rater=False) for number in range(1, 20)}
    assert first == {(("ann",),), (("bo",),)}


def test_all_go_to_all_or_to_one_without_a_name() -> None:
    assert set(deal(CHOSEN, ["bo", "ann"], Lots(0, 1), every_rater=True)) == {("ann", "bo")}
    assert set(deal(CHOSEN, [], Lots(0, 1), every_rater=True)) == {("n/a",)}
