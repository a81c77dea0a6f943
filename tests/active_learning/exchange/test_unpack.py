import json
import re
import stat
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.exchange.pack import pack
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.exchange.sent_masks import SentMask
from nnunet_ext.active_learning.exchange.unpack import TakenBack, unpack
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.tables import read_table
from nnunet_ext.core.target import load_target
from nnunet_ext.core.zip_entries import Limits
from tests.active_learning.exchange.conftest import GRID, SHAPE, Choose
from tests.kills.dying import Death, run_apart

SETTINGS = ExchangeSettings(load_target("cord-lesion"), seed=3)
IMAGES = ("sub-01/anat/sub-01_T2w.nii.gz", "sub-02/ses-20190304/anat/sub-02_ses-20190304_T2w.nii.gz")


@dataclass(frozen=True)
class Away:
    """A rater's folder as it was unzipped at another site, and the home that it came from."""

    home: Path
    there: Path
    sent: tuple[SentMask, ...]
    names: Path

    def back(self, archive: Path) -> TakenBack:
        return unpack(archive, self.home, "anna", self.names)

    def zipped(self, prefix: str = "") -> Path:
        archive = self.there.parent / "back.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            for path in sorted(self.there.rglob("*")):
                if path.is_file():
                    opened.write(path, prefix + path.relative_to(self.there).as_posix())
        return archive

    def mask(self, case: str, region: str) -> Path:
        """Find a mask at the other site by what only home knows."""
        row = next(row for row in read_table(self.names) if f"gm_{row['subject']}" in case)
        kind = {"sc": "SC", "lesion": "lesion"}[region]
        return next(self.there.glob(f"to_correct/derivatives/labels/**/{row['pseudonym']}_label-{kind}_seg.nii.gz"))

    def copy(self, case: str, region: str) -> Path:
        return self.home / next(one.copy for one in self.sent if (one.case, one.region) == (case, region))


@pytest.fixture
def away(tmp_path: Path, choose: Choose, datasets: dict[str, Path]) -> Away:
    home, names = tmp_path / "rounds" / "to_correct", tmp_path / "rounds" / "pseudonyms.tsv"
    sent = write_exchange(home, [choose("gm", image, "anna") for image in IMAGES], SETTINGS, datasets)
    pack(home, "anna", tmp_path / "sent.zip", names, SETTINGS)
    with zipfile.ZipFile(tmp_path / "sent.zip") as opened:
        opened.extractall(tmp_path / "there")
    return Away(home, tmp_path / "there", tuple(sent), names)


def drawn() -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[1:3, 2, 1] = 1
    return mask


CASE = "gm_sub-02_ses-20190304_T2w"


@pytest.mark.parametrize("prefix", ["", "some folder/deep/"])
def test_a_corrected_mask_comes_back_under_its_name_at_home_and_the_others_stay(away: Away, prefix: str) -> None:
    write_mask(away.mask(CASE, "lesion"), drawn(), GRID)
    taken = away.back(away.zipped(prefix))
    assert [away.home / name for name in taken.placed] == [away.copy(CASE, "lesion")]
    assert (read_mask(away.copy(CASE, "lesion")).data == drawn()).all()
    assert len(taken.unchanged) == 3
    assert taken.refused == ()
    assert any(entry.endswith("PROTOCOL.md") for entry in taken.left_out)
    for mask in away.sent:
        if (mask.case, mask.region) != (CASE, "lesion"):
            assert (away.home / mask.copy).read_bytes() == (away.home / mask.predicted).read_bytes()


