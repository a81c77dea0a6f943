from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.target import load_target, parse_target


def test_the_cord_holds_its_lesion() -> None:
    target = load_target("cord-lesion")
    cord, lesion = np.zeros((2, 3, 3, 3), dtype=np.uint8)
    cord[1, 1, :], lesion[1, 1, 1], lesion[0, 0, 0] = 1, 1, 1
    fused = target.fuse({"lesion": lesion, "sc": cord})  # in any order
    assert fused[1, 1].tolist() == [1, 2, 1]
    regions = Labelling.of_target(target).take(fused)
    assert regions["sc"].sum() == 4
    np.testing.assert_array_equal(regions["lesion"], lesion > 0)


def test_labels_keep_their_order_for_nnunet() -> None:
    keys = load_target("cord-lesion").nnunet_keys()
    assert list(keys["labels"]) == ["background", "sc", "lesion"]
    assert keys["labels"] == {"background": 0, "sc": [1, 2], "lesion": 2}
    assert keys["regions_class_order"] == [1, 2]
    cord = load_target("cord").nnunet_keys()
    assert (cord["channel_names"], cord["labels"]) == ({"0": "MRI"}, {"background": 0, "sc": 1})
    assert "regions_class_order" not in cord


def test_no_class_or_another_grid_is_refused() -> None:
    target = load_target("cord-lesion")
    cord = np.ones((2, 2, 2), dtype=np.uint8)
    for masks in ({}, {"canal": cord}, {"sc": cord, "lesion": cord[:1]}):
        with pytest.raises(DataRefusedError, match="on one grid"):
            target.fuse(masks)


def test_where_a_lesion_may_be_that_nobody_annotated_the_map_says_ignore() -> None:
    target = load_target("cord-lesion")
    cord, lesion = np.zeros((2, 3, 3, 3), dtype=np.uint8)
    cord[1, 1, :], lesion[1, 1, 1] = 1, 1
    without_lesion = target.fuse({"sc": cord})
    np.testing.assert_array_equal(without_lesion, np.where(cord, target.ignore, 0))
    without_cord = target.fuse({"lesion": lesion})
    np.testing.assert_array_equal(without_cord, np.where(lesion, 2, target.ignore))


SHIPPED = ["cord", "cord-lesion", "lesion", "tumor", "tumor-only"]


@pytest.mark.parametrize("ignore", [False, True])
@pytest.mark.parametrize("name", SHIPPED)
def test_nnunet_reads_every_shipped_target_as_it_was_meant(name: str, ignore: bool) -> None:
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

    target = load_target(name)
    keys = target.nnunet_keys(ignore=ignore)
    manager = LabelManager(keys["labels"], keys.get("regions_class_order"))
    assert manager.has_ignore_label is ignore
    values = [value for _, value in target.classes]
    labels = np.array([[[0, *values, 0]]], dtype=np.uint8)
    read = manager.foreground_regions if manager.has_regions else manager.foreground_labels
    meant = list(Labelling.of_target(target).take(labels).values())
    seen = [np.isin(labels, region) for region in read]
    np.testing.assert_array_equal(seen, meant)
    background = [] if manager.has_regions else [labels == 0]
    outputs = np.stack([*background, *seen]).astype(np.float32) * 20 - 10
    np.testing.assert_array_equal(np.asarray(manager.convert_logits_to_segmentation(outputs)), labels)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_target_is_read_back_from_what_it_says_of_itself(name: str) -> None:
    assert parse_target(load_target(name).content()) == load_target(name)


def test_a_tumour_voxel_of_no_part_stays_tumour() -> None:
    target = load_target("tumor")
    masks = {name: np.zeros((1, 1, 5), dtype=np.uint8) for name in target.needed_classes}
    masks["sc"][...] = 1
    masks["whole"][0, 0, :3] = 1
    masks["core"][0, 0, 0] = masks["edema"][0, 0, 0] = masks["edema"][0, 0, 1] = masks["cavity"][0, 0, 3] = 1
    regions = Labelling.of_target(target).take(target.fuse(masks))
    assert {name: mask[0, 0].tolist() for name, mask in regions.items()} == {
        "sc": [True] * 5,
        "whole": [True, True, True, True, False],  # whatever is a part is tumour, drawn as the whole or not
        "edema": [False, True, False, False, False],
        "cavity": [False, False, False, True, False],
        "core": [True, False, False, False, False],
    }


def test_a_class_can_be_a_channel_instead() -> None:
    target = load_target("lesion")
    assert target.nnunet_keys()["channel_names"] == {"0": "MRI", "1": "noNorm"}
    assert target.needed_classes == ("sc", "lesion")


def test_an_unknown_target_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="cord, cord-lesion"):
        load_target("brain")


def test_a_user_can_write_one_more(tmp_path: Path) -> None:
    file = tmp_path / "canal.toml"
    file.write_text('name = "canal"\n[labels]\nbackground = 0\ncanal = 1\n[classes]\ncanal = 1\n')
    assert load_target(str(file)).regions == (("canal", (1,)),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = 'x'\n[labels]\nsc = 1\n[classes]\nsc = 1\n", "background = 0"),
        ("name = 'x'\n[labels]\nbackground = 0\nsc = 2\n[classes]\nsc = 2\n", "without a gap"),
        ("name = 'x'\n[labels]\nbackground = 0\nsc = [1, 2]\nb = 2\n[classes]\nsc = 1\nb = 2\n", "regions_class_order"),
        ("name = 'x'\n[labels]\nbackground = 0\nsc = 1\n[classes]\nsc = 3\n", "draw"),
        ("name = 'x'\nmask_channels = ['sc']\n[labels]\nbackground = 0\nsc = 1\n[classes]\nsc = 1\n", "not both"),
        ("name = 'x'\n[labels]\nbackground = 0\nsc = 1\n[classes]\nsc = 1\n[within]\nsc = 'x'\n", "may name drawn"),
        ("name = 'x'\nchannels = []\n[labels]\nbackground = 0\nsc = 1\n[classes]\nsc = 1\n", "channels"),
        ("[labels\n", "TOML"),
        ("name = 'x'\n", "labels"),
    ],
)
def test_a_target_that_nnunet_could_not_train_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(DataRefusedError, match=words):
        load_target(str(tmp_path / "bad.toml"))


TOML = """name = "été"\n[labels]\nbackground = 0\nsc = "1"\n[classes]\nsc = 1.0\n"""


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_target_is_read_in_whatever_encoding_an_editor_saved_it(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "mine.toml").write_bytes(TOML.encode(encoding))
    target = load_target(str(tmp_path / "mine.toml"))
    assert (target.name, target.regions, target.classes) == ("été", (("sc", (1,)),), (("sc", 1),))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("inf", "a whole number was needed, found inf"),
        ("nan", "a whole number was needed, found nan"),
        ("1.5", "a whole number was needed, found 1.5"),
        ("true", "a whole number was needed, found True"),
        ("[" * 100_000, "brackets nested too deep"),
        ('"' + "x" * 200_000 + '"', "a whole number was needed, found 'xxx"),
    ],
)
def test_a_label_that_is_no_number_is_refused_in_few_words(tmp_path: Path, value: str, words: str) -> None:
    (tmp_path / "mine.toml").write_text(TOML.replace("1.0", value))
    with pytest.raises(DataRefusedError, match=words) as refused:
        load_target(str(tmp_path / "mine.toml"))
    assert len(str(refused.value)) < 1000
