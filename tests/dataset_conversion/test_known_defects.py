"""Defects that converters of the field were shown to have, by their number in the list, which ours must not have."""

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

import numpy as np
import pytest

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.nifti_read import read_volume
from tests.conftest import SmallBids
from tests.dataset_conversion.lab import CORD, GRID, LESION, Lab, TreeHash, edit_header, number_box, save

MakeBids = Callable[[str], SmallBids]
FOLDERS = ("imagesTr", "imagesTs", "labelsTr", "labelsTs")
TEXTS = {".tsv", ".json", ".log", ".html", ".txt", ".md"}
TWENTY = tuple(f"sub-{number}" for number in range(1, 21))


@pytest.fixture
def lab(bids: SmallBids, tmp_path: Path, tree_hash: TreeHash) -> Lab:
    return Lab(bids, tmp_path, tree_hash)


def cords(lab: Lab, *stems: str) -> None:
    for stem in stems:
        lab.bids.image(stem)
        lab.label(f"{stem}_label-SC_seg", CORD)


# 1
def test_test_patients_are_tested_on_and_nowhere_else_whatever_names_begin_alike(lab: Lab) -> None:
    cords(lab, *(f"{subject}_T2w" for subject in TWENTY))
    tested = {"sub-17", "sub-18", "sub-2", "sub-10"}
    lists = {"train": [name for name in TWENTY if name not in tested], "test": sorted(tested)}
    split = lab.file("split.json", json.dumps(lists))
    answer = lab.convert("--target", "cord", "--split-file", split)
    assert answer.code == 0
    expected = {f"site_{subject}_T2w": "test" if subject in tested else "train" for subject in TWENTY}
    assert answer.fates == expected
    names = {folder: {path.name.split("_")[1] for path in (answer.folder / folder).iterdir()} for folder in FOLDERS}
    assert names["imagesTs"] == names["labelsTs"] == tested
    assert names["imagesTr"] == names["labelsTr"] == set(TWENTY) - tested


# 1
@pytest.mark.parametrize("seed", ["1", "7", "42"])
def test_a_drawn_patient_takes_no_other_of_a_longer_name_along(lab: Lab, seed: str) -> None:
    for subject in TWENTY:
        cords(lab, f"{subject}_ses-1_T2w")
    plan = lab.tmp_path / "plan"
    assert lab.convert("--target", "cord", "--seed", seed, "--write-plan", plan).code == 0
    with (plan / "cases.tsv").open(newline="") as stream:
        sets = {row["subject"]: row["split"] for row in csv.DictReader(stream, delimiter="\t")}
    assert set(sets) == set(TWENTY)
    assert sorted(sets.values()) == ["test"] * 4 + ["train"] * 16


# 2
def test_the_source_is_read_only_even_where_labels_are_links_to_one_store(lab: Lab) -> None:
    """`Lab.convert` compares the dataset before and after; here what its links lead to is compared, too."""
    lab.bids.case("sub-1_T2w")
    store = lab.tmp_path / "store"
    store.mkdir()
    for number, file in enumerate(sorted(lab.bids.root.rglob("*.nii.gz"))):
        content = store / f"{number}.nii.gz"
        file.rename(content)
        file.symlink_to(os.path.relpath(content, file.parent))
    before = lab.tree_hash(store)
    for option in ((), ("--missing", "lesion=empty"), ("--unlabelled",), ("--pool",), ("--dry-run",)):
        assert lab.convert(*option, raw="_".join(("raw", *option))).code == 0
    profile = lab.profile("[classes.lesion]\nthreshold = 0.5\n[classes.sc]\nthreshold = 0.5\n")
    assert lab.convert("--profile", profile, "--resample", "nearest", raw="cut").code == 0
    assert lab.tree_hash(store) == before


