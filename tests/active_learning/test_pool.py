from collections.abc import Callable
from pathlib import Path

import pytest

from nnunet_ext.active_learning.pool import Pool, images_since, pool_sources, read_pool, scan_pool
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.dataset_conversion.existing import Existing, read_existing
from tests.active_learning.loop import Loop


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    """A pool of three images."""
    return Loop(tmp_path).write()


@pytest.fixture
def scan(loop: Loop) -> Callable[..., Pool]:
    def call(*folders: str, existing: Existing | None = None, tested: frozenset[tuple[str, str]] = frozenset()) -> Pool:
        settings = ActiveSettings("cord-lesion", folders or (f"geneva={loop.geneva.root}",))
        return scan_pool(pool_sources(loop.rounds, settings), settings, existing, tested)

    return call


def cases(pool: Pool) -> list[str]:
    return [row["case"] for row in pool.rows]


def test_a_row_says_whose_image_it_is_and_what_it_holds(loop: Loop, scan: Callable[..., Pool]) -> None:
    image = loop.geneva.image("sub-h_ses-M12_acq-sag_T2w")
    (row,) = (row for row in scan().rows if row["subject"] == "sub-h")
    assert row == {
        "case": "geneva_sub-h_ses-M12_acq-sag_T2w",
        "dataset": "geneva",
        "subject": "sub-h",
        "session": "M12",
        "person": "geneva/sub-h",
        "site": "geneva",
        "contrast": "T2w",
        "image": "sub-h/ses-M12/anat/sub-h_ses-M12_acq-sag_T2w.nii.gz",
        "image_sha256": sha256(image),
    }


def test_a_pool_is_read_as_it_was_written_and_a_cut_table_is_refused(loop: Loop, scan: Callable[..., Pool]) -> None:
    pool = scan()
    pool.write(loop.rounds)
    assert read_pool(loop.rounds) == list(pool.rows)
    write_text(loop.rounds.pool, loop.rounds.pool.read_text()[:-70])
    with pytest.raises(FileRefusedError, match="as many cells"):
        read_pool(loop.rounds)


def test_a_folder_that_has_grown_is_scanned_again_and_only_names_are_read_to_know_it(
    loop: Loop, scan: Callable[..., Pool]
) -> None:
    pool = scan()
    pool.write(loop.rounds)
    settings = ActiveSettings("cord-lesion", (f"geneva={loop.geneva.root}",))
    assert images_since(loop.rounds, settings) == []
    loop.geneva.image("sub-new_T2w").write_bytes(b"no image")
    assert images_since(loop.rounds, settings) == ["geneva: sub-new/anat/sub-new_T2w.nii.gz"]
    again = scan()
    assert set(cases(again)) == {*cases(pool), "geneva_sub-new_T2w"}


def test_a_relative_folder_starts_at_the_loop_s(loop: Loop, scan: Callable[..., Pool]) -> None:
    assert cases(scan("geneva=../geneva")) == cases(scan())


def test_a_folder_that_is_not_there_is_refused_by_name(loop: Loop, scan: Callable[..., Pool]) -> None:
    with pytest.raises(DataRefusedError, match=r"nowhere: the folder of the pool north was needed.*active\.toml"):
        scan("north=nowhere")


def test_labels_are_not_looked_for(loop: Loop, scan: Callable[..., Pool]) -> None:
    before = scan()
    loop.geneva.labels("sub-g0_T2w")
    assert scan() == before


def test_a_dataset_that_was_converted_is_read_by_its_profile(loop: Loop, scan: Callable[..., Pool]) -> None:
    write_text(loop.root / "mine.toml", 'extends = "auto"\nname = "mine"\n[participants]\nsite = ["scanned_in"]\n')
    loop.zurich.participants([{"participant_id": f"sub-{name}", "scanned_in": "north"} for name in ("0", "1", "n")])
    loop.label("--profile", loop.root / "mine.toml")
    loop.zurich.image("sub-n_T2w")
    (row,) = scan(f"zurich={loop.zurich.root}", existing=read_existing(loop.dataset)).rows
    assert (row["case"], row["site"]) == ("zurich_sub-n_T2w", "north")
    (other,) = (row for row in scan(f"other={loop.zurich.root}").rows if row["subject"] == "sub-n")
    assert other["site"] == "other"


def test_the_pool_of_a_dataset_stays_one_and_an_image_under_another_name_is_known(
    loop: Loop, scan: Callable[..., Pool]
) -> None:
    loop.zurich.image("sub-p_T2w")
    loop.label("--pool")
    existing = read_existing(loop.dataset)
    assert cases(scan(f"zurich={loop.zurich.root}", existing=existing)) == ["zurich_sub-p_T2w"]
    pool = scan(f"other={loop.zurich.root}", existing=existing)
    assert cases(pool) == ["other_sub-p_T2w"]
    assert {row["reason"] for row in pool.left_out} == {"the dataset has it already, with its label"}


def test_who_was_frozen_as_tested_on_is_refused_whatever_the_dataset_says(
    loop: Loop, scan: Callable[..., Pool]
) -> None:
    with pytest.raises(DataRefusedError, match="1 of those who are tested on: sub-g1 of geneva;"):
        scan(tested=frozenset({("geneva", "sub-g1")}))
