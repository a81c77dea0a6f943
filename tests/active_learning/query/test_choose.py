import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.query.choose import QUERY_COLUMNS, Query, choose
from nnunet_ext.active_learning.query.query_settings import QuerySettings
from nnunet_ext.active_learning.query.strategy_names import STRATEGIES
from nnunet_ext.active_learning.scores.score_case import ABOUT
from nnunet_ext.active_learning.scores.score_case import COLUMNS as SCORES
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import read_table, table_text
from tests.active_learning.query.made_pool import KINDS, POOLS, asked, scored
from tests.strategies import SEEDS

NAMES = st.sampled_from(sorted(STRATEGIES))
SHARES = st.fixed_dictionaries(
    {"lesion": st.floats(0, 1), "cord": st.floats(0, 1), "random": st.floats(0.1, 1), "healthy": st.floats(0, 1)}
)
SETTINGS = st.builds(
    QuerySettings,
    budget=st.integers(1, 10),
    strategy=NAMES,
    shares=SHARES,
    most_per_site=st.sampled_from([0.2, 0.5, 1.0]),
    seed=SEEDS,
    round_number=st.integers(1, 6),
    raters=st.sampled_from([(), ("ann",), ("ann", "bo", "cy")]),
    every_rater=st.booleans(),
)


def cases(query: Query) -> list[str]:
    return list(dict.fromkeys(row["case"] for row in query.rows))


def person(row: Mapping[str, str]) -> str:
    return row["subject"]