def test_marks_and_the_history_of_a_mask_come_back_with_it(away: Away) -> None:
    mask = away.mask(CASE, "sc")
    write_mask(mask, drawn(), GRID)
    sidecar = mask.with_name(mask.name.replace(".nii.gz", ".json"))
    content = json.loads(sidecar.read_text())
    manual = {"Name": "Manual", "Author": "Anna A", "Date": "2026-01-02 03:04:05"}
    sidecar.write_text(
        json.dumps({**content, "GeneratedBy": [*content["GeneratedBy"], manual], "Other": "Anna's disk"})
    )
    marks = away.there / "to_correct" / "marks.tsv"
    stem = mask.name.removesuffix("_label-SC_seg.nii.gz")
    marks.write_text(f"case\tregion\taction\tslices\tminutes\tcomment\n{stem}\tsc\tedit\t1-2\t7\tthick\n")
    away.back(away.zipped())
    told = json.loads(away.copy(CASE, "sc").with_suffix("").with_suffix(".json").read_text())
    assert told["GeneratedBy"][-1] == manual
    assert "Other" not in told
    returned = list((away.home / "anna").glob("marks-returned-*.tsv"))
    assert len(returned) == 1
    assert read_table(returned[0]) == [
        {"case": CASE, "region": "sc", "action": "edit", "slices": "1-2", "minutes": "7", "comment": "thick"}
    ]


def test_the_same_zip_again_changes_nothing(away: Away) -> None:
    write_mask(away.mask(CASE, "lesion"), drawn(), GRID)
    archive = away.zipped()
    first = away.back(archive)
    before = {path: path.read_bytes() for path in away.home.rglob("*") if path.is_file()}
    assert away.back(archive) == first
    assert {path: path.read_bytes() for path in away.home.rglob("*") if path.is_file()} == before


def test_a_correction_that_stands_at_home_is_not_overwritten(away: Away) -> None:
    write_mask(away.copy(CASE, "lesion"), np.ones(SHAPE, dtype=np.uint8), GRID)
    before = away.copy(CASE, "lesion").read_bytes()
    write_mask(away.mask(CASE, "lesion"), drawn(), GRID)
    taken = away.back(away.zipped())
    assert taken.placed == ()
    assert [reason for _, reason in taken.refused if "another correction" in reason]
    assert away.copy(CASE, "lesion").read_bytes() == before


@pytest.mark.parametrize("fault", ["moved", "cropped", "cut short", "no image"])
def test_a_mask_off_its_images_grid_is_refused_and_the_others_are_taken(away: Away, fault: str) -> None:
    bad = away.mask(CASE, "lesion")
    moved = GRID.copy()
    moved[2, 3] += 6
    if fault == "moved":
        write_mask(bad, drawn(), moved)
    elif fault == "cropped":
        write_mask(bad, drawn()[:-1], GRID)
    elif fault == "cut short":
        write_mask(bad, drawn(), GRID)
        bad.write_bytes(bad.read_bytes()[:-9])
    else:
        bad.write_bytes(b"PNG, or so")
    write_mask(away.mask(CASE, "sc"), drawn(), GRID)
    taken = away.back(away.zipped())
    assert [away.home / name for name in taken.placed] == [away.copy(CASE, "sc")]
    assert len(taken.refused) == 1
    assert (
        read_mask(away.copy(CASE, "lesion")).sha256
        == read_mask(
            away.home / next(one.predicted for one in away.sent if (one.case, one.region) == (CASE, "lesion"))
        ).sha256
    )


def test_a_mask_that_was_turned_by_a_viewer_is_taken(away: Away) -> None:
    flipped = GRID.copy()
    flipped[:, 0] *= -1
    flipped[:3, 3] += GRID[:3, 0] * (SHAPE[0] - 1)
    write_mask(away.mask(CASE, "lesion"), drawn()[::-1], flipped)
    assert len(away.back(away.zipped()).placed) == 1


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.create_system, made.external_attr = 3, mode << 16
    return made


