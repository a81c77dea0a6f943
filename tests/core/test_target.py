from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.target import load_target


def test_the_cord_holds_its_lesion() -> None:
    target = load_target("cord-lesion")
    cord, lesion = np.zeros((2, 3, 3, 3), dtype=np.uint8)
    cord[1, 1, :], lesion[1, 1, 1], lesion[0, 0, 0] = 1, 1, 1
    fused = target.fuse({"lesion": lesion, "sc": cord})  # in any order
    assert fused[1, 1].tolist() == [1, 2, 1]
    regions = target.region_masks(fused)
    assert regions["sc"].sum() == 4
    np.testing.assert_array_equal(regions["lesion"], lesion > 0)


def test_labels_keep_their_order_for_nnunet() -> None:
    keys = load_target("cord-lesion").nnunet_keys()
    assert list(keys["labels"]) == ["background", "sc", "lesion"]
    assert keys == {"labels": {"background": 0, "sc": [1, 2], "lesion": 2}, "regions_class_order": [1, 2]}
    assert load_target("cord").nnunet_keys() == {"labels": {"background": 0, "sc": 1}}


def test_a_missing_class_or_another_grid_is_refused() -> None:
    target = load_target("cord-lesion")
    cord = np.ones((2, 2, 2), dtype=np.uint8)
    for masks in ({"sc": cord}, {"sc": cord, "lesion": cord[:1]}):
        with pytest.raises(DataRefusedError, match="on one grid"):
            target.fuse(masks)


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
        ("[labels\n", "TOML"),
        ("name = 'x'\n", "labels"),
    ],
)
def test_a_target_that_nnunet_could_not_train_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(DataRefusedError, match=words):
        load_target(str(tmp_path / "bad.toml"))
