import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from nnunet_ext.cli.predict.bids import InputChoice
from nnunet_ext.cli.predict.inputs import FoundInputs, Layout, find_inputs
from nnunet_ext.core.errors import DataRefusedError, NnunetExtError, UsageError
from tests.conftest import SmallBids

ALL = InputChoice()


def find(where: Path | Sequence[Path], channels: Sequence[str] = ("MRI",), choice: InputChoice = ALL) -> FoundInputs:
    return find_inputs([where] if isinstance(where, Path) else where, channels, choice)


def predicted(found: FoundInputs) -> list[str]:
    return [case.name for case in found.cases if not case.reason]


def reasons(found: FoundInputs) -> dict[str, str]:
    return {case.name: case.reason for case in found.cases if case.reason}


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def test_every_raw_anatomical_image_of_a_bids_folder_is_a_case(bids: SmallBids) -> None:
    for stem in ("sub-2_ses-1_T2w", "sub-2_ses-2_acq-ax_T2star", "sub-1_T1w"):
        bids.case(stem)
    bids.image("sub-1_task-rest_bold", folder="sub-1/func")
    bids.image("sub-1_T2w_label-SC_seg", folder="derivatives/labels/sub-9/anat")
    bids.image("sub-1_T2w", folder="sourcedata/sub-1/anat")
    bids.image("sub-1_seg", folder="sub-1/anat")
    found = find(bids.root)
    assert found.layout is Layout.BIDS
    assert predicted(found) == ["sub-1_T1w", "sub-2_ses-1_T2w", "sub-2_ses-2_acq-ax_T2star"]
    assert reasons(found) == {
        "sub-1_task-rest_bold": "not an anatomical image: folder func",
        "sub-1_seg": reasons(found)["sub-1_seg"],
    }
    assert "contrast seg is none of T1w T2w" in reasons(found)["sub-1_seg"]
    case = found.cases[-1]
    assert (case.folder, case.sources) == ("sub-2/ses-2/anat", ("sub-2/ses-2/anat/sub-2_ses-2_acq-ax_T2star.nii.gz",))
    assert case.images[0] is not None
    assert case.images[0].is_file()
    assert not any(left.refused for left in found.cases)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (InputChoice(participants=("1",)), ["sub-1_ses-a_T2w", "sub-1_ses-b_T1w"]),
        (InputChoice(participants=("sub-10", "1"), sessions=("a",)), ["sub-10_ses-a_T2w", "sub-1_ses-a_T2w"]),
        (InputChoice(sessions=("ses-b",)), ["sub-1_ses-b_T1w"]),
        (InputChoice(suffixes=("T1w", "FLAIR")), ["sub-1_ses-b_T1w"]),
    ],
)
def test_subjects_sessions_and_contrasts_are_chosen_by_their_whole_name(
    bids: SmallBids, choice: InputChoice, expected: list[str]
) -> None:
    for stem in ("sub-1_ses-a_T2w", "sub-1_ses-b_T1w", "sub-10_ses-a_T2w"):
        bids.image(stem)
    found = find(bids.root, choice=choice)
    assert predicted(found) == expected
    assert len(found.cases) == (len(expected) if not choice.suffixes else 3)


def test_a_model_of_one_named_contrast_takes_that_one_unless_told_otherwise(bids: SmallBids) -> None:
    for stem in ("sub-1_T2w", "sub-1_T1w"):
        bids.image(stem)
    assert predicted(find(bids.root, ("acq-ax_T2w",))) == ["sub-1_T2w"]
    assert predicted(find(bids.root, ("image",))) == ["sub-1_T1w", "sub-1_T2w"]
    assert predicted(find(bids.root, ("T2w",), InputChoice(suffixes=("T1w",)))) == ["sub-1_T1w"]


def test_images_whose_name_and_place_disagree_are_refused(bids: SmallBids) -> None:
    bids.image("sub-1_T2w")
    bids.image("sub-2_T2w", folder="sub-1/anat")
    bids.image("sub-1_ses-2_T2w", folder="sub-1/ses-1/anat")
    bids.image("sub-1 (copy)_T2w", folder="sub-1/anat")
    (bids.root / "sub-1" / "anat" / "sub-1_T2w.nii").write_bytes(b"")
    found = find(bids.root)
    assert predicted(found) == []
    assert all(case.refused for case in found.cases)
    told = reasons(found)
    assert "the folder says sub-1 and the file says sub-2" in told["sub-2_T2w"]
    assert "the folder says ses-1 and the file says ses-2" in told["sub-1_ses-2_T2w"]
    assert "not a BIDS file name" in told["sub-1 (copy)_T2w"]
    assert "several images would be this case" in told["sub-1_T2w"]