Spoil = Callable[[zipfile.ZipFile, str], None]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda opened, name: opened.writestr(entry(f"../{name}"), b"x"), "leads out"),
        (lambda opened, name: opened.writestr(entry(f"/etc/{name}"), b"x"), "absolute"),
        (lambda opened, name: opened.writestr(entry(f"C:/{name}"), b"x"), "absolute"),
        (lambda opened, name: opened.writestr(entry(f"a\\{name}"), b"x"), "backslash"),
        (lambda opened, name: opened.writestr(entry(f"a/{name}", stat.S_IFLNK | 0o777), b"/etc/passwd"), "a link"),
        (lambda opened, name: [opened.writestr(entry(f"a/{name}"), b"x") for _ in range(2)], "stands twice"),
        (lambda opened, name: [opened.writestr(entry(one), b"x") for one in (name, name.upper())], "only in its case"),
    ],
    ids=["parent", "absolute", "drive", "backslash", "link", "twice", "case"],
)
def test_a_zip_that_leads_elsewhere_is_refused_as_a_whole(
    away: Away, tmp_path: Path, spoil: Spoil, reason: str
) -> None:
    write_mask(away.mask(CASE, "lesion"), drawn(), GRID)
    archive = away.zipped()
    before = sorted(path for path in tmp_path.rglob("*"))
    contents = away.copy(CASE, "lesion").read_bytes()
    with zipfile.ZipFile(archive, "a") as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        spoil(opened, away.mask(CASE, "lesion").name)
    with pytest.raises(DataRefusedError, match=reason):
        away.back(archive)
    assert sorted(path for path in tmp_path.rglob("*")) == before
    assert away.copy(CASE, "lesion").read_bytes() == contents


def test_a_bomb_is_refused(away: Away) -> None:
    archive = away.there.parent / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(away.mask(CASE, "lesion").name, bytes(4 << 20))
    with pytest.raises(DataRefusedError, match="times its packed size"):
        unpack(archive, away.home, "anna", away.names, Limits(ratio_from=1 << 20))


def test_without_the_table_of_pseudonyms_nothing_is_guessed(away: Away) -> None:
    write_mask(away.mask(CASE, "lesion"), drawn(), GRID)
    archive = away.zipped()
    away.names.unlink()
    with pytest.raises(DataRefusedError, match="pseudonyms of all cases"):
        away.back(archive)
    assert not away.names.exists()


def test_what_is_no_zip_is_refused(away: Away) -> None:
    archive = away.there.parent / "no.zip"
    archive.write_bytes(b"Rar!")
    with pytest.raises(FileRefusedError, match="sound zip"):
        away.back(archive)


def test_an_empty_mask_that_is_not_compressed_itself_is_no_bomb(away: Away) -> None:
    old = away.mask(CASE, "lesion")
    write_mask(old.with_name(old.name.removesuffix(".gz")), np.zeros(SHAPE, dtype=np.uint8), GRID)
    old.unlink()
    taken = away.back(away.zipped())
    assert [name for name in taken.placed if name.endswith(".nii")]
    assert not read_mask(away.home / taken.placed[0]).data.any()


def test_two_different_masks_of_one_name_are_refused_by_name(away: Away) -> None:
    mask = away.mask(CASE, "lesion")
    write_mask(mask, drawn(), GRID)
    write_mask(away.there / "old" / mask.name, np.ones(SHAPE, dtype=np.uint8), GRID)
    taken = away.back(away.zipped())
    assert taken.placed == ()
    assert re.search("2 that differ", taken.refused[0][1])


def test_marks_of_a_case_that_was_not_sent_are_refused(away: Away) -> None:
    (away.there / "to_correct" / "marks.tsv").write_text("case\taction\nsub-999_T2w\taccept\n")
    taken = away.back(away.zipped())
    assert [reason for _, reason in taken.refused if "sub-999_T2w" in reason]


def test_killed_anywhere_the_same_call_ends_in_the_same_files(away: Away, tmp_path: Path) -> None:
    for region in ("sc", "lesion"):
        write_mask(away.mask(CASE, region), drawn(), GRID)
    archive = away.zipped()
    before = {path: path.read_bytes() for path in away.home.rglob("*") if path.is_file() and not path.is_symlink()}

    def work() -> int:
        return 0 * len(away.back(archive).placed)

    def files() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in away.home.parent.rglob("*") if path.is_file()}

    undisturbed = run_apart(work, tmp_path, {})
    assert undisturbed.code == 0, undisturbed.said
    whole = files()
    last = len(undisturbed.events) - 1
    for event, after in ((last // 3, False), (last // 2, True), (last * 2 // 3, False), (last - 2, True)):
        for path in set(files()) - set(whole) | {path for path in whole if "returned" in path.name}:
            path.unlink()
        for path, content in before.items():
            path.write_bytes(content)
        assert run_apart(work, tmp_path, {}, Death(event, after)).code < 0 or after
        assert run_apart(work, tmp_path, {}).code == 0
        assert files() == whole