# 3
def test_counts_agree_where_cases_are_skipped_and_refused_and_nnunet_finds_them_so(lab: Lab) -> None:
    from nnunetv2.experiment_planning.verify_dataset_integrity import check_cases, verify_labels
    from nnunetv2.imageio.nibabel_reader_writer import NibabelIO
    from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

    for number in range(12):
        masks = lab.bids.labels(f"sub-{number}_T2w")
        image = lab.bids.image(f"sub-{number}_T2w")
        if number in (1, 2, 3):
            masks["sc"].unlink()
        if number in (4, 5):
            image.write_bytes(image.read_bytes()[:-9])
    answer = lab.convert("--missing", "sc=skip")
    assert answer.code == 3
    counts = answer.record["images"]
    assert (counts["found"], counts["skipped"], counts["refused"]) == (12, 3, 2)
    assert counts["train"] + counts["test"] == 7
    for folder in FOLDERS:
        assert len(list((answer.folder / folder).iterdir())) == counts["train" if folder.endswith("Tr") else "test"]
    folds = json.loads((answer.folder / "splits_final.json").read_text())
    trained = {case for case, fate in answer.fates.items() if fate == "train"}
    assert all(set(fold["train"]) | set(fold["val"]) == trained for fold in folds)
    assert f"of 12 images {counts['train']} to train on, {counts['test']} to test on" in answer.said
    nnunet_finds = get_filenames_of_train_images_and_targets(str(answer.folder))
    assert set(nnunet_finds) == trained
    for files in nnunet_finds.values():
        assert check_cases(files["images"], files["label"], 1, NibabelIO)
        assert verify_labels(files["label"], NibabelIO, [0, 1, 2])


# 4
def test_a_patient_without_a_lesion_is_listed_whatever_the_policy(lab: Lab) -> None:
    lab.bids.case("sub-1_T2w")
    cords(lab, "sub-9_T2w")
    for policy, fate in (("error", "no lesion mask"), ("skip", "no lesion mask"), ("empty", ""), ("ignore", "")):
        answer = lab.convert("--missing", f"lesion={policy}", "--test-fraction", "0", raw=policy)
        row = answer.rows["site_sub-9_T2w"]
        assert fate in row["reason"]
        assert (row["status"] == "include") == (not fate)
        assert (answer.code == 3) == (policy == "error")
        assert len(answer.rows) == 2


# 5
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("which", ["sc", "lesion"])
def test_an_origin_4_mm_off_is_refused(lab: Lab, which: str, axis: int) -> None:
    lab.bids.image("sub-1_T2w")
    moved = GRID.copy()
    moved[axis, 3] += 4.0
    lab.label("sub-1_T2w_label-SC_seg", CORD, affine=moved if which == "sc" else GRID)
    file = lab.label("sub-1_T2w_label-lesion_seg", LESION, affine=moved if which == "lesion" else GRID)
    said = lab.refuses_all()
    assert f"{file.name if which == 'lesion' else 'sub-1_T2w_label-SC_seg.nii.gz'}: the mask lies 4.00 mm" in said
    answer = lab.convert("--resample", "nearest", raw="resampled")  # once it is known to be right
    shift = {0: (-4, 0), 1: (4, 1), 2: (2, 2)}[axis]
    expected = {"sc": CORD, "lesion": LESION} | {which: _shifted({"sc": CORD, "lesion": LESION}[which], *shift)}
    written = np.where(expected["lesion"] > 0, 2, expected["sc"])
    np.testing.assert_array_equal(answer.map("site_sub-1_T2w"), written)


def _shifted(mask: np.ndarray[Any, Any], by: int, axis: int) -> np.ndarray[Any, Any]:
    moved = np.roll(mask, by, axis)
    edge = [slice(None)] * 3
    edge[axis] = slice(None, by) if by > 0 else slice(by, None)
    moved[tuple(edge)] = 0
    return moved


class _Shuffled:
    """What `os.scandir` gives, in another order."""

    def __init__(self, entries: Any, random: Random) -> None:  # noqa: ANN401 - os.scandir's own type has no name
        with entries:
            self._entries = list(entries)
        random.shuffle(self._entries)
        self._left = iter(self._entries)

    def __iter__(self) -> Iterator[os.DirEntry[str]]:
        return self._left

    def __next__(self) -> os.DirEntry[str]:
        return next(self._left)

    def __enter__(self) -> "_Shuffled":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._left = iter(())


