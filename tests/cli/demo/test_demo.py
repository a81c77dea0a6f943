import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.tables import read_table
from nnunet_ext.phantom.patient import draw_patient, scan
from nnunet_ext.phantom.site import find_sites
from tests.conftest import SmallBids

COMMAND = str(Path(sys.executable).parent / "nnunet_ext")
TINY = ["--patients", "2", "--epochs", "3", "--iterations", "4", "--n-procs", "1", "--device", "cpu"]
COARSE = np.diag([-2.0, 2.0, 4.0, 1.0])


def _terminate_after_two_epochs(command: list[str], out: Path) -> str:
    """Ask a demo to end, see that no process of it stays behind, and give what it printed."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        _wait_for_epochs(2, out, process)
        children = [os.pidfd_open(child) for child in _descendants(process.pid)]
        process.terminate()
        output, _ = process.communicate()
    assert process.returncode == 143, output
    assert children
    for child in children:  # readable once the process has ended
        assert select.select([child], [], [], 20)[0] == [child]
        os.close(child)
    return output


def _wait_for_epochs(number: int, out: Path, process: "subprocess.Popen[str]") -> None:
    tables = "nnunet/results/*/*/fold_0/progress.tsv"
    while process.poll() is None and not any(
        len(table.read_text().splitlines()) > number for table in out.glob(tables)
    ):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)


def _descendants(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children")
    if not children.exists():
        pytest.skip("this system does not list children")
    found = [int(child) for child in children.read_text().split()]
    return found + [grandchild for child in found for grandchild in _descendants(child)]


@pytest.fixture(scope="module")
def other_images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One sound image in an odd orientation, and one that is truncated."""
    folder = tmp_path_factory.mktemp("images")
    (volume,) = scan(draw_patient(find_sites(["axial-ms"])[0], 77, 5)).images.values()
    turned = reorient(volume, "SAR")
    files = {name: folder / f"{name} image.nii.gz" for name in ("sound", "broken")}
    for file in files.values():
        write_image(file, turned.data, turned.affine)
    files["broken"].write_bytes(files["broken"].read_bytes()[:-5000])
    return files


def test_a_terminated_demo_goes_on_and_ends_with_a_report_of_every_image(
    tmp_path: Path, other_images: dict[str, Path], tree_hash: Callable[[Path], str]
) -> None:
    bids = SmallBids(tmp_path / "clinic")
    for number in range(4):  # three to train on, as many as synthetic ones: the network's voxels become coarse, and few
        bids.labels(f"sub-{number}_T2w", affine=COARSE)
    for number in range(5):  # the last without labels
        bids.image(f"sub-{number}_T2w", affine=COARSE)
    before = tree_hash(bids.root)
    out = tmp_path / "demo"
    images = [argument for file in other_images.values() for argument in ("--image", str(file))]
    command = [COMMAND, "demo", str(out), *TINY, "--bids", str(bids.root), *images]

    assert "plan and preprocess: done" in _terminate_after_two_epochs(command, out)
    assert not (out / "report.html").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stdout + done.stderr  # one image was refused
    assert "truncated" in done.stdout
    assert re.search(r"\[1/5\] make synthetic patients: done before", done.stdout)
    assert re.search(r"\[3/5\] plan and preprocess: done before", done.stdout)
    assert re.search(r"Cord Dice: \d", done.stdout)

    (table,) = out.rglob("progress.tsv")
    assert len(table.read_text().splitlines()) == 1 + 3
    begun = re.findall(r"Epoch 0\b", (out / "demo.log").read_text())
    assert len(begun) == 1  # it went on, and did not begin again

    pages = [out / "report.html", *sorted((out / "cases").iterdir())]
    page = pages[0].read_text()
    held_out = sorted(file.name for file in out.rglob("imagesTs/*"))
    names = [*(name.removesuffix("_0000.nii.gz") for name in held_out), "image1_sound-image", "image2_broken-image"]
    assert [name.partition("_")[0] for name in held_out] == ["clinic", "phantom", "phantom", "phantom"]
    assert all(name in page for name in (*names, "clinic_sub-4_T2w"))
    assert page.count('class="sheet axial') == 3 + 1 + 1  # three sites, the clinic's, the sound image
    assert len(pages) == 1 + 5
    assert all(words in page for words in ("no sc mask", "Dorsal bridge", "Training", "Per site"))
    for file in pages:
        text = file.read_text()
        assert str(tmp_path) not in text
        assert not re.search(r"(?:src|href)=[\"']?https?:", text)
    for verb in ("predict", "evaluate", "biomarkers"):
        assert f"$ nnunet_ext {verb} " in (out / "demo.log").read_text()
    figures = json.loads((out / "demo.json").read_text())["figures"]
    scores = [float(row["dsc"]) for row in read_table(out / "evaluation" / "metrics.tsv") if _is_synthetic_cord(row)]
    assert figures["Cord Dice"] == pytest.approx(sum(scores) / 3)
    assert figures["Memory, GiB"] > 0.3
    assert len(read_table(out / "biomarkers" / "cases_biomarkers.tsv")) == 3 + 1
    own = read_volume(other_images["sound"])
    for label in ("SC", "lesion"):
        mask = read_mask(out / "images" / f"image1_sound-image_label-{label}_mask.nii.gz")
        assert mask.data.shape == own.data.shape
        np.testing.assert_allclose(mask.affine, own.affine, atol=1e-5)
    assert tree_hash(bids.root) == before


def _is_synthetic_cord(row: dict[str, str]) -> bool:
    return row["case"].startswith("phantom_") and row["region"] == "sc"


def test_a_demo_does_not_mix_with_another_folder_s_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    assert main(["demo", str(tmp_path), *TINY]) == 5
    assert "an empty or new folder was needed" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.docx"]


@pytest.mark.parametrize("option", ["--bids", "--image"])
def test_a_typing_error_is_told_before_hours_of_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert main(["demo", str(tmp_path / "out"), *TINY, option, str(tmp_path / "nowhere")]) == 3
    assert "there is no such" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_demo_inside_its_own_source_is_refused(bids: SmallBids, capsys: pytest.CaptureFixture[str]) -> None:
    bids.case("sub-1_T2w")
    assert main(["demo", str(bids.root / "out"), *TINY, "--bids", str(bids.root)]) == 2
    assert "inside its own source" in capsys.readouterr().err
    assert not (bids.root / "out").exists()
