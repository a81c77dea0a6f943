import os
import shutil
from pathlib import Path

import pytest

from nnunet_ext.core.dataset_files.preprocessed import Preprocessed, RawCase

Cases = dict[str, RawCase]


@pytest.fixture
def cases(tmp_path: Path) -> Cases:
    """Three cases with an image and a label map each."""
    made = {}
    for name in "abc":
        image, label = tmp_path / f"{name}_0000.nii.gz", tmp_path / f"{name}.nii.gz"
        image.write_text(f"image of {name}")
        label.write_text(f"label of {name}")
        made[name] = RawCase((image,), label, f"digest of {name}")
    return made


@pytest.fixture
def done(tmp_path: Path, cases: Cases) -> Preprocessed:
    """What nnU-Net made of them, not yet recorded."""
    made = Preprocessed(tmp_path / "preprocessed" / "nnUNetPlans_3d", "so")
    made.folder.mkdir(parents=True)
    (made.folder.parent / "gt_segmentations").mkdir()
    for name, case in cases.items():
        for ending in (".pkl", ".b2nd", "_seg.b2nd"):
            (made.folder / f"{name}{ending}").write_text(name)
        shutil.copyfile(case.label, made.folder.parent / "gt_segmentations" / case.label.name)
    return made


def test_what_nnunet_has_just_made_holds_recorded_or_not(done: Preprocessed, cases: Cases) -> None:
    assert done.outdated(cases) == []
    done.note(cases)
    assert done.outdated(cases) == []
    assert done.strangers(cases) == []


@pytest.mark.parametrize("kind", ["image", "label"])
def test_without_a_record_a_case_whose_file_is_younger_is_out_of_date(
    done: Preprocessed, cases: Cases, kind: str
) -> None:
    file = cases["b"].label if kind == "label" else cases["b"].images[0]
    later = (done.folder / "b.pkl").stat().st_mtime_ns + 1
    os.utime(file, ns=(later, later))
    assert done.outdated(cases) == ["b"]


def test_without_a_record_another_label_map_is_seen_though_it_is_older(done: Preprocessed, cases: Cases) -> None:
    cases["c"].label.write_text("corrected last week, copied today with its time")
    os.utime(cases["c"].label, ns=(1, 1))
    assert done.outdated(cases) == ["c"]


def test_a_recorded_case_with_other_content_is_out_of_date_until_nnunet_makes_it_again(
    done: Preprocessed, cases: Cases
) -> None:
    done.note(cases)
    changed = cases | {"a": RawCase(cases["a"].images, cases["a"].label, "another digest")}
    assert done.outdated(changed) == ["a"]
    later = done.record.stat().st_mtime_ns + 1
    os.utime(done.folder / "a.pkl", ns=(later, later))
    assert done.outdated(changed) == []


def test_plans_that_preprocess_otherwise_make_every_recorded_case_out_of_date(done: Preprocessed, cases: Cases) -> None:
    done.note(cases)
    assert Preprocessed(done.folder, "otherwise").outdated(cases) == ["a", "b", "c"]


def test_a_missing_case_and_a_stranger_are_named_and_a_removed_one_is_gone(done: Preprocessed, cases: Cases) -> None:
    done.note(cases)
    done.remove("a")
    assert done.outdated(cases) == ["a"]
    del cases["b"]
    assert done.strangers(cases) == ["b"]
    assert not list(done.folder.glob("a[._]*"))


def test_a_torn_record_is_no_record(done: Preprocessed, cases: Cases) -> None:
    done.note(cases)
    done.record.write_text(done.record.read_text()[:40])
    assert done.outdated(cases) == []
