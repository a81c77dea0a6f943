import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cascade.box import Box, Margins, outside
from nnunet_ext.cascade.cords import find_cords
from nnunet_ext.cascade.crop_dataset import CropOptions, Cropping, crop_dataset
from nnunet_ext.cascade.crop_table import COLUMNS
from nnunet_ext.cli.main import main
from nnunet_ext.core.dataset_files.description import DESCRIPTION
from nnunet_ext.core.dataset_files.digests import read_digests
from nnunet_ext.core.dataset_files.fingerprint import fingerprint
from nnunet_ext.core.errors import ConflictError, DataRefusedError, UsageError
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.tables import read_table
from nnunet_ext.core.volume import Array
from tests.cascade.field import AFFINE, AIR, CORD, LESION, SHAPE, Field, drawn
from tests.conftest import SmallBids

Hash = Callable[[Path], str]

WIDE = Margins(superior=4, inferior=4, left=3, right=3, anterior=3, posterior=3)
STILL = CropOptions(margins=WIDE, jitter_mm=(0, 0))
TRAIN = ("a", "b", "c")


def crop(field: Field, options: CropOptions = STILL, n_procs: int = 1, **cords: Array | None) -> Cropping:
    """Box the dataset of `field` with these predicted cords, the true one where none is named."""
    folder = field.root / "cords"
    for case in {"a", "b", "c", "t"} - set(cords):
        cords[case] = drawn(CORD)
    for case, mask in cords.items():
        if mask is not None:
            field.cord(case, mask)
    return crop_dataset(field.source, field.boxed, find_cords([folder]), options, n_procs=n_procs)


def rows(dataset: RawDataset) -> dict[str, dict[str, str]]:
    return {row["case"]: row for row in read_table(dataset.folder / "crop.tsv")}


def box_of(row: dict[str, str]) -> Box:
    (i, i2), (j, j2), (k, k2) = (map(int, ends.split(":")) for ends in row["box"].split(";"))
    return Box((i, j, k), (i2, j2, k2))


def record(dataset: RawDataset) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((dataset.folder / "crop.json").read_text())
    return content


@pytest.fixture
def field(tmp_path: Path) -> Field:
    made = Field(tmp_path)
    made.write(TRAIN, ["t"])
    return made


def test_outside_the_box_every_channel_is_zero_and_inside_each_is_as_it_was(tmp_path: Path) -> None:
    field = Field(tmp_path)
    field.write(TRAIN, channels=2)
    done = crop(field)
    # 4 mm are two slices and 3 mm three voxels beyond the cord.
    box = Box((15, 13, 1), (25, 23, 23))
    for channel in range(2):
        before, after = (read_volume(each.image("a", "train", channel)) for each in (field.source, done.dataset))
        np.testing.assert_array_equal(after.data[box.slices], before.data[box.slices])
        assert np.count_nonzero(after.data) == np.count_nonzero(before.data[box.slices]) > 0
        np.testing.assert_array_equal(after.affine, before.affine)
        assert after.data.dtype == before.data.dtype
    assert box_of(rows(done.dataset)["a"]) == box
    assert rows(done.dataset)["a"]["kept_share"] == f"{box.voxels / np.prod(SHAPE):.4f}"


def test_labels_are_the_same_bytes_and_the_source_is_never_written(field: Field, tree_hash: Hash) -> None:
    before = tree_hash(field.source.folder)
    boxed = crop(field).dataset
    assert tree_hash(field.source.folder) == before
    for case, split in [*((case, "train") for case in TRAIN), ("t", "test")]:
        assert boxed.label(case, split).read_bytes() == field.source.label(case, split).read_bytes()
        assert not boxed.label(case, split).samefile(field.source.label(case, split))


def test_the_description_keeps_its_keys_in_order_and_says_how_it_was_cropped(field: Field) -> None:
    boxed = crop(field, replace(STILL, seed=7)).dataset
    before, after = field.source.read_dataset_json(), boxed.read_dataset_json()
    assert list(after) == [*before, "crop"]
    assert list(after["labels"]) == ["background", "sc", "lesion"]
    assert {key: after[key] for key in before} == before
    assert after["crop"] == {
        "source": "Dataset501_Wide",
        "margins_mm": WIDE.by_face(),
        "random_margins_mm": [0, 0],
        "seed": 7,
    }
    assert json.loads((boxed.folder / "crop_metadata.json").read_text()) == WIDE.content()
    lines = (boxed.folder / "crop_metadata.yaml").read_text().splitlines()
    assert {key: float(mm) for key, mm in (line.split(": ") for line in lines)} == WIDE.content()
    for name in ("splits_final.json", "cases.tsv"):
        assert (boxed.folder / name).read_bytes() == (field.source.folder / name).read_bytes()
    assert not (boxed.folder / "conversion.json").exists()
    assert list(record(boxed)["columns"]) == list(COLUMNS) == list(rows(boxed)["a"])


