import pytest

from nnunet_ext.core.errors import UnsafeModelError, UsageError
from nnunet_ext.models.model_folders import model_folders

TRAINED = "nnUNetTrainer__nnUNetPlans__3d_fullres"
MODEL = f"Dataset007_Cord/{TRAINED}"


@pytest.mark.parametrize(
    ("entry", "folder"),
    [
        (f"{MODEL}/plans.json", MODEL),
        (f"{MODEL}/fold_0/checkpoint_final.pth", MODEL),
        (f"nnUNet_results/{MODEL}/plans.json", f"nnUNet_results/{MODEL}"),
        (f"home/me/My models (v2)/{MODEL}/plans.json", f"home/me/My models (v2)/{MODEL}"),
    ],
)
def test_whatever_stands_above_a_model_its_place_is_the_same(entry: str, folder: str) -> None:
    assert model_folders([entry, "README.md", f"__MACOSX/{entry}"]) == {folder: MODEL}


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        (f"{TRAINED}/plans.json", f"Dataset501_Mine/{TRAINED}"),
        (f"some folder/{TRAINED}/plans.json", f"Dataset501_Mine/{TRAINED}"),
        (f"{MODEL}/plans.json", f"Dataset501_Mine/{TRAINED}"),
        ("plans.json", "Dataset501_Mine/unnamed"),
        ("my model/plans.json", "Dataset501_Mine/unnamed"),
    ],
)
def test_a_dataset_s_name_can_be_given(entry: str, place: str) -> None:
    assert list(model_folders([entry], "Dataset501_Mine").values()) == [place]


@pytest.mark.parametrize("entry", [f"{TRAINED}/plans.json", "plans.json", "model/plans.json"])
def test_without_a_dataset_s_name_the_option_for_it_is_told(entry: str) -> None:
    with pytest.raises(UnsafeModelError, match="--as DatasetXXX_NAME"):
        model_folders([entry])


def test_two_models_of_a_dataset_keep_their_names() -> None:
    entries = [f"{MODEL}/plans.json", "Dataset007_Cord/nnUNetTrainer__nnUNetPlans__2d/plans.json"]
    assert sorted(model_folders(entries, "Dataset501_Mine").values()) == [
        "Dataset501_Mine/nnUNetTrainer__nnUNetPlans__2d",
        f"Dataset501_Mine/{TRAINED}",
    ]


def test_two_folders_of_one_place_and_two_datasets_of_one_name_are_refused() -> None:
    with pytest.raises(UnsafeModelError, match="stands twice"):
        model_folders([f"a/{MODEL}/plans.json", f"b/{MODEL}/plans.json"])
    with pytest.raises(UsageError, match="Dataset007_Cord, Dataset008_Cord"):
        model_folders([f"{MODEL}/plans.json", f"Dataset008_Cord/{TRAINED}/plans.json"], "Dataset501_Mine")


@pytest.mark.parametrize("name", ["Mine", "Dataset1_x", "../Dataset501_Mine", "Dataset501_a/b"])
def test_a_name_that_is_no_dataset_s_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="--as needs"):
        model_folders([f"{MODEL}/plans.json"], name)
