from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.evaluation.mask_files import CaseMaskFiles
from nnunet_ext.evaluation.pairs import pair_cases


def paired(reference: list[str], prediction: list[str]) -> list[tuple[str | None, str | None]]:
    pairs = pair_cases([CaseMaskFiles(name) for name in reference], [CaseMaskFiles(name) for name in prediction])
    return [
        (pair.reference.case if pair.reference else None, pair.prediction.case if pair.prediction else None)
        for pair in pairs
    ]


def test_subject_one_never_meets_subject_ten() -> None:
    assert paired(["sub-1_T2w", "sub-2_T2w"], ["sub-10_T2w", "sub-2_T2w"]) == [
        (None, "sub-10_T2w"), ("sub-1_T2w", None), ("sub-2_T2w", "sub-2_T2w"),
    ]  # fmt: skip


def test_an_identifier_of_nnunet_pairs_with_the_bids_stem_in_it() -> None:
    assert paired(["zurich_sub-1_T2w"], ["sub-1_T2w"]) == [("zurich_sub-1_T2w", "sub-1_T2w")]
    assert paired(["sub-1_T2w"], ["zurich_sub-1_T2w"]) == [("sub-1_T2w", "zurich_sub-1_T2w")]


def test_two_datasets_with_one_subject_name_are_never_guessed_apart() -> None:
    assert paired(["paris_sub-1_T2w", "zurich_sub-1_T2w"], ["sub-1_T2w"]) == [
        ("paris_sub-1_T2w", None), (None, "sub-1_T2w"), ("zurich_sub-1_T2w", None),
    ]  # fmt: skip
    assert paired(["paris_sub-1_T2w"], ["zurich_sub-1_T2w", "paris_sub-1_T2w"]) == [
        ("paris_sub-1_T2w", "paris_sub-1_T2w"), (None, "zurich_sub-1_T2w"),
    ]  # fmt: skip


names = st.lists(
    st.builds(
        "{}sub-{}_{}".format, st.sampled_from(["", "a_", "b_"]), st.integers(1, 12), st.sampled_from(["T1w", "T2w"])
    ),
    unique=True,
    max_size=8,
)


@given(names, names)
def test_every_case_of_either_side_stands_once(reference: list[str], prediction: list[str]) -> None:
    pairs = paired(reference, prediction)
    assert sorted(one for one, _ in pairs if one) == sorted(reference)
    assert sorted(other for _, other in pairs if other) == sorted(prediction)
    assert all(one is None or other is None or one[one.index("sub") :] == other[other.index("sub") :]
               for one, other in pairs)  # fmt: skip


def test_raters_of_one_prediction_are_named_and_none_is_chosen() -> None:
    raters = ["sub-1_desc-rater1_T2w", "sub-1_desc-rater3_T2w"]
    pairs = pair_cases([CaseMaskFiles(name) for name in raters], [CaseMaskFiles("sub-1_T2w")])
    assert [pair.prediction for pair in pairs if pair.reference] == [None, None]
    assert all("which is its prediction is unclear: sub-1_T2w" in pair.notes[0] for pair in pairs if pair.reference)
