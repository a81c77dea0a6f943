import gzip
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.pack import pack
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings, ImagesAs
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.target import load_target
from tests.active_learning.exchange.conftest import GRID, SHAPE, Choose
from tests.core.test_clean_nifti import full_of_secrets
from tests.kills.dying import Death, run_apart

SETTINGS = ExchangeSettings(load_target("cord-lesion"), images=ImagesAs.COPY, seed=3)
SECRETS = ("Mueller", "20190304", "4March2019", "uniklinik", "1970", "Zweibrucken")
IMAGES = (
    "sub-Mueller/ses-20190304/anat/sub-Mueller_ses-20190304_acq-4March2019_T2w.nii.gz",
    "sub-Mueller/ses-20190304/anat/sub-Mueller_ses-20190304_acq-sag_T2w.nii.gz",
    "sub-MuellerB/anat/sub-MuellerB_T2star.nii.gz",
)


@pytest.fixture
def private(choose: Choose, tmp_path: Path) -> list[ChosenCase]:
    """Cases whose names, headers, sidecars and folders tell a patient, a date or a place wherever they can."""
    cases = []
    for image in IMAGES:
        case = choose("uniklinik", image, reason="Mueller looks odd")
        full_of_secrets(case.images[0], nib.Nifti1Header, np.diag([2.0, 2, 3, 1]))
        case.images[0].with_name(case.images[0].name.replace(".nii.gz", ".json")).write_text(
            '{"AcquisitionTime": "20190304", "PatientName": "Mueller", "Path": "/data/Zweibrucken/Mueller"}'
        )
        for mask in case.masks.values():
            assert isinstance(mask, Path)
            write_mask(mask, np.ones((5, 4, 3), dtype=np.uint8), np.diag([2.0, 2, 3, 1]))
        cases.append(replace(case, image_sha256=(sha256(case.images[0]),)))
    return cases


@pytest.fixture
def sent(private: list[ChosenCase], tmp_path: Path) -> Path:
    out = tmp_path / "rounds" / "round-001" / "to_correct"
    write_exchange(out, private, SETTINGS, {"uniklinik": tmp_path / "pool" / "uniklinik"})
    return out


def everything(archive: Path) -> bytes:
    """Give all bytes of a zip, packed and unpacked: of its entries, and of what is compressed in them."""
    parts = [archive.read_bytes()]
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            content = opened.read(info)
            parts += [content, info.extra, info.comment]
            if info.filename.endswith(".gz"):
                parts.append(gzip.decompress(content))
    return b"\n".join(parts)


def test_no_byte_of_the_zip_names_a_patient_a_date_or_a_place(sent: Path, tmp_path: Path) -> None:
    archive = tmp_path / "out" / "anna.zip"
    assert pack(sent, "", archive, tmp_path / "rounds" / "pseudonyms.tsv", SETTINGS) == 3
    found = everything(archive)
    for secret in (*SECRETS, str(tmp_path), tmp_path.name, "rounds"):
        for spelt in (secret, secret.lower(), secret.upper()):
            assert spelt.encode() not in found, spelt
            assert spelt.encode("utf-16-le") not in found, spelt
    for number in (np.float32(20190304), np.float64(20190304), np.int32(20190304)):
        assert number.tobytes() not in found
    assert not re.search(rb"(19|20)\d\d-\d\d-\d\d", found)
    with zipfile.ZipFile(archive) as opened:
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_secrets_are_in_what_was_packed(sent: Path) -> None:
    found = b"\n".join(
        content
        for path in sorted(sent.rglob("*"))
        if path.is_file()
        for content in [path.relative_to(sent).as_posix().encode(), path.read_bytes()]
    )
    inside = b"".join(gzip.decompress(path.read_bytes()) for path in sorted(sent.rglob("*_T2*.nii.gz")))
    for secret in ("Mueller", "20190304", "4March2019", "uniklinik"):
        assert secret.encode() in found
    assert b"Mueller" in inside
    assert b"1970" in inside


def test_voxels_and_grids_are_those_at_home_and_names_are_pseudonyms(sent: Path, tmp_path: Path) -> None:
    names = tmp_path / "pseudonyms.tsv"
    pack(sent, "", tmp_path / "a.zip", names, SETTINGS)
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        opened.extractall(tmp_path / "there")
    top = tmp_path / "there" / "to_correct"
    images = sorted(top.glob("sub-*/**/*.nii.gz"))
    assert len(images) == 3
    assert sum("_run-02_" in image.name for image in images) == 1
    for image in images:
        assert re.fullmatch(r"sub-\d{3}(_ses-\d\d)?(_run-\d\d)?_(T2w|T2star)\.nii\.gz", image.name)
        assert read_volume(image).data.shape == (5, 4, 3)
        stem = image.name.removesuffix(".nii.gz")
        masks = top / "derivatives" / "labels" / image.relative_to(top).parent
        for tail in ("label-SC_seg", "label-lesion_seg"):
            mask = read_mask(masks / f"{stem}_{tail}.nii.gz")
            assert mask.data.all()
            assert mask.forms == read_volume(image).forms
    assert not (top / "sent.tsv").exists()
    assert not (top / "predicted").exists()
    assert "Faces" in (top / "PROTOCOL.md").read_text()
    told = names.read_text()
    assert "sub-Mueller" in told
    assert "ses-20190304" in told


