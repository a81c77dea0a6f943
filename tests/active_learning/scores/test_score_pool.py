import shutil
import signal
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.scores.score_case import COLUMNS
from nnunet_ext.active_learning.scores.score_pool import PoolImage, read_as_planned, score_pool
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.tables import read_table
from tests.active_learning.scores.pool import LESION, Opinionated, scan, scorer, write_pool
from tests.kills.dying import Death, run_apart


def pool(root: Path, count: int = 4) -> list[PoolImage]:
    return write_pool(root / "pool", {f"{number:02d}": scan(LESION, seed=number) for number in range(count)})


def calls(images: list[PoolImage], table: Path, model: str = "a" * 64) -> int:
    """Score, and count how many images were predicted for it."""
    segmenter = Opinionated()
    assert score_pool(images, lambda _: scorer(segmenter, model), table) == {}
    return len(segmenter.calls)


def test_every_image_has_a_row_in_the_order_of_the_pool(tmp_path: Path) -> None:
    table, images, told = tmp_path / "scores.tsv", pool(tmp_path), list[tuple[int, int]]()
    score_pool(images[::-1], lambda _: scorer(), table, lambda done, of: told.append((done, of)))
    rows = read_table(table, COLUMNS)
    assert [row["case"] for row in rows] == [image.about["case"] for image in images[::-1]]
    assert all(row["image_sha256"] in {image.about["image_sha256"] for image in images} for row in rows)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_what_is_done_is_kept_until_image_or_model_are_others(tmp_path: Path) -> None:
    table, images = tmp_path / "scores.tsv", pool(tmp_path)
    assert calls(images[:2], table) == 2
    assert calls(images, table) == 2  # a pool that has grown
    kept = table.read_bytes()
    assert calls(images, table) == 0
    assert table.read_bytes() == kept
    assert calls(images, table, "b" * 64) == 4
    changed = write_pool(tmp_path / "pool", {"01": scan(seed=99)})
    assert calls([images[0], *changed, *images[2:]], table, "b" * 64) == 1
    moved = [replace(image, about={**image.about, "site": "south"}) for image in images[2:]]
    assert calls(moved, table, "b" * 64) == 0
    assert [row["site"] for row in read_table(table)] == ["south", "south"]


def test_each_image_is_scored_by_the_models_that_suit_it(tmp_path: Path) -> None:
    one, other = Opinionated(), Opinionated(sure=(0.9, 0.3, 0.1))
    images, table = pool(tmp_path, 3), tmp_path / "scores.tsv"
    scorers = {image.about["case"]: scorer(one, "a" * 64) for image in images}
    scorers[images[1].about["case"]] = scorer(other, "b" * 64)
    assert score_pool(images, lambda image: scorers[image.about["case"]], table) == {}
    rows = read_table(table, COLUMNS)
    assert [row["passes"] for row in rows] == ["folds 2", "folds 3", "folds 2"]
    assert [row["model_sha256"][0] for row in rows] == ["a", "b", "a"]


def test_killed_at_any_event_of_the_disk_the_same_call_ends_in_the_same_bytes(tmp_path: Path) -> None:
    images, table = pool(tmp_path, 2), tmp_path / "round-001" / "scores.tsv"

    def work() -> int:
        return len(score_pool(images, lambda _: scorer(), table))

    undisturbed = run_apart(work, table.parent, {})
    assert undisturbed.code == 0, undisturbed.said
    whole = table.read_bytes()
    assert len(undisturbed.events) > 8
    for event, after in product(range(len(undisturbed.events)), (False, True)):
        shutil.rmtree(table.parent)
        ended = run_apart(work, table.parent, {}, Death(event, after))
        assert after or ended.code == -signal.SIGKILL
        assert run_apart(work, table.parent, {}).code == 0
        assert [file.name for file in table.parent.iterdir()] == [table.name], (event, after)
        assert table.read_bytes() == whole


def test_a_damaged_image_stops_no_other_and_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table, images = tmp_path / "scores.tsv", pool(tmp_path)
    file = images[1].files.images[0]
    assert file is not None
    whole = file.read_bytes()
    file.write_bytes(whole[:-40])
    failed = score_pool(images, lambda _: scorer(), table)
    assert list(failed) == ["lab_sub-01_T2w"]
    assert str(tmp_path) not in failed["lab_sub-01_T2w"]
    assert "lab_sub-01_T2w: not scored" in caplog.text
    assert len(read_table(table)) == 3
    file.write_bytes(whole)
    assert calls(images, table) == 1


def test_an_image_that_changed_since_the_pool_was_listed_is_not_scored(tmp_path: Path) -> None:
    images = pool(tmp_path, 2)
    write_pool(tmp_path / "pool", {"00": scan(seed=7)})
    failed = score_pool(images, lambda _: scorer(), tmp_path / "scores.tsv")
    assert "changed on the disk since the pool was listed" in failed["lab_sub-00_T2w"]
    assert len(read_table(tmp_path / "scores.tsv")) == 1


def test_another_table_under_that_name_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "scores.tsv"
    table.write_text("case\tage\na\t3\n")
    with pytest.raises(FileRefusedError, match="image_sha256"):
        score_pool(pool(tmp_path, 1), lambda _: scorer(), table)
    assert table.read_text() == "case\tage\na\t3\n"


def test_an_interrupted_run_is_not_taken_for_a_damaged_image(tmp_path: Path) -> None:
    images = pool(tmp_path, 2)
    segmenter = Opinionated(fault=(0, KeyboardInterrupt()))
    air = write_pool(tmp_path / "pool", {"air": np.zeros((20, 20, 12), np.float32)})
    with pytest.raises(KeyboardInterrupt):
        score_pool([*images, *air], lambda _: scorer(segmenter), tmp_path / "scores.tsv")
    assert len(read_table(tmp_path / "scores.tsv")) == 2


def test_an_image_of_a_second_channel_is_held_against_its_hash_too(tmp_path: Path) -> None:
    first, second = write_pool(tmp_path / "pool", {"00": scan(seed=1), "01": scan(seed=2)})
    row = {
        **first.about,
        "image": f"{first.about['image']};{second.about['image']}",
        "image_sha256": f"{first.about['image_sha256']};{second.about['image_sha256']}",
    }
    image = PoolImage.of_row(row, tmp_path / "pool")
    assert len(read_as_planned(image).volumes) == 2
    write_pool(tmp_path / "pool", {"01": scan(seed=7)})
    with pytest.raises(DataRefusedError, match="changed on the disk"):
        read_as_planned(image)
