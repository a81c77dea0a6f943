import pytest

from nnunet_ext.models.harmless import is_harmless

MODEL = "Dataset007_Cord/nnUNetTrainer__nnUNetPlans__3d_fullres"


@pytest.mark.parametrize(
    "entry",
    [
        f"__MACOSX/{MODEL}/._plans.json",
        f"__MACOSX/{MODEL}/fold_0/._checkpoint_final.pth",
        ".DS_Store",
        f"{MODEL}/.DS_Store",
        f"{MODEL}/._plans.json",
        f"{MODEL}/Thumbs.db",
        f"{MODEL}/desktop.ini",
        "README.md",
        f"{MODEL}/README",
        "LICENSE",
        "Dataset007_Cord/licence.txt",
        "my models (2)/Über das Modell.pdf",
        f"{MODEL}/fold_0/training_log_2024_1_1_12_00_00.txt",
        f"{MODEL}/fold_0/progress copy.png",
        f"{MODEL}/fold_0/events.out.tfevents.1700000000.host.1.0",
        f"{MODEL}/splits_final.json",
        ".git/hooks/pre-commit",
        "CITATION.cff",
    ],
)
def test_what_computers_and_people_lay_beside_a_model_is_harmless(entry: str) -> None:
    assert is_harmless(entry)


@pytest.mark.parametrize(
    "entry",
    [
        f"{MODEL}/trainer.py",
        "README.py",
        "readme.md.exe",
        "setup.sh",
        f"{MODEL}/fold_0/model.pkl",
        f"{MODEL}/evil.pth",
        "plans.json",
        "x/dataset.json",
        f"{MODEL}/PLANS.JSON",
        f"{MODEL}/plаns.json",  # with a Cyrillic letter
        f"{MODEL}//notes.json",
        f"{MODEL}/./README.md",
        "library.so",
        "",
    ],
)
def test_code_and_the_names_of_a_model_s_own_files_are_not(entry: str) -> None:
    assert not is_harmless(entry)