def test_contrasts_of_one_visit_are_put_together_for_a_model_of_several_channels(bids: SmallBids) -> None:
    for stem in ("sub-1_T2w", "sub-1_ce-gd_T1w", "sub-1_T1w", "sub-2_T2w", "sub-3_ses-1_T2w", "sub-3_ses-2_ce-gd_T1w"):
        bids.image(stem)
    found = find(bids.root, ("T2w", "T1w-gad"))
    assert predicted(found) == ["sub-1_T2w"]
    case = next(case for case in found.cases if not case.reason)
    assert [Path(source).name for source in case.sources] == ["sub-1_T2w.nii.gz", "sub-1_ce-gd_T1w.nii.gz"]
    refused = {case.name: case.reason for case in found.cases if case.refused}
    assert refused["sub-2_T2w"] == "no image of channel T1w-gad of the same subject, session and run"
    assert set(refused) == {"sub-2_T2w", "sub-3_ses-1_T2w", "sub-3_ses-2_ce-gd_T1w"}
    zero = find(bids.root, ("T2w", "T1w-gad"), InputChoice(zero=True))
    assert {case.name: [image is None for image in case.images] for case in zero.cases if not case.reason} == {
        "sub-1_T2w": [False, False],
        "sub-2_T2w": [False, True],
        "sub-3_ses-1_T2w": [False, True],
        "sub-3_ses-2_ce-gd_T1w": [True, False],
    }


def test_channels_that_no_profile_knows_are_contrasts_of_the_same_name(bids: SmallBids) -> None:
    for stem in ("sub-1_PDw", "sub-1_STIR"):
        bids.image(stem)
    found = find(bids.root, ("STIR", "PDw"))
    assert [Path(source).name for source in found.cases[0].sources] == ["sub-1_STIR.nii.gz", "sub-1_PDw.nii.gz"]


def test_nnunet_s_naming_is_read_with_all_its_channels(tmp_path: Path) -> None:
    folder = touch(tmp_path / "in", "b_0000.nii.gz", "a_0000.nii.gz", "sub-1_T2w_0000.nii", "dataset.json", ".x.nii.gz")
    found = find(folder)
    assert found.layout is Layout.NNUNET
    assert predicted(found) == ["a", "b", "sub-1_T2w"]
    assert [case.folder for case in found.cases] == ["", "", "sub-1/anat"]
    assert found.cases[0].sources == ("a_0000.nii.gz",)


def test_cases_of_nnunet_s_folder_that_do_not_fit_the_model_are_refused_by_name(tmp_path: Path) -> None:
    names = ("a_0000.nii.gz", "a_0001.nii.gz", "b_0001.nii.gz", "c_0000.nii.gz", "c_0000.nii", "stray.nii.gz")
    folder = touch(tmp_path / "in", *names, "c_0001.nii.gz")
    two = find(folder, ("T2w", "T1w"))
    assert predicted(two) == ["a"]
    assert "channel 0000 (T2w) missing" in reasons(two)["b"]
    assert "both a .nii and a .nii.gz" in reasons(two)["c"]
    assert "stray.nii.gz is not named" in reasons(two)["stray"]
    assert all(case.refused for case in two.cases if case.reason)
    assert "the model takes 1: MRI" in reasons(find(folder))["a"]
    zero = find(folder, ("T2w", "T1w"), InputChoice(zero=True))
    assert [case.images[0] is None for case in zero.cases if case.name == "b"] == [True]


def test_a_patient_s_number_or_a_year_is_no_channel(tmp_path: Path) -> None:
    names = ("Img_0069.nii.gz", "Img_0070.nii.gz", "scan_2019.nii.gz", "scan_0001.nii.gz")
    folder = touch(tmp_path / "in", *names)
    found = find(folder)
    assert (found.layout, predicted(found)) == (Layout.PLAIN, ["Img_0069", "Img_0070", "scan_0001", "scan_2019"])
    assert predicted(find([folder / name for name in names])) == predicted(found)
    for name in names:
        assert predicted(find(folder / name)) == [name.removesuffix(".nii.gz")]
    pair = find([folder / "Img_0069.nii.gz", folder / "Img_0070.nii.gz"], ("T2w", "T1w"))
    assert predicted(pair) == ["Img_0069"]
    assert predicted(find([folder / "scan_0001.nii.gz", folder / "Img_0070.nii.gz"], ("T2w", "T1w"))) == ["scan"]


def test_numbers_beyond_the_model_s_channels_beside_a_first_one_are_refused_and_never_mixed(tmp_path: Path) -> None:
    names = ("Img_0000.nii.gz", *(f"Img_00{number}.nii.gz" for number in range(60, 70)), "x_0069.nii.gz")
    found = find(touch(tmp_path / "in", *names))
    assert predicted(found) == []
    told = reasons(found)
    assert set(told) == {"Img", "x_0069"}
    assert "0064 and 5 more found, and the model takes 1: MRI; if these are images of several patients" in told["Img"]
    assert "x_0069.nii.gz is not named CASE_0000.nii.gz, as others of its folder are" in told["x_0069"]
    assert all(case.refused for case in found.cases)


