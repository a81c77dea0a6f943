from pathlib import Path

import pytest

from nnunet_ext.cli.predict.model import channel_names, find_model, localizer_channels
from nnunet_ext.core.errors import EnvironmentProblemError, UsageError


def test_channels_are_in_the_order_of_their_numbers_in_new_and_old_models() -> None:
    names = {str(index): f"c{index}" for index in (10, 2, 0, 1)}
    assert channel_names({"channel_names": names}) == ("c0", "c1", "c2", "c10")
    assert channel_names({"modality": {"0": "MRI"}}) == ("MRI",)


def test_a_localizer_takes_its_own_contrast_or_the_first_image() -> None:
    model = ("T2w", "T1w-gad")
    assert localizer_channels(("MRI",), model) == (0,)
    assert localizer_channels(("T1w-gad",), model) == (1,)
    assert localizer_channels(("T1w-gad", "T2w"), model) == (1, 0)
    with pytest.raises(UsageError, match="PDw"):
        localizer_channels(("T2w", "PDw"), model)


def test_a_model_is_found_by_its_folder_or_its_name_below_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "Dataset501_Cord/nnUNetTrainer__nnUNetPlans__3d_fullres"
    (tmp_path / name).mkdir(parents=True)
    (tmp_path / name / "plans.json").write_text("{}")
    monkeypatch.setenv("nnUNet_results", str(tmp_path))
    assert find_model(name, "-m") == find_model(str(tmp_path / name), "-m") == tmp_path / name
    with pytest.raises(EnvironmentProblemError, match=f"there are: {name}"):
        find_model("Dataset502_Cord", "-m")
    monkeypatch.delenv("nnUNet_results")
    with pytest.raises(EnvironmentProblemError, match="nnUNet_results"):
        find_model(name, "-m")


def test_a_default_model_is_found_by_its_name_unless_a_folder_of_that_name_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("place/cord", "here/cord"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "plans.json").write_text("{}")
    monkeypatch.setenv("nnUNet_extModels", str(tmp_path / "place"))
    assert find_model("cord", "-m") == tmp_path / "place" / "cord"
    with pytest.raises(EnvironmentProblemError, match=r"cord-lesion, which comes with nnunet_ext.*train-default"):
        find_model("cord-lesion", "-m")
    monkeypatch.chdir(tmp_path / "here")
    assert find_model("cord", "-m").resolve() == tmp_path / "here" / "cord"
