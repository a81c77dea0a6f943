import base64
import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.volume import Array
from nnunet_ext.report.review.read_volumes import read_volumes
from nnunet_ext.report.sources.gather import gather
from tests.conftest import SmallBids
from tests.report.made_evaluation import MadeCase, MadeEvaluation

Told = pytest.CaptureFixture[str]
TEMPLATES = Path(__file__).resolve().parents[2] / "nnunet_ext" / "report" / "templates"


@pytest.fixture
def evaluated(tmp_path: Path) -> Path:
    cases = [MadeCase("sub-1_T2w", dice=0.7), MadeCase("sub-2_ses-a_T2w", dice=0.4, site="south")]
    return MadeEvaluation(tmp_path).write(cases)


def report(*arguments: str | Path) -> int:
    return main(["report", *map(str, arguments)])


def test_a_report_has_a_page_for_the_group_and_one_for_each_case(evaluated: Path, tmp_path: Path, capsys: Told) -> None:
    out = tmp_path / "report"
    assert report(evaluated, "-o", out, "--title", "Mine") == 0
    assert "2 cases; 3 pages" in capsys.readouterr().out
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    pages = ["cases/sub-1_T2w.html", "cases/sub-2_ses-a_T2w.html", "report.html"]
    assert written == sorted([*pages, ".bidsignore", "report.log", "dataset_description.json"])
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<title>" in text
        assert "Mine" in text
        assert "default-src 'none'" in text
        assert not re.search(r"""(?:src|href)=["'](?!data:|#|\.\./report\.html|cases/|[\w-]+\.html)""", text)
        assert str(tmp_path) not in text


def same(drawn: Array | None, wanted: Array) -> bool:
    return drawn is not None and np.array_equal(drawn, wanted)


@pytest.mark.parametrize("predicted_regions", [False, True])
def test_each_side_is_drawn_by_its_own_numbers(tmp_path: Path, predicted_regions: bool) -> None:
    made = MadeEvaluation(tmp_path)
    made.write([MadeCase("case000")])
    whole, part = {"background": 0, "sc": [1, 2], "lesion": 2}, {"background": 0, "lesion": 1, "sc": [1, 2]}
    write_json(tmp_path / "labels" / "dataset.json", {"labels": whole, "regions_class_order": [1, 2]})
    file = tmp_path / "predicted" / "case000.nii.gz"
    ours = read_mask(file)
    truth = {"sc": ours.data > 0, "lesion": ours.data == 2}
    if predicted_regions:
        file.unlink()
        for region, mask in truth.items():
            write_mask(tmp_path / "predicted" / f"case000_label-{region}_seg.nii.gz", mask, ours.affine)
    else:
        write_mask(file, np.array([0, 2, 1], dtype=np.uint8)[ours.data], ours.affine)
        write_json(tmp_path / "predicted" / "dataset.json", {"labels": part, "regions_class_order": [2, 1]})
    sides = (str(tmp_path / "labels"), str(tmp_path / "predicted"))
    for name, more in (("both", []), ("one", ["--regions", "lesion"])):
        assert main(["evaluate", *sides, "-o", str(tmp_path / name), *more]) == 0
        (record,) = gather([tmp_path / name]).cases
        drawn = read_volumes(record)
        assert drawn is not None
        assert drawn.problems == ()
        assert list(drawn.regions) == (["sc", "lesion"] if name == "both" else ["lesion"])
        for region, masks in drawn.regions.items():
            labels = read_mask(tmp_path / "labels" / "case000.nii.gz").data
            assert same(masks["prediction"], truth[region]), region
            assert same(masks["reference"], labels > 0 if region == "sc" else labels == 2), region


def test_a_soft_mask_is_drawn_as_it_was_scored(tmp_path: Path) -> None:
    MadeEvaluation(tmp_path).write([MadeCase("case000")])
    sides = tmp_path / "labels", tmp_path / "predicted"
    for side in sides:
        labels = read_mask(side / "case000.nii.gz")
        (side / "case000.nii.gz").unlink()
        soft = (labels.data > 0) * np.float32(0.4) + (labels.data == 2) * np.float32(0.4)
        write_image(side / "case000_label-lesion_seg.nii.gz", soft, labels.affine)
    assert main(["evaluate", *map(str, sides), "-o", str(tmp_path / "out"), "--threshold", "0.6"]) == 0
    (record,) = gather([tmp_path / "out"]).cases
    drawn = read_volumes(record)
    assert drawn is not None
    assert drawn.problems == ()
    assert same(drawn.regions["lesion"]["prediction"], labels.data == 2)


