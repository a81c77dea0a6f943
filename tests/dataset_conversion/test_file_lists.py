import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.dataset_conversion.file_lists import FileList, ListEntry, load_file_list

LAYOUTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "layouts"
LABELS = st.from_regex(r"[A-Za-z]{0,4}[0-9]{1,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("entry", "image"),
    [
        ("sub-1", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("1", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("sub-1_ses-2", "sub-1/ses-2/anat/sub-1_ses-2_acq-sag_T2w.nii.gz"),
        ("sub-1/ses-2", "sub-1/ses-2/anat/sub-1_ses-2_acq-sag_T2w.nii.gz"),
        ("sub-1_ses-2_acq-sag_T2w", "sub-1/ses-2/anat/sub-1_ses-2_acq-sag_T2w.nii.gz"),
        ("sub-1_T2w.nii.gz", "sub-1/anat/sub-1_T2w.nii"),
        ("sub-1/anat/sub-1_T2w.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("sub-1\\anat\\sub-1_T2w.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("/data/copy/sub-1/sub-1_T2w.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("sub-1_T2w_lesion-manual.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("derivatives/labels/sub-1/anat/sub-1_T2w_label-SC_seg.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("beijingVerio", "sub-beijingVerio01/anat/sub-beijingVerio01_T2w.nii.gz"),
        ("tokyo750w", "sub-tokyo750w01/anat/sub-tokyo750w01_T2w.nii.gz"),
        ("A/sub-1", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("A_sub-1_T2w", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("/data/A/sub-1", "sub-1/anat/sub-1_T2w.nii.gz"),
    ],
)
def test_an_entry_finds_what_it_names(entry: str, image: str) -> None:
    assert _list(entry).matches("A", image) == ListEntry(entry)


@pytest.mark.parametrize(
    ("entry", "image"),
    [
        ("sub-1", "sub-10/anat/sub-10_T2w.nii.gz"),
        ("1", "sub-10/anat/sub-10_T2w.nii.gz"),
        ("zh1", "sub-zh10/anat/sub-zh10_T2w.nii.gz"),
        ("sub-1_ses-2", "sub-1/ses-20/anat/sub-1_ses-20_T2w.nii.gz"),
        ("sub-1/ses-2", "sub-1/ses-20/anat/sub-1_ses-20_T2w.nii.gz"),
        ("sub-1_T2w", "sub-1/anat/sub-1_acq-sag_T2w.nii.gz"),
        ("sub-1_T1w_lesion-manual.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("beijingVerio", "sub-beijingVerioX01/anat/sub-beijingVerioX01_T2w.nii.gz"),
        ("beijing", "sub-beijingVerio01/anat/sub-beijingVerio01_T2w.nii.gz"),
        ("B/sub-1", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("/data/B/sub-1", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("elsewhere/sub-1_T2w.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("B_sub-1_T2w", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("T2w", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("anat", "sub-1/anat/sub-1_T2w.nii.gz"),
    ],
)
def test_an_entry_leaves_others_alone(entry: str, image: str) -> None:
    found = _list(entry)
    assert found.matches("A", image) is None
    assert found.unmatched([("A", image)]) == (ListEntry(entry),)


@given(subjects=st.lists(LABELS, min_size=2, max_size=8, unique=True))
def test_a_subject_finds_its_own_images_only(subjects: list[str]) -> None:
    images = {label: f"sub-{label}/anat/sub-{label}_acq-ax_T2w.nii.gz" for label in subjects}
    one = _list(f"sub-{subjects[0]}")
    assert [label for label, image in images.items() if one.matches("A", image)] == subjects[:1]


@pytest.mark.parametrize(
    "text",
    [
        "- sub-1  # motion\n- '02'\n",
        "csa_t2:\n- sub-1  # motion\nmtr:\n  siteA:\n  - 02\n",
        "t2: [sub-1]\nt2: [02]\n",
        '{"t2": ["sub-1", "02"], "t1": [], "mt": null}',
        "t2: sub-1  # motion\nother:\n- 02\nnone:\n",
    ],
)
def test_every_shape_of_yaml_gives_its_values_as_text(tmp_path: Path, text: str) -> None:
    found = load_file_list(_write(tmp_path / "exclude.yml", text))
    assert [entry.text for entry in found.entries] == ["sub-1", "02"]
    assert found.matches("A", "sub-02/anat/sub-02_T2w.nii.gz") == found.entries[1]
    assert {entry.reason for entry in found.entries} <= {"motion", ""}
    assert ("# motion" in text) == (found.entries[0].reason == "motion")


def test_plain_text_is_one_entry_a_line(tmp_path: Path) -> None:
    found = load_file_list(_write(tmp_path / "list.txt", "# checked in May\n\n  sub-1  # motion\r\nsub-2_T2w.nii.gz\n"))
    assert found.entries == (ListEntry("sub-1", "motion"), ListEntry("sub-2_T2w.nii.gz"))


@pytest.mark.parametrize("name", ["empty.yml", "empty.txt"])
def test_an_empty_list_names_nothing(tmp_path: Path, name: str) -> None:
    found = load_file_list(_write(tmp_path / name, "# nothing yet\n"))
    assert found.entries == ()
    assert found.matches("A", "sub-1/anat/sub-1_T2w.nii.gz") is None


@pytest.mark.parametrize(
    ("heading", "entry", "suffix", "listed"),
    [
        ("t2w", "sub-1", "T2w", True),
        ("t2w", "sub-1", "T1w", False),
        ("PSIR", "sub-1", "T2w", False),
        ("T2w", "sub-1_T1w", "T1w", True),  # the entry itself is more exact than its heading
        ("t2", "sub-1", "T1w", True),
        ("T2star", "sub-1", "T2starw", True),
        ("mtr", "sub-1", "T2w", True),
        ("csa_gm", "sub-1", "T2w", True),
    ],
)
def test_a_heading_narrows_only_where_it_is_a_contrast_of_one_spelling(
    tmp_path: Path, heading: str, entry: str, suffix: str, listed: bool
) -> None:
    found = load_file_list(_write(tmp_path / "exclude.yml", f"{heading}:\n- {entry}\n"))
    assert (found.matches("A", f"sub-1/anat/sub-1_{suffix}.nii.gz") is not None) == listed


def test_a_heading_that_is_a_dataset_ties_its_entries_to_it(tmp_path: Path) -> None:
    found = load_file_list(_write(tmp_path / "include.yml", "A:\n- sub-1\nC:\n- sub-2\n"), ["A", "B"])
    assert [found.matches(name, "sub-1_T2w") is not None for name in "AB"] == [True, False]
    assert [found.matches(name, "sub-2_T2w") is not None for name in "AB"] == [True, True]


def test_the_first_of_several_entries_gives_the_reason_and_all_count_as_found(tmp_path: Path) -> None:
    text = "- sub-3  # gone\n- sub-1  # motion\n- sub-1_T2w  # blurred\n"
    found = load_file_list(_write(tmp_path / "exclude.yml", text))
    image = "sub-1/anat/sub-1_T2w.nii.gz"
    assert found.matches("A", image) == ListEntry("sub-1", "motion")
    assert [entry.reason for entry in found.unmatched([("A", image)])] == ["gone"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("t1: [sub-1\n", "YAML was needed"),
        ("sub-1:\n- T2w\n", "line 1.*found sub-1 as the heading"),
        ("t1:\n- sub-1: motion\n", "line 2.*found sub-1 as the heading"),
        ("? [a, b]\n: sub-1\n", "found a list as the heading"),
        ("a: &x\n- sub-1\nb: *x\n", "alias"),
        ("&x [*x]\n", "alias"),
        ("sub-1\nsub-2\n", r"found the text 'sub-1 sub-2'.*\.txt"),
        ("--- [sub-1]\n--- [sub-2]\n", "YAML was needed"),
    ],
)
def test_a_file_that_is_no_list_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    file = _write(tmp_path / "exclude.yml", text)
    with pytest.raises(FileRefusedError, match=told) as refused:
        load_file_list(file)
    assert refused.value.path == file


def test_a_missing_file_a_folder_and_a_binary_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "image.txt"
    binary.write_bytes(b"\x1f\x8b\xff\xfe")
    for path in (tmp_path / "none.yml", tmp_path, binary):
        with pytest.raises(FileRefusedError, match="a list was needed"):
            load_file_list(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(("name", "text"), [("a.yml", "- sub-1  # für\n- sub-2\n"), ("a.txt", "sub-1 # für\nsub-2\n")])
def test_a_list_is_read_in_whatever_encoding_an_editor_saved_it(
    tmp_path: Path, name: str, text: str, encoding: str
) -> None:
    (tmp_path / name).write_bytes(text.encode(encoding))
    found = load_file_list(tmp_path / name)
    assert [(entry.text, entry.reason) for entry in found.entries] == [("sub-1", "für"), ("sub-2", "")]


def test_a_list_nested_too_deep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"deep\.yml: YAML was needed, found: brackets nested too deep"):
        load_file_list(_write(tmp_path / "deep.yml", "[" * 5000))


def test_the_real_list_of_spine_generic_finds_its_subjects_and_sites() -> None:
    listing, file = LAYOUTS / "spine_generic_multi_subject.txt.gz", LAYOUTS / "spine_generic_exclude.yml"
    if not (listing.is_file() and file.is_file()):
        pytest.skip("no real layouts beside the checkout")
    images = [
        path
        for path in gzip.decompress(listing.read_bytes()).decode().split()
        if path.startswith("sub-") and "nii" in path
    ]
    found = load_file_list(file)
    lines = [line for line in file.read_text().splitlines() if line.startswith("- ")]
    assert [f"- {entry.text}  # {entry.reason}" for entry in found.entries] == lines
    listed = {image.split("/")[0] for image in images if found.matches("spine-generic", image)}
    everyone = {image.split("/")[0] for image in images}
    sites = ("sub-beijingVerio", "sub-stanford", "sub-fslAchieva")
    named = {entry.text for entry in found.entries}
    assert listed == {subject for subject in everyone if subject in named or subject.startswith(sites)}
    assert all(entry.text not in everyone for entry in found.unmatched(("spine-generic", image) for image in images))


def _list(entry: str) -> FileList:
    return FileList((ListEntry(entry),), frozenset({"A", "B"}))


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