# 6
def test_the_order_in_which_the_disk_lists_files_changes_no_byte(
    make_bids: MakeBids, tmp_path: Path, tree_hash: TreeHash, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = []
    for name in ("zurich", "basel"):
        one = Lab(make_bids(name), tmp_path, tree_hash)
        roots.append(one.bids.root)
        for number in range(7):
            one.bids.case(f"sub-{number}_ses-1_T2w")
            one.bids.case(f"sub-{number}_ses-2_T1w")
        one.bids.image("sub-8_T2w")
    real = os.scandir
    hashes = set()
    for seed in range(3):
        random = Random(seed)
        monkeypatch.setattr(os, "scandir", lambda path=".", random=random: _Shuffled(real(path), random))
        answer = one.convert(bids=tuple(random.sample(roots, 2)), raw=f"raw{seed}")
        monkeypatch.setattr(os, "scandir", real)
        hashes.add(tree_hash(answer.folder))
        assert answer.record["images"]["found"] == 30
    assert len(hashes) == 1


# 7
def test_what_stands_in_the_path_above_a_dataset_says_nothing_of_it(lab: Lab) -> None:
    for number in range(5):
        lab.bids.case(f"sub-{number}_T2w")
    here = lab.convert()
    hashes = {lab.tree_hash(here.folder)}
    for above in ("sci-zurich", "sci-colorado/canproco", "spine-generic/dcm-zurich-lesions/labelsTr"):
        root = lab.tmp_path / above / "site"
        shutil.copytree(lab.bids.root, root)
        there = lab.convert(bids=(root,), raw=above.replace("/", "-"))
        hashes.add(lab.tree_hash(there.folder))
    assert len(hashes) == 1


# 7
@pytest.mark.parametrize("name", ["my-data", "sci", "1", "A_b-C", "site_of_sub-1_T2w", "derivatives"])
def test_a_dataset_of_any_name_is_converted(lab: Lab, name: str) -> None:
    lab.bids.case("sub-1_T2w")
    answer = lab.convert(bids=(f"{name}={lab.bids.root}",))
    assert answer.fates == {f"{name}_sub-1_T2w": "test"}
    assert answer.rows[f"{name}_sub-1_T2w"]["site"] == name


# 8
def test_neighbours_on_an_exclude_list_are_all_excluded_before_patients_are_drawn(lab: Lab) -> None:
    cords(lab, *(f"{subject}_T2w" for subject in TWENTY))
    text = "T2w:\n- sub-1\n- sub-2 # next to it\n- sub-3_T2w\ncord_csa:\n- sub-4\n- sub-4\n- sub-5\n- sub-21\n"
    answer = lab.convert("--target", "cord", "--exclude", lab.file("exclude.yml", text))
    kept = {case: fate for case, fate in answer.fates.items() if fate in ("train", "test")}
    assert set(kept) == {f"site_sub-{number}_T2w" for number in range(6, 21)}
    assert sorted(kept.values()) == ["test"] * 3 + ["train"] * 12  # a fifth of those that are left
    assert answer.record["images"]["skipped"] == 5
    assert "the exclude list names 'sub-21', which no image has" in answer.said


def tumour(lab: Lab, stem: str) -> None:
    lab.bids.image(stem)
    for number, name in enumerate(("tumor", "cavity", "edema")):
        lab.label(f"{stem}_seg-{name}", number_box(number))


# 9
def test_channels_are_paired_by_what_they_are_and_not_by_their_order(lab: Lab) -> None:
    for subject in ("sub-1", "sub-10", "sub-2"):
        for session in ("ses-1", "ses-2", "ses-10"):
            if (subject, session) != ("sub-1", "ses-2"):  # one is missing, and would shift all that follow
                lab.bids.image(f"{subject}_{session}_ce-gad_T1w")
            tumour(lab, f"{subject}_{session}_T2w")
    answer = lab.convert("--target", "tumor-only")
    assert answer.code == 0
    assert "no image of channel T1w-gad" in answer.fates["site_sub-1_ses-2_T2w"]
    paired = [case for case, fate in answer.fates.items() if fate in ("train", "test")]
    assert len(paired) == 8
    for case in paired:
        subject, session = answer.rows[case]["subject"], f"ses-{answer.rows[case]['session']}"
        for number, contrast in enumerate(("T2w", "ce-gad_T1w")):
            file = lab.bids.root / subject / session / "anat" / f"{subject}_{session}_{contrast}.nii.gz"
            np.testing.assert_array_equal(answer.channel(case, number), read_volume(file).data)


# 9
def test_a_missing_channel_is_zero_only_where_that_was_asked_for(lab: Lab) -> None:
    tumour(lab, "sub-1_T2w")
    assert "no image of channel T1w-gad" in lab.refuses_all("--target", "tumor-only", "--missing", "T1w-gad=error")
    answer = lab.convert("--target", "tumor-only", "--missing", "T1w-gad=zero")
    assert not answer.channel("site_sub-1_T2w", 1).any()
    assert answer.channel("site_sub-1_T2w", 0).any()
    assert answer.rows["site_sub-1_T2w"]["missing_channels"] == "1"


# 10
def test_two_contrasts_of_a_patient_are_two_cases_each_with_its_own_label(lab: Lab) -> None:
    for number, stem in enumerate(f"sub-{subject}_{contrast}" for subject in range(4) for contrast in ("T1w", "T2w")):
        cords(lab, stem)
        lab.label(f"{stem}_label-lesion_seg", number_box(number))
    answer = lab.convert()
    assert answer.code == 0
    assert len(answer.rows) == 8
    for number, case in enumerate(sorted(answer.rows)):
        np.testing.assert_array_equal(answer.map(case), CORD + number_box(number))


# 10
def test_a_dataset_without_any_label_is_refused_and_not_written_empty(lab: Lab) -> None:
    for number in range(3):
        lab.bids.image(f"sub-{number}_T2w")
    assert "of 3 images none could be used; nothing was written" in lab.refuses_all()


# 11
def test_contrasts_of_two_sessions_or_runs_are_never_made_one_case(lab: Lab) -> None:
    tumour(lab, "sub-1_ses-1_T2w")
    lab.bids.image("sub-1_ses-2_ce-gad_T1w")
    tumour(lab, "sub-2_ses-1_run-1_T2w")
    lab.bids.image("sub-2_ses-1_run-2_ce-gad_T1w")
    lab.bids.image("sub-2_ses-1_ce-gad_T1w")
    tumour(lab, "sub-3_ses-1_T2w")
    lab.bids.image("sub-3_ses-1_ce-gad_T1w")
    answer = lab.convert("--target", "tumor-only")
    assert answer.code == 0
    assert [case for case, fate in answer.fates.items() if fate in ("train", "test")] == ["site_sub-3_ses-1_T2w"]
    assert len(answer.rows) == 6
    assert all("of the same subject, session and run" in fate for fate in answer.fates.values() if fate != "test")


# 12, 13
def test_everything_that_was_said_stands_in_the_record(lab: Lab) -> None:
    lab.bids.case("sub-1_T2w")
    lab.bids.image("sub-2_T2w")
    lab.bids.case("sub-3_T2w")
    answer = lab.convert("--exclude", lab.file("exclude.txt", "sub-3 # artefact\nsub-4\n"))
    said = [line.split(": ", 2) for line in answer.said.splitlines() if line.startswith("nnunet_ext convert: ")]
    kept = {"assumed": answer.record["assumptions"], "warning": answer.record["warnings"]}
    assert [text for _, kind, text in said if kind in kept] == kept["assumed"] + kept["warning"]
    log = (answer.folder / "convert.log").read_text()
    for word in ("artefact", "sub-4", "no sc mask", "1 refused"):
        assert word in log


# 14
def test_regions_keep_their_values_and_are_not_made_one(lab: Lab) -> None:
    lab.bids.case("sub-1_T2w")
    answer = lab.convert()
    assert sorted(np.unique(answer.map("site_sub-1_T2w"))) == [0, 1, 2]
    description = json.loads((answer.folder / "dataset.json").read_text())
    assert description["labels"] == {"background": 0, "sc": [1, 2], "lesion": 2}
    assert description["regions_class_order"] == [1, 2]


def test_nothing_that_is_written_says_where_on_whose_disk_it_was(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(lab.tmp_path)
    for number in range(4):
        lab.bids.case(f"sub-{number}_T2w")
    image = lab.bids.image("sub-7_T2w")
    save(image, np.zeros((3, 3), np.int16))
    edit_header(lab.bids.case("sub-8_T2w"), sform_code=0, qform_code=0)
    lab.bids.image("sub-9_T2w")
    write_text(lab.bids.root / "exclude.yml", "- sub-1\n- sub-99\n")
    profile = lab.profile("[participants]\n")
    write_text(profile, 'exclude_file = "exclude.yml"\n' + profile.read_text())
    answer = lab.convert("--profile", profile, "--exclude", lab.file("mine.txt", f"{lab.tmp_path}/site/sub-2\n"))
    assert answer.code == 3
    plan = lab.tmp_path / "plan"
    lab.convert("--write-plan", plan, raw="elsewhere")
    folders = (answer.folder, plan)
    texts = {path: path.read_text() for f in folders for path in f.rglob("*") if path.suffix in TEXTS}
    assert {path.name for path in texts} >= {"cases.tsv", "conversion.json", "dataset.json", "convert.log", "qc.html"}
    secrets = (str(lab.tmp_path), f"{Path.home()}/")
    assert [(path.name, secret) for path, text in texts.items() for secret in secrets if secret in text] == []