def test_a_box_that_would_cut_labels_is_widened_and_this_is_reported(field: Field) -> None:
    half = drawn(Box(CORD.start, (22, 20, 9)))
    done = crop(field, b=half)
    row = rows(done.dataset)["b"]
    # The box ends two slices beyond the predicted half: slices 11 to 20 of the true cord are outside.
    assert row["label_voxels_at_risk"] == str(4 * 4 * 10)
    assert row["widened"] == "yes"
    assert outside(drawn(CORD, LESION), box_of(row)) == 0
    assert box_of(row).stop[2] == CORD.stop[2]
    assert rows(done.dataset)["a"]["widened"] == "no"
    assert (done.counts.widened, done.counts.label_voxels_at_risk) == (1, 160)


def test_the_box_of_a_test_case_is_not_helped_by_its_labels(field: Field) -> None:
    done = crop(field, CropOptions(margins=WIDE), t=drawn(Box(CORD.start, (22, 20, 9))))
    row = rows(done.dataset)["t"]
    assert row["split"] == "test"
    assert box_of(row) == Box((15, 13, 1), (25, 23, 11))
    assert (row["label_voxels_at_risk"], row["widened"]) == ("160", "no")
    assert row["margin_superior_mm"] == "4.000"
    assert done.counts.test_label_voxels_outside == 160
    assert done.counts.label_voxels_at_risk == 0


def test_margins_derive_from_the_training_cases_alone(field: Field) -> None:
    half = drawn(Box(CORD.start, (22, 20, 9)))
    done = crop(field, CropOptions(), b=half, t=drawn(Box(CORD.start, (22, 20, 4))))
    need = record(done.dataset)["margins_derived_from"]
    superior = need["faces"]["superior"]
    assert superior == {"mm": 29, "needed_mm": 24, "case": "b", "without_it_mm": 0, "case_left_out": False}
    assert need["cases"] == 3
    assert done.margins.by_face() == {**dict.fromkeys(WIDE.by_face(), 5), "superior": 29}
    assert (done.counts.widened, done.counts.label_voxels_at_risk) == (0, 0)


def test_training_boxes_vary_within_the_bounds_by_the_seed_and_not_by_the_processes(
    field: Field, tree_hash: Hash, tmp_path: Path
) -> None:
    options = CropOptions(margins=WIDE, jitter_mm=(-2, 6), seed=3)
    done = crop(field, options)
    drawn_margins = {
        case: [float(rows(done.dataset)[case][f"margin_{face}_mm"]) for face in WIDE.by_face()] for case in TRAIN
    }
    for margins in drawn_margins.values():
        for mm, still in zip(margins, WIDE.by_face().values(), strict=True):
            assert still - 2 <= mm <= still + 6
    assert len({tuple(margins) for margins in drawn_margins.values()}) == 3
    same = Field(tmp_path / "same")
    same.write(TRAIN, ["t"])
    assert tree_hash(crop(same, options, n_procs=2).dataset.folder) == tree_hash(done.dataset.folder)
    other = Field(tmp_path / "other")
    other.write(TRAIN, ["t"])
    again = crop(other, replace(options, seed=4)).dataset
    assert rows(again)["a"]["margin_left_mm"] != rows(done.dataset)["a"]["margin_left_mm"]


def test_without_a_cord_the_whole_image_is_kept_and_the_reason_told(field: Field) -> None:
    done = crop(field, b=drawn(), c=None, t=drawn())
    told = {case: (row["whole_image"], row["kept_share"]) for case, row in rows(done.dataset).items()}
    assert told == {
        "a": ("n/a", told["a"][1]),
        "b": ("the predicted cord is empty", "1.0000"),
        "c": ("no cord prediction was found", "1.0000"),
        "t": ("the predicted cord is empty", "1.0000"),
    }
    assert done.counts.whole_image == 3
    for case in "bc":
        before, after = (read_volume(each.image(case, "train")).data for each in (field.source, done.dataset))
        np.testing.assert_array_equal(after, before)


def test_voxels_that_nobody_annotated_may_be_cut(tmp_path: Path) -> None:
    labels = np.full(SHAPE, 3, dtype=np.uint8)  # of this case nothing is known, anywhere
    labels[CORD.slices] = 1
    field = Field(tmp_path, labels={"b": labels})
    field.write(TRAIN, ignore=True)
    done = crop(field, CropOptions(jitter_mm=(0, 0)))
    assert done.margins == Margins(*[5.0] * 6)
    assert box_of(rows(done.dataset)["b"]) == box_of(rows(done.dataset)["a"])
    assert done.counts.label_voxels_at_risk == 0
    assert (read_mask(done.dataset.label("b", "train")).data == 3).any()