def test_equal_calls_give_equal_bytes_and_another_seed_other_pseudonyms(
    tmp_path: Path, choose: Choose, datasets: dict[str, Path]
) -> None:
    cases = [choose("gm", f"sub-{number:02d}/anat/sub-{number:02d}_T2w.nii.gz") for number in range(4)]
    write_exchange(tmp_path / "to_correct", cases, SETTINGS, datasets)
    told = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        settings = replace(SETTINGS, seed=seed)
        pack(tmp_path / "to_correct", "", tmp_path / f"{name}.zip", tmp_path / f"{name}.tsv", settings)
        pack(tmp_path / "to_correct", "", tmp_path / f"{name}.zip", tmp_path / f"{name}.tsv", settings)
        told.append(((tmp_path / f"{name}.zip").read_bytes(), (tmp_path / f"{name}.tsv").read_text()))
    assert told[0] == told[1]
    assert told[0][1] != told[2][1]
    in_order = [line.split("\t") for line in told[0][1].splitlines()[1:]]
    assert [row[-1] for row in in_order] != sorted(row[-1] for row in in_order), "the numbers follow the names"


def test_a_rater_gets_only_the_own_cases(tmp_path: Path, choose: Choose, datasets: dict[str, Path]) -> None:
    cases = [choose("gm", "sub-01/anat/sub-01_T2w.nii.gz", "anna"), choose("gm", "sub-02/anat/sub-02_T2w.nii.gz", "bo")]
    write_exchange(tmp_path / "to_correct", cases, SETTINGS, datasets)
    assert pack(tmp_path / "to_correct", "anna", tmp_path / "a.zip", tmp_path / "names.tsv", SETTINGS) == 1
    assert b"bo" not in everything(tmp_path / "a.zip").split()
    with pytest.raises(UsageError, match="anna, bo"):
        pack(tmp_path / "to_correct", "carl", tmp_path / "c.zip", tmp_path / "names.tsv", SETTINGS)


def test_what_a_rater_did_at_home_is_not_sent(tmp_path: Path, choose: Choose, datasets: dict[str, Path]) -> None:
    out = tmp_path / "to_correct"
    sent = write_exchange(out, [choose("gm", "sub-01/anat/sub-01_T2w.nii.gz")], SETTINGS, datasets)
    pack(out, "", tmp_path / "a.zip", tmp_path / "names.tsv", SETTINGS)
    write_mask(out / sent[0].copy, np.zeros(SHAPE, dtype=np.uint8), GRID)
    (out / "marks.tsv").write_text("case\taction\tcomment\ngm_sub-01_T2w\treject\tMueller\n")
    pack(out, "", tmp_path / "b.zip", tmp_path / "names.tsv", SETTINGS)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_another_file_is_not_overwritten(sent: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("mine")
    with pytest.raises(ConflictError, match="something else"):
        pack(sent, "", tmp_path / "a.zip", tmp_path / "names.tsv", SETTINGS)
    assert (tmp_path / "a.zip").read_text() == "mine"


def test_killed_anywhere_the_same_call_gives_the_same_zip(sent: Path, tmp_path: Path) -> None:
    def work() -> int:
        return 0 * pack(sent, "", tmp_path / "out" / "a.zip", tmp_path / "out" / "names.tsv", SETTINGS)

    undisturbed = run_apart(work, tmp_path, {})
    assert undisturbed.code == 0, undisturbed.said
    whole = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert set(whole) == {"a.zip", "names.tsv"}
    last = len(undisturbed.events) - 1
    for event, after in ((3, False), (last // 2, True), (last - 4, False), (last - 3, True), (last - 1, False)):
        for path in (tmp_path / "out").iterdir():
            path.unlink()
        ended = run_apart(work, tmp_path, {}, Death(event, after))
        assert ended.code < 0 or after
        left = tmp_path / "out" / "a.zip"
        assert not left.exists() or left.read_bytes() == whole["a.zip"]
        assert run_apart(work, tmp_path, {}).code == 0
        assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == whole
