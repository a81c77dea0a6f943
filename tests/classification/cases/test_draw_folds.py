import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.classification.cases.draw_folds import Folds, Member, draw_folds, draw_site_folds, nest_folds
from nnunet_ext.core.errors import DataRefusedError

FOLDS = st.integers(2, 6)
SEED = st.integers(0, 1000)


@st.composite
def members(draw: st.DrawFn, fewest: int = 2) -> list[Member]:
    said = draw(st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from("xyz")), min_size=fewest, max_size=40))
    return [Member(f"d/sub-{index}", diagnosis, site) for index, (diagnosis, site) in enumerate(said)]


def everybody(folds: Folds) -> list[str]:
    return sorted(person for fold in folds for person in fold)


@given(members(), FOLDS, SEED)
def test_everybody_is_in_one_fold_and_diagnoses_differ_by_one_at_most(
    people: list[Member], count: int, seed: int
) -> None:
    folds = draw_folds(people, count, seed)
    assert len(folds) == min(count, len(people))
    assert everybody(folds) == sorted(member.person for member in people)
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    diagnosis = {member.person: member.diagnosis for member in people}
    for kind in set(diagnosis.values()):
        of_kind = [sum(diagnosis[person] == kind for person in fold) for fold in folds]
        assert max(of_kind) - min(of_kind) <= 1


@given(members(), FOLDS, SEED, st.randoms())
def test_the_order_of_rows_changes_no_fold(people: list[Member], count: int, seed: int, order: random.Random) -> None:
    shuffled = list(people)
    order.shuffle(shuffled)
    assert draw_folds(shuffled, count, seed) == draw_folds(people, count, seed)
    if len({member.site for member in people}) > 1:
        assert draw_site_folds(shuffled, count, seed) == draw_site_folds(people, count, seed)


@given(members(), FOLDS, SEED, st.data())
def test_who_has_a_fold_keeps_it_and_the_others_fill_up(
    people: list[Member], count: int, seed: int, data: st.DataObject
) -> None:
    some = data.draw(st.lists(st.sampled_from([member.person for member in people]), unique=True))
    known = {person: data.draw(st.integers(0, count - 1)) for person in some}
    folds = draw_folds(people, count, seed, known)
    assert everybody(folds) == sorted(member.person for member in people)
    assert all(person in folds[fold] for person, fold in known.items())


@given(members(3), FOLDS, FOLDS, SEED)
def test_no_person_of_an_outer_test_fold_is_in_its_inner_folds(
    people: list[Member], outer: int, inner: int, seed: int
) -> None:
    drawn = draw_folds(people, min(outer, len(people) - 1), seed)
    nested = nest_folds(people, drawn, inner, seed) if len(people) - max(map(len, drawn)) > 1 else ()
    for fold, expected in zip(nested, drawn, strict=bool(nested)):
        assert fold.test == expected
        assert everybody(fold.inner) == list(fold.train)
        assert not set(fold.train) & set(fold.test)
        assert len({*fold.train, *fold.test}) == len(people)


@given(members(), FOLDS, SEED)
def test_a_site_is_never_in_two_folds_and_no_fold_is_empty(people: list[Member], count: int, seed: int) -> None:
    site = {member.person: member.site for member in people}
    if len(set(site.values())) < 2:
        with pytest.raises(DataRefusedError, match="two sites.*draw folds by patient"):
            draw_site_folds(people, count, seed)
        return
    folds = draw_site_folds(people, count, seed)
    assert everybody(folds) == sorted(site)
    assert all(folds)
    held = Counter(name for fold in folds for name in {site[person] for person in fold})
    assert set(held.values()) == {1}


def test_another_seed_is_another_draw() -> None:
    people = [Member(f"{index}", "AB"[index % 2]) for index in range(40)]
    assert draw_folds(people, 5, 1) != draw_folds(people, 5, 2)


def test_sites_of_one_kind_are_put_together_to_even_folds() -> None:
    people = [Member(f"{site}{index}", site[0], site) for site in ("A1", "A2", "B1", "B2") for index in range(5)]
    folds = draw_site_folds(people, 2, 0)
    assert [Counter(person[0] for person in fold) for fold in folds] == [Counter(A=5, B=5)] * 2


@pytest.mark.parametrize(
    ("people", "known", "said"),
    [
        ([Member("a", "A"), Member("a", "B"), Member("b", "A")], {}, "found twice: a"),
        ([Member("a", "A")], {}, "two patients and two folds"),
        ([Member("a", "A"), Member("b", "A")], {"a": 7}, "folds from 0 to 2 were needed, found 7 for a"),
    ],
)
def test_what_cannot_be_folded_is_refused(people: list[Member], known: dict[str, int], said: str) -> None:
    with pytest.raises(DataRefusedError, match=said):
        draw_folds(people, 3, 0, known)