def test_the_same_command_gives_the_same_bytes(evaluated: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert report(evaluated, "-o", tmp_path / name, "--n-procs", "2" if name == "two" else "1") == 0
    pages = [(tmp_path / name / "report.html").read_bytes() for name in ("one", "two")]
    assert pages[0] == pages[1]


def test_a_report_of_other_settings_is_kept(evaluated: Path, tmp_path: Path, capsys: Told) -> None:
    out = tmp_path / "report"
    assert report(evaluated, "-o", out) == 0
    assert report(evaluated, "-o", out) == 0
    assert report(evaluated, "-o", out, "--title", "Another") == 5
    assert "--force" in capsys.readouterr().err
    assert report(evaluated, "-o", out, "--title", "Another", "--force") == 0


def test_force_replaces_the_pages_of_the_earlier_report_and_nothing_else(tmp_path: Path) -> None:
    cases = [MadeCase("sub-1_T2w"), MadeCase("sub-2_T2w")]
    folder, out = MadeEvaluation(tmp_path).write(cases), tmp_path / "report"
    assert report(folder, "-o", out, "--viewer") == report(folder, "-o", out / "below") == 0
    (out / "cases" / "mine.html").write_text("mine")
    MadeEvaluation(tmp_path).write(cases[:1])
    assert report(folder, "-o", out, "--force") == 0
    assert sorted(file.name for file in (out / "cases").iterdir()) == ["mine.html", "sub-1_T2w.html"]
    assert not (out / "viewer.html").exists()  # of the cases of before
    assert (out / "below" / "cases" / "sub-2_T2w.html").is_file()


def test_a_page_of_somebody_else_is_never_overwritten(evaluated: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    out.mkdir()
    (out / "report.html").write_text("mine")
    assert report(evaluated, "-o", out, "--force") == 5
    assert [(file.name, file.read_text()) for file in out.iterdir()] == [("report.html", "mine")]


def test_without_a_place_the_report_goes_into_what_it_is_made_of(evaluated: Path) -> None:
    assert report(evaluated) == 0
    assert (evaluated / "report" / "report.html").is_file()


def test_a_broken_file_is_named_on_the_page_and_the_rest_is_shown(
    evaluated: Path, tmp_path: Path, capsys: Told
) -> None:
    torn = tmp_path / "predicted" / "case000.nii.gz"
    torn.write_bytes(torn.read_bytes()[:200])
    assert report(evaluated, "-o", tmp_path / "report", "--json") == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["refused"] == ["sub-1_T2w"]
    assert "case000.nii.gz" in said.err
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "What could not be read" in page
    assert page.count('class="sheet axial') == 2


def test_a_case_without_an_image_says_so(tmp_path: Path) -> None:
    folder = MadeEvaluation(tmp_path).write([MadeCase("sub-1_T2w", has_image=False)])
    assert report(folder, "-o", tmp_path / "report") == 0
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "no image was found, so the masks lie on black" in page
    assert 'class="sheet axial' in page


def test_masks_on_another_grid_are_named_and_not_drawn(evaluated: Path, tmp_path: Path) -> None:
    path = tmp_path / "predicted" / "case000.nii.gz"
    mask = read_mask(path)
    write_mask(path, mask.data, mask.affine + np.diag([0, 0, 0.4, 0]))
    assert report(evaluated, "-o", tmp_path / "report") == 3
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "case000.nii.gz: lies on another grid than the image" in page


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("metrics.tsv", "case\tdsc\nsub-1_T2w\t0.5\n", "metrics.tsv: a column region was needed, found case, dsc"),
        (
            "metrics.tsv",
            "case\tregion\nsub-1_T2w\tsc\t0.5\n",
            "metrics.tsv: line 2: as many cells as there are columns",
        ),
        ("metrics.json", "[" * 100_000, "metrics.json: a JSON file was needed, found brackets nested too deep"),
        ("metrics.json", '{"regions": {"sc": "one"}}', "metrics.json: what nnunet_ext evaluate leaves was needed"),
        ("predictions.tsv", "case\tstatus\tvolume_sc_mm3\na\tdone\tmany\n", "line 2: a number was needed as volume_sc"),
        ("predictions.tsv", "case\na\n", "predictions.tsv: a column status was needed, found case"),
        ("progress.tsv", "train_loss\tval_loss\n-0.1\tlow\n", "line 2: a number was needed as val_loss, found 'low'"),
        ("scores.tsv", "case\tsc entropy\nsub-1_T2w\thigh\n", "scores.tsv: line 2: a number was needed as sc entropy"),
        ("inputs.tsv", "case\x00", "inputs.tsv: line 1: text was needed, found the control character"),
    ],
)
def test_a_table_that_says_something_else_is_refused_with_its_line(
    evaluated: Path, tmp_path: Path, capsys: Told, name: str, text: str, words: str
) -> None:
    (evaluated / name).write_text(text)
    assert report(evaluated, "-o", tmp_path / "out") == 3
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told


