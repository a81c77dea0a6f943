from collections.abc import Sequence
from dataclasses import replace

import pytest

from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cli.predict.choose_models import ChosenModel, group_cases
from tests.cascade.prediction.tiny_model import TinyModel
from tests.models.default_room import WARNING, default_card

LESIONS = ChosenModel(
    replace(TinyModel().in_memory(), name="cord-lesion"),
    card=default_card("cord-lesion"),
    cord=replace(TinyModel().in_memory(), name="cord"),
)
CORD = ChosenModel(
    replace(TinyModel().in_memory(), name="cord"), card=default_card("cord"), instead_of=default_card("cord-lesion")
)
MINE = ChosenModel(replace(TinyModel().in_memory(), name="mine"))


def grouped(names: Sequence[str], chosen: Sequence[ChosenModel]) -> list[tuple[int, bool, list[str]]]:
    cases = [InputCase(name, (None,), ("",)) for name in names]
    return [(at, suits, [case.name for case in members]) for at, suits, members in group_cases(cases, chosen)]


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("sub-01_T2w", 0),
        ("sub-01_ses-2_acq-ax_T2starw", 0),
        ("sub-01_T1w", 1),
        ("cohort_sub-01_T1w", 1),  # a case of a converted dataset
        ("sub-01_MTS", 1),
        ("scan", 0),
        ("patient_7", 0),
    ],
)
def test_an_image_s_name_says_whether_lesions_are_looked_for(name: str, at: int) -> None:
    assert grouped([name], [LESIONS, CORD]) == [(at, True, [name])]


def test_a_model_that_was_named_predicts_all_and_knows_what_it_was_not_trained_for() -> None:
    names = ["sub-01_T2w", "sub-02_T1w"]
    lesions = replace(LESIONS, cord=None)
    assert grouped(names, [lesions]) == [(0, True, names[:1]), (0, False, names[1:])]
    assert grouped(names, [MINE]) == [(0, True, names)]
    assert lesions.said(suits=False)[-1] == "cord-lesion was trained for T2w, T2starw images, and this is none"


def test_what_is_said_of_default_models_names_them_with_the_card_s_warning_and_nothing_of_others() -> None:
    assert LESIONS.said(suits=True) == (f"segmented by cord and cord-lesion, which come with nnunet_ext. {WARNING}",)
    assert CORD.said(suits=True)[1] == "no lesions were looked for: cord-lesion was trained for T2w, T2starw"
    assert MINE.said(suits=True) == ()