def test_a_folder_of_images_without_numbers_is_taken_image_by_image_and_said_to_be(tmp_path: Path) -> None:
    folder = touch(tmp_path / "in", "x.nii.gz", "y.nii", "z.nii", "z.nii.gz", "notes.txt")
    found = find(folder)
    assert (found.layout, predicted(found)) == (Layout.PLAIN, ["x", "y"])
    assert "both a .nii and a .nii.gz" in reasons(found)["z"]
    assert "no file is named CASE_0000.nii.gz: each of its 4 images" in found.notes[0]
    with pytest.raises(UsageError, match="CASE_0000.nii.gz, CASE_0001"):
        find(folder, ("T2w", "T1w"))


def test_files_are_cases_or_the_channels_of_one(tmp_path: Path) -> None:
    touch(tmp_path, "x_0000.nii.gz", "sub-1_ses-2_T2w.nii.gz")
    files = [tmp_path / "x_0000.nii.gz", tmp_path / "sub-1_ses-2_T2w.nii.gz"]
    one = find(files)
    assert (one.layout, predicted(one)) == (Layout.FILES, ["sub-1_ses-2_T2w", "x"])
    assert one.cases[0].folder == "sub-1/ses-2/anat"
    two = find(files, ("T2w", "T1w"))
    assert (predicted(two), two.cases[0].images) == (["x"], tuple(files))
    with pytest.raises(UsageError, match="the model takes 2 images a case, T2w, T1w"):
        find(files[:1], ("T2w", "T1w"))


def test_an_image_that_was_not_downloaded_is_a_case_to_be_refused_on_reading(tmp_path: Path) -> None:
    link = tmp_path / "a.nii.gz"
    link.symlink_to(tmp_path / "nowhere")
    assert predicted(find(link)) == ["a"]
    assert predicted(find(tmp_path)) == ["a"]


def test_names_that_are_no_text_are_spelt(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9_0000.nii.gz")
    touch(tmp_path, name, os.fsdecode(b"\xe9.nii.gz"))
    found = find(tmp_path)
    texts = [text for case in found.cases for text in (case.name, *case.sources, case.reason)]
    assert all(text.encode("utf-8").decode("utf-8") == text for text in texts)
    assert [case.images for case in found.cases if not case.reason] == [(tmp_path / name,)]


Prepare = Callable[[Path], Path | list[Path]]


@pytest.mark.parametrize(
    ("prepare", "choice", "error", "words"),
    [
        (lambda at: at / "nowhere", ALL, DataRefusedError, "nothing at"),
        (lambda at: touch(at / "in", "notes.txt"), ALL, DataRefusedError, "found none"),
        (lambda at: touch(at / "in", "notes.txt") / "notes.txt", ALL, DataRefusedError, "that end in"),
        (lambda at: [touch(at / "a"), touch(at / "b")], ALL, UsageError, "one folder"),
        (lambda at: touch(at / "in", "x.nii.gz"), InputChoice(suffixes=("T2w",)), UsageError, "need a BIDS folder"),
        (lambda at: [touch(at / "a", "x.nii") / "x.nii", touch(at / "b", "x.nii") / "x.nii"], ALL, UsageError, "x;"),
    ],
)
def test_what_cannot_be_an_input_is_told(
    tmp_path: Path, prepare: Prepare, choice: InputChoice, error: type[NnunetExtError], words: str
) -> None:
    with pytest.raises(error, match=words):
        find(prepare(tmp_path), choice=choice)


def test_a_subject_s_folder_is_told_from_a_dataset(bids: SmallBids) -> None:
    bids.image("sub-1_T2w")
    with pytest.raises(DataRefusedError, match="--participant-label"):
        find(bids.root / "sub-1")
    assert predicted(find(bids.root / "sub-1" / "anat")) == ["sub-1_T2w"]


@pytest.mark.parametrize("choice", [InputChoice(participants=("2",)), InputChoice(sessions=("1",))])
def test_a_subject_or_session_that_is_not_there_is_told(bids: SmallBids, choice: InputChoice) -> None:
    bids.image("sub-10_T2w")
    with pytest.raises(UsageError, match="not found in"):
        find(bids.root, choice=choice)


def test_nothing_is_written_while_looking(bids: SmallBids, tree_hash: Callable[[Path], str]) -> None:
    bids.case("sub-1_T2w")
    for folder, _, files in os.walk(bids.root):
        for name in files:
            (Path(folder) / name).chmod(0o400)
    before = tree_hash(bids.root)
    find(bids.root)
    assert tree_hash(bids.root) == before