def test_a_summary_with_words_for_numbers_is_a_problem_and_the_rest_is_shown(
    evaluated: Path, tmp_path: Path, capsys: Told
) -> None:
    (evaluated / "summary.tsv").write_text(
        "site\tregion\tmetric\tn_used\tmean\tsd\tn_cases\na\tsc\tdsc\t2\t1\t0\ttwo\n"
    )
    assert report(evaluated, "-o", tmp_path / "out") == 3
    assert "summary.tsv: line 2: a number was needed as n_cases, found 'two'" in capsys.readouterr().err
    assert (tmp_path / "out" / "cases" / "sub-1_T2w.html").is_file()


def test_a_cell_of_hundreds_of_kilobytes_is_shown(evaluated: Path, tmp_path: Path) -> None:
    table = (evaluated / "metrics.tsv").read_text().splitlines()
    table = [f"{table[0]}\tmuch", *(f"{line}\t{'x' * 200_000}" for line in table[1:])]
    (evaluated / "metrics.tsv").write_text("\n".join(table) + "\n")
    assert report(evaluated, "-o", tmp_path / "out") == 0


def test_what_is_no_folder_of_ours_is_refused(tmp_path: Path, capsys: Told) -> None:
    assert report(tmp_path / "nowhere", "-o", tmp_path / "report") == 3
    assert "nowhere: a folder was needed" in capsys.readouterr().err
    assert report(tmp_path, "-o", tmp_path / "report") == 3
    assert "nnunet_ext evaluate" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


def test_what_evaluate_and_biomarkers_leave_becomes_one_report(bids: SmallBids, tmp_path: Path) -> None:
    for stem in ("sub-1_T2w", "sub-2_T2w"):
        bids.case(stem)
    labels = bids.root / "derivatives" / "labels"
    shutil.copytree(labels, tmp_path / "predicted")
    assert main(["evaluate", str(labels), str(tmp_path / "predicted"), "-o", str(tmp_path / "scores")]) == 0
    assert main(["biomarkers", "--lesion", str(tmp_path / "predicted"), "-o", str(tmp_path / "marks")]) == 0
    out = tmp_path / "report"
    assert report(tmp_path / "scores", tmp_path / "marks", "-o", out, "--images", bids.root) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    data = json.loads(re.findall(r'id="data">(.*?)</script>', page)[0])
    assert [case["file"] for case in data["cases"]] == [f"sub-{n}/anat/sub-{n}_T2w.nii.gz" for n in (1, 2)]
    assert data["cases"][0]["values"]["lesion dsc"] == 1.0
    assert data["cases"][0]["values"]["n_lesions"] == 1
    for words in ("Biomarkers", "Dorsal bridge, mm", "Per site", "image/svg+xml", "2 |R", "no image was found"):
        assert (words in page) == (words != "no image was found"), words


def test_the_viewer_holds_the_volumes_cut_out_around_the_cord(evaluated: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    assert report(evaluated, "-o", out, "--viewer") == 0
    page = (out / "viewer.html").read_text(encoding="utf-8")
    packed = dict(re.findall(r'<script type="text/plain" id="(volume-[\w-]+)">([^<]*)</script>', page))
    assert sorted(packed) == [f"volume-{n}-{part}" for n in (0, 1) for part in ("image", "prediction", "reference")]
    label = read_mask(tmp_path / "labels" / "case001.nii.gz")  # the worse one comes first
    cut = nib.Nifti1Image.from_bytes(gzip.decompress(base64.b64decode(packed["volume-0-reference"])))
    for value in (1, 2):
        where = np.argwhere(label.data == value) @ label.affine[:3, :3].T + label.affine[:3, 3]
        there = np.argwhere(np.asarray(cut.dataobj) == value) @ cut.affine[:3, :3].T + cut.affine[:3, 3]
        assert np.allclose(sorted(map(tuple, where)), sorted(map(tuple, there)))
    image = nib.Nifti1Image.from_bytes(gzip.decompress(base64.b64decode(packed["volume-0-image"])))
    assert image.shape == cut.shape
    assert image.get_data_dtype() == np.uint8
    assert bytes(image.header["descrip"]).strip(b"\0") == b""
    assert "viewer.html#case-1" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to read the scripts")
@pytest.mark.parametrize("script", sorted(TEMPLATES.glob("*.js")), ids=lambda path: path.name)
def test_scripts_are_free_of_mistakes_in_syntax(script: Path) -> None:
    subprocess.run(["node", "--check", str(script)], check=True, capture_output=True)


def test_the_vendored_viewer_is_the_one_that_its_note_names() -> None:
    import hashlib

    folder = TEMPLATES.parent / "vendor" / "niivue"
    digest = hashlib.sha256((folder / "niivue.umd.js").read_bytes()).hexdigest()
    assert digest in (folder / "SOURCE.md").read_text(encoding="utf-8")
    assert "BSD 2-Clause" in (folder / "LICENSE").read_text(encoding="utf-8")