@given(POOLS, SETTINGS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(
    pool: list[Mapping[str, str]], settings: QuerySettings, shuffled: random.Random
) -> None:
    other = [dict(sorted(row.items())) for row in pool]
    shuffled.shuffle(other)
    assert table_text(choose(pool, settings).rows, QUERY_COLUMNS) == table_text(
        choose(other, settings).rows, QUERY_COLUMNS
    )


@given(POOLS, SETTINGS)
def test_no_case_comes_twice_and_places_stay_empty_only_where_nobody_is_left(
    pool: list[Mapping[str, str]], settings: QuerySettings
) -> None:
    query = choose(pool, settings)
    chosen = cases(query)
    assert {row["case"] for row in query.rows} <= {row["case"] for row in pool}
    assert len(query.rows) == len(chosen) * (max(1, len(settings.raters)) if settings.every_rater else 1)
    assert len(chosen) <= settings.budget
    sessions = {person(row): row["session"] for row in query.rows}
    assert all(row["session"] == sessions[person(row)] for row in query.rows)
    left = [
        row for row in pool if row["case"] not in chosen and sessions.get(person(row), row["session"]) == row["session"]
    ]
    assert len(chosen) == settings.budget or not left
    assert any("stay empty" in note for note in query.notes) is (len(chosen) < settings.budget)


@given(POOLS, SETTINGS)
def test_a_site_has_more_than_its_quota_only_where_no_other_case_was_left_and_then_it_is_said(
    pool: list[Mapping[str, str]], settings: QuerySettings
) -> None:
    query = choose(pool, settings)
    quota = max(1, -(-round(settings.most_per_site * 10) * settings.budget // 10))
    known = {row["site"] for row in pool} - {"n/a"}
    taken: list[Mapping[str, str]] = []
    for row in query.rows:
        if row["case"] in {each["case"] for each in taken}:
            continue
        count = Counter(each["site"] for each in taken)
        over = len(known) > 1 and row["site"] != "n/a" and count[row["site"]] >= quota
        assert over is (f"more than {quota} of {row['site']}" in row["reason"])
        if over:
            sessions = {person(each): each["session"] for each in taken}
            free = [
                each
                for each in pool
                if each["case"] not in {one["case"] for one in taken}
                and sessions.get(person(each), each["session"]) == each["session"]
                and (each["site"] == "n/a" or count[each["site"]] < quota)
            ]
            assert not free
        taken.append(row)


@given(POOLS, SETTINGS, st.data())
def test_pinned_cases_are_always_in_and_barred_ones_never(
    pool: list[Mapping[str, str]], settings: QuerySettings, data: st.DataObject
) -> None:
    names = [row["case"] for row in pool]
    pinned = data.draw(st.lists(st.sampled_from(names), unique=True) if names else st.just([]))
    free = [name for name in names if name not in pinned]
    barred = data.draw(st.lists(st.sampled_from(free), unique=True) if free else st.just([]))
    query = choose(pool, settings, dict.fromkeys(pinned, "asked for"), barred)
    chosen = cases(query)
    assert set(pinned) <= set(chosen)
    assert not set(barred) & set(chosen)
    assert len(chosen) <= max(settings.budget, len(pinned))
    assert all(row["stratum"] == "pinned" for row in query.rows if row["case"] in pinned)
    assert any("more than the budget" in note for note in query.notes) is (len(pinned) > settings.budget)


@given(POOLS, SETTINGS)
def test_a_case_without_the_score_of_a_strategy_comes_only_when_none_with_a_score_may(
    pool: list[Mapping[str, str]], settings: QuerySettings
) -> None:
    for row in choose(pool, settings).rows:
        if row["stratum"] == "rest":
            assert row["score"] == "n/a"
            assert "drawn at random" in row["reason"]
            assert "in a place of the stratum" in row["reason"]


@given(POOLS, SETTINGS)
def test_cases_are_dealt_evenly_in_the_round_and_in_each_stratum(
    pool: list[Mapping[str, str]], settings: QuerySettings
) -> None:
    rows = choose(pool, settings).rows
    raters = settings.raters or ("n/a",)
    for some in (rows, *([row for row in rows if row["stratum"] == name] for name in {row["stratum"] for row in rows})):
        counts = Counter(row["rater"] for row in some)
        assert max(counts[rater] for rater in raters) - min(counts[rater] for rater in raters) <= 1
    if settings.every_rater:
        assert len({row["rater"] for row in rows}) == (len(raters) if rows else 0)


def pool_of(count: int, **cells: str) -> list[dict[str, str]]:
    return [scored(f"sub-{number:02d}", **cells) for number in range(count)]


def test_entropy_takes_the_highest_sums_first() -> None:
    pool = [
        scored("sub-1", entropy_cord="0.2", entropy_lesion="0.1"),
        scored("sub-2", entropy_cord="0.1", entropy_lesion="0.4"),
        scored("sub-3", entropy_cord="0.25", entropy_lesion="n/a"),
    ]
    query = choose(pool, asked(3, "entropy"))
    assert [(row["subject"], row["score"]) for row in query.rows] == [
        ("sub-2", "0.5"),
        ("sub-1", "0.3"),
        ("sub-3", "0.25"),
    ]
    assert "no score for the lesion" in query.rows[2]["reason"]


def test_a_target_without_lesions_is_not_told_that_scores_of_lesions_are_missing() -> None:
    none = {f"{kind}_lesion": "n/a" for kind in ("bald", "entropy")}
    (row,) = choose([scored("sub-1", **none)], asked(1, "bald")).rows
    assert row["reason"] == "the 5 folds disagree about the cord (2000 mm3) (score 0.1, number 1 of 1)"


def test_strata_fills_thirds_from_the_top_of_each_stratum_once_the_noise_is_gone() -> None:
    pool = pool_of(40)
    for number, row in enumerate(pool):
        row["bald_lesion"] = f"{10.0 ** (number - 40)}"  # so far apart that no noise of the last round can swap them
        row["bald_cord"] = f"{10.0**-number}"
    query = choose(pool, asked(6, round_number=5))
    assert [row["subject"] for row in query.rows if row["stratum"] == "lesion"] == ["sub-39", "sub-38"]
    assert [row["subject"] for row in query.rows if row["stratum"] == "cord"] == ["sub-00", "sub-01"]
    assert sum(row["stratum"] == "random" for row in query.rows) == 2
    assert [row["stratum"] for row in query.rows[:3]] == ["lesion", "cord", "random"]


def test_the_healthy_stratum_holds_cords_without_a_predicted_lesion() -> None:
    pool = [
        *pool_of(10),
        scored("sub-90", lesion_mm3="0", lesion_count="0"),
        scored("sub-91", lesion_mm3="0", lesion_count="0", cord_mm3="0"),  # no cord found: nobody knows
        scored("sub-92", lesion_mm3="n/a", lesion_count="n/a"),
    ]
    shares = {"random": 0.5, "healthy": 0.5}
    healthy = [row for row in choose(pool, asked(2, shares=shares)).rows if row["stratum"] == "healthy"]
    assert [row["subject"] for row in healthy] == ["sub-90"]
    assert healthy[0]["reason"].startswith("apparently healthy: no lesion is predicted")


def test_a_stratum_that_runs_dry_hands_its_places_on_and_says_so() -> None:
    pool = pool_of(6, bald_lesion="n/a")
    rows = choose(pool, asked(6)).rows
    handed = [row for row in rows if "in a place of the stratum lesion, which has none left" in row["reason"]]
    assert len(rows) == 6
    assert len(handed) == 2
    assert {row["stratum"] for row in handed} == {"cord"}


def test_claspe_shares_its_places_as_published() -> None:
    # int(0.66 * 10) = 6 for two regions, the remaining 4 by entropy.
    strata = Counter(row["stratum"] for row in choose(pool_of(40), asked(10, "claspe")).rows)
    assert strata == {"lesion": 3, "cord": 3, "entropy": 4}


def test_foreground_random_draws_half_among_the_few_that_have_a_predicted_lesion() -> None:
    pool = [*pool_of(40, lesion_mm3="0", lesion_count="0"), *[scored(f"sub-l{number}") for number in range(5)]]
    rows = choose(pool, asked(8, "foreground-random", seed=3)).rows
    assert sum(row["lesion_mm3"] == "120" for row in pool) == 5
    assert sum(row["subject"].startswith("sub-l") for row in rows) >= 4


def test_random_finds_every_case_equally_often() -> None:
    pool = pool_of(8, entropy_cord="n/a", cord_mm3="0", lesion_mm3="0")
    pool[0] |= {"entropy_cord": "9", "cord_mm3": "5000"}
    counts = Counter(row["case"] for seed in range(600) for row in choose(pool, asked(2, "random", seed=seed)).rows)
    assert len(counts) == 8
    assert all(110 < count < 190 for count in counts.values())  # 150 each, give or take 11


def test_another_round_is_another_draw_of_the_same_seed() -> None:
    pool = pool_of(30)
    rounds = [tuple(cases(choose(pool, asked(5, "random", round_number=number)))) for number in (1, 2, 3)]
    assert len(set(rounds)) == 3


def test_a_person_gives_one_session_a_round_also_across_datasets_that_name_the_person() -> None:
    pool = [scored("sub-1", session=f"ses-{number}", bald_lesion=str(number)) for number in range(3)]
    twin = scored("sub-9", session="ses-7") | {"dataset": "other", "case": "other_sub-9_ses-7_T2w"}
    rows = choose([row | {"person": "p1"} for row in [*pool, twin]], asked(3))
    assert len(rows.rows) == 1
    assert rows.notes == (
        "2 of 3 places stay empty: of the 4 cases of the pool no more can be chosen with one session a person",
    )


def test_a_second_image_of_a_session_comes_only_when_nobody_else_is_left_and_says_so() -> None:
    pool = [scored("sub-1", entropy_cord="0.9"), scored("sub-1", contrast="T1w", entropy_cord="0.8"), scored("sub-2")]
    rows = choose(pool, asked(3, "entropy")).rows
    assert [row["subject"] for row in rows] == ["sub-1", "sub-2", "sub-1"]
    assert ["one more image of a session" in row["reason"] for row in rows] == [False, False, True]


def test_a_pool_of_one_site_has_no_quota() -> None:
    rows = choose(pool_of(6), asked(6, "entropy", most_per_site=0.2)).rows
    assert len(rows) == 6
    assert not any("more than" in row["reason"] for row in rows)


def test_a_quota_holds_the_site_with_all_the_doubt_back() -> None:
    pool = [
        *[scored(f"sub-z{n}", entropy_cord="0.9") for n in range(9)],
        *[scored(f"sub-p{n}", site="paris") for n in range(9)],
    ]
    rows = choose(pool, asked(6, "entropy", most_per_site=0.5)).rows
    assert Counter(row["site"] for row in rows) == {"zurich": 3, "paris": 3}


@pytest.mark.parametrize(
    ("passes", "cells", "words"),
    [
        ("folds 5", {}, "the 5 folds disagree about a lesion of 120 mm3"),
        ("mirrored 4", {"lesion_count": "3"}, "the 4 mirrored views disagree about 3 lesions of 120 mm3 in all"),
        ("folds 1; shifted 4", {"lesion_mm3": "0"}, "the 4 shifted views disagree about whether there is a lesion"),
        ("folds 5", {"lesion_mm3": "n/a"}, "the 5 folds disagree about the lesions"),
        ("n/a", {"lesion_mm3": "4.25"}, "repeated predictions disagree about a lesion of 4.2 mm3"),
    ],
)
def test_the_reason_names_what_disagrees_about_what(passes: str, cells: dict[str, str], words: str) -> None:
    pool = [scored("sub-1", passes=passes, **cells)]
    (row,) = choose(pool, asked(1, shares={"lesion": 1.0})).rows
    assert row["reason"].startswith(words)


def test_alarms_and_the_reason_of_a_pin_reach_the_rater() -> None:
    pool = [scored("sub-1", alarms="the cord is broken; lesion outside the cord")]
    (row,) = choose(pool, asked(1), {"pool_sub-1_T2w": "asked by\tthe clinic"}).rows
    assert row["reason"] == (
        "pinned by hand: asked by the clinic; to be checked: the cord is broken, lesion outside the cord"
    )


@pytest.mark.parametrize("found", ["much", "inf", "1e999"])
def test_a_score_that_is_no_number_is_refused_by_case_and_column(found: str) -> None:
    with pytest.raises(DataRefusedError, match=r"scores of pool_sub-1_T2w.*entropy_cord"):
        choose([scored("sub-1", entropy_cord=found)], asked(1, "entropy"))


def test_a_case_that_stands_twice_is_refused() -> None:
    with pytest.raises(DataRefusedError, match="found several of pool_sub-1_T2w"):
        choose([scored("sub-1"), scored("sub-1")], asked(1))


def test_a_case_cannot_be_pinned_and_barred_nor_pinned_from_nowhere() -> None:
    pool: Sequence[Mapping[str, str]] = [scored("sub-1")]
    with pytest.raises(DataRefusedError, match="found both"):
        choose(pool, asked(1), {"pool_sub-1_T2w": ""}, ["pool_sub-1_T2w"])
    with pytest.raises(DataRefusedError, match="pool_sub-7_T2w: pinned, but not among"):
        choose(pool, asked(1), {"pool_sub-7_T2w": ""})


def test_cases_in_which_no_cord_was_found_are_named_rather_than_forgotten() -> None:
    none = {f"{kind}_{region}": "n/a" for kind in KINDS for region in ("cord", "lesion")}
    pool = [*pool_of(4), scored("sub-90", cord_mm3="n/a", **none), scored("sub-91", cord_mm3="0", **none)]
    (note,) = choose(pool, asked(4, "entropy"), barred=["pool_sub-91_T2w"]).notes
    assert note.startswith("no cord was found in 1 of the cases that were not chosen")
    assert "pool_sub-90_T2w;" in note
    assert choose(pool[:4], asked(4)).notes == ()


def test_the_tables_on_the_disk_do_as_well_as_their_rows(tmp_path: Path) -> None:
    pool = [scored(f"sub-{number}", **dict.fromkeys(set(SCORES) - set(scored("sub-1")), "n/a")) for number in range(9)]
    write_text(tmp_path / "scores.tsv", table_text(pool, SCORES))
    settings = asked(5, raters=("ann", "bo"))
    query = choose(read_table(tmp_path / "scores.tsv", SCORES, whole=True), settings)
    assert query == choose(pool, settings)
    write_text(tmp_path / "query.tsv", table_text(query.rows, QUERY_COLUMNS))
    assert [dict(row) for row in read_table(tmp_path / "query.tsv", QUERY_COLUMNS, whole=True)] == list(query.rows)


def test_what_says_of_which_image_a_row_is_goes_through_from_the_scores() -> None:
    assert QUERY_COLUMNS[: len(ABOUT)] == ABOUT


def test_nothing_to_choose_from_is_said() -> None:
    assert choose([], asked(2)).notes == (
        "2 of 2 places stay empty: of the 0 cases of the pool no more can be chosen with one session a person",
    )