def test_labels_in_zeros_which_nnunet_will_cut_are_counted(tmp_path: Path) -> None:
    in_air = drawn(Box((2, 16, 3), (22, 20, 21)))
    field = Field(tmp_path, labels={"b": in_air})
    field.write(TRAIN)
    done = crop(field)
    assert rows(done.dataset)["b"]["label_voxels_in_zeros"] == str((AIR - 2) * 4 * 18)
    assert rows(done.dataset)["a"]["label_voxels_in_zeros"] == "0"
    assert done.counts.label_voxels_in_zeros == (AIR - 2) * 4 * 18


@pytest.mark.parametrize("what", ["shape", "place"])
def test_a_cord_of_another_image_is_refused_by_name_and_nothing_is_written(field: Field, what: str) -> None:
    if what == "shape":
        field.cord("b", np.zeros((5, 5, 5), np.uint8))
    else:
        field.cord("b", drawn(CORD), affine=nib.affines.from_matvec(AFFINE[:3, :3], [0, 3, 0]))
    with pytest.raises(DataRefusedError, match=r"1 cases were refused: .*b\.nii\.gz"):
        crop(field, b=None)
    assert not field.boxed.folder.exists()
    assert not list(field.boxed.folder.parent.glob("*.unfinished"))


@pytest.mark.parametrize("derive", [False, True])
@pytest.mark.parametrize("kind", ["cord", "image", "label"])
def test_a_damaged_file_is_refused_by_name(field: Field, kind: str, derive: bool) -> None:
    damaged = {
        "cord": field.cord("a", drawn(CORD)) / "a.nii.gz",
        "image": field.source.image("a", "train"),
        "label": field.source.label("a", "train"),
    }[kind]
    damaged.write_bytes(damaged.read_bytes()[:-20])
    with pytest.raises(DataRefusedError, match=f"{damaged}.*truncated"):
        crop(field, CropOptions(margins=None if derive else WIDE), a=None)
    assert not field.boxed.folder.exists()


def test_the_same_command_again_does_nothing_and_another_one_is_a_conflict(field: Field, tree_hash: Hash) -> None:
    done = crop(field)
    before = tree_hash(done.dataset.folder)
    stamp = (done.dataset.folder / "crop.json").stat().st_mtime_ns
    assert crop(field) == done
    assert (done.dataset.folder / "crop.json").stat().st_mtime_ns == stamp
    with pytest.raises(ConflictError, match="other cases, cords or options"):
        crop(field, replace(STILL, seed=8))
    with pytest.raises(ConflictError, match="other cases, cords or options"):
        crop(field, a=drawn(LESION))
    assert tree_hash(done.dataset.folder) == before


def test_a_number_or_a_name_that_is_taken_is_a_conflict(field: Field) -> None:
    cords = find_cords([field.cord("a", drawn(CORD))])
    raw = field.root / "raw"
    with pytest.raises(ConflictError, match="has this number already"):
        crop_dataset(field.source, RawDataset.named(raw, 501, "Boxed"), cords, STILL)
    field.boxed.folder.mkdir()
    with pytest.raises(ConflictError, match="something else stands here"):
        crop(field)
    with pytest.raises(UsageError, match="inside its source"):
        crop_dataset(field.source, field.source, cords, STILL)


def test_what_an_interrupted_run_left_is_swept_away(field: Field) -> None:
    left = field.boxed.folder.with_name(".Dataset502_Boxed.unfinished") / "imagesTr" / "old_0000.nii.gz"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    boxed = crop(field).dataset
    assert not left.exists()
    assert sorted(file.name for file in (boxed.folder / "imagesTr").iterdir()) == [
        f"{case}_0000.nii.gz" for case in TRAIN
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dataset": {"a": {"images": ["x.nii.gz"], "label": "y.nii.gz"}}}, "lists files under the key `dataset`"),
        ({"file_ending": ".png"}, "file_ending .nii.gz was needed, found .png"),
        ({"channel_names": {"0": "T2w", "1": "T1w"}}, "names 2 channels"),
        ({"channel_names": None}, "channel_names and labels were needed"),
    ],
)
def test_a_source_of_another_layout_is_refused(field: Field, change: dict[str, Any], words: str) -> None:
    content = {**field.source.read_dataset_json(), **change}
    (field.source.folder / "dataset.json").write_text(json.dumps(content))
    with pytest.raises(DataRefusedError, match=words):
        crop(field)


def test_a_training_case_without_label_and_a_dataset_without_cords_are_refused(field: Field) -> None:
    with pytest.raises(DataRefusedError, match="of its 3 training cases, the first a, none has a predicted cord"):
        crop(field, a=None, b=None, c=None)
    field.source.label("b", "train").unlink()
    with pytest.raises(DataRefusedError, match="1 have none in labelsTr: b"):
        crop(field)


def test_all_that_a_conversion_says_comes_along_and_the_boxes_are_measured(
    bids: SmallBids, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    for number in range(5):
        bids.case(f"sub-{number}_T2w")
    assert main(["convert", str(bids.root), "-d", "501", "-n", "Wide", "--pictures", "0"]) == 0
    source, boxed = (RawDataset.named(tmp_path / "raw", *name) for name in ((501, "Wide"), (502, "Boxed")))
    cords = tmp_path / "cords"
    for file in [*source.folder.glob("labelsT?/*")]:
        label = read_mask(file)
        write_mask(cords / file.name, (label.data > 0).astype(np.uint8), label.affine)
    crop_dataset(source, boxed, find_cords([cords]), STILL)
    for name in DESCRIPTION:
        assert (boxed.folder / name).is_file()
        if name not in ("dataset.json", "qc.tsv"):
            assert (boxed.folder / name).read_bytes() == (source.folder / name).read_bytes()
    before, after = (read_table(one.folder / "qc.tsv") for one in (source, boxed))
    for whole, part in zip(before, after, strict=True):
        box = box_of(rows(boxed)[part["case"]])
        assert part == whole | {"shape": " ".join(str(b - a) for a, b in zip(box.start, box.stop, strict=True))}
        assert part["shape"] != whole["shape"]
    assert set(read_digests(boxed)) == set(read_digests(source))


def box_again(field: Field, *, update: bool = False) -> Cropping:
    """Box with the cords that are there."""
    return crop_dataset(field.source, field.boxed, find_cords([field.root / "cords"]), replace(STILL, update=update))


@pytest.mark.parametrize("what", ["label", "image", "cord"])
def test_a_boxed_dataset_whose_source_has_changed_is_refused_and_boxed_anew_on_request(field: Field, what: str) -> None:
    crop(field)
    before = record(field.boxed)
    if what == "cord":
        field.cord("b", drawn(Box(CORD.start, (22, 20, 9))))
    else:
        file = field.source.label("b", "train") if what == "label" else field.source.image("b", "train")
        volume = read_volume(file)
        data = volume.data.copy()
        data[20, 18, 5] = 2
        (write_mask if what == "label" else write_image)(file, data, volume.affine)
    with pytest.raises(ConflictError, match="--update"):
        box_again(field)
    assert record(field.boxed) == before
    box_again(field, update=True)
    after = record(field.boxed)
    assert after["fingerprint"] != before["fingerprint"]
    assert (after["source_fingerprint"] != before["source_fingerprint"]) == (what != "cord")
    if what == "label":
        assert read_mask(field.boxed.label("b", "train")).data[20, 18, 5] == 2
    assert box_again(field).counts.cases == 4


def test_an_update_does_not_replace_what_was_boxed_from_another_dataset(field: Field) -> None:
    crop(field)
    other = Field(field.root, {"a": drawn(CORD)})
    content = record(field.boxed) | {"source": "Dataset009_Other"}
    (field.boxed.folder / "crop.json").write_text(json.dumps(content | {"fingerprint": "another"}))
    with pytest.raises(ConflictError, match="Dataset009_Other"):
        crop(other, replace(STILL, update=True))


def test_nothing_can_be_appended_to_a_boxed_dataset(
    field: Field, bids: SmallBids, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    crop(field)
    monkeypatch.setenv("nnUNet_raw", str(field.root / "raw"))
    bids.case("sub-1_T2w")
    assert main(["convert", str(bids.root), "-d", "502", "-n", "Boxed", "--append"]) == 5
    assert "crop-dataset" in capsys.readouterr().err


def test_what_changes_in_the_source_while_it_is_boxed_is_seen_the_next_time(field: Field) -> None:
    crop(field)
    label = field.source.label("a", "train")
    mask = read_mask(label)

    def change(done: int, _: int) -> None:
        if done == len(TRAIN):
            write_mask(label, np.where(mask.data == 2, 1, mask.data).astype(np.uint8), mask.affine)

    field.cord("b", drawn(Box(CORD.start, (22, 20, 9))))
    cords = find_cords([field.root / "cords"])
    crop_dataset(field.source, field.boxed, cords, replace(STILL, update=True), progress=change)
    assert record(field.boxed)["source_fingerprint"] != fingerprint(field.source)
    with pytest.raises(ConflictError, match="--update"):
        box_again(field)
