import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.names import Dialect, label_stem
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.tables import read_table
from nnunet_ext.core.volume import Array
from tests.phantom.injection.tube import Tube

STEMS = ("sub-1_T2w", "sub-2_T2w", "sub-2_T1w")


class Lab:
    """A dataset of healthy cords."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def case(self, stem: str, tube: Tube, lesion: bool | None = None) -> None:
        image, cord = tube.make()
        folder = f"{stem.split('_', maxsplit=1)[0]}/anat"
        write_image(self.root / folder / f"{stem}.nii.gz", image.data, image.affine)
        self.mask(stem, cord, image.affine)
        if lesion is not None:
            drawn = np.zeros_like(cord)
            drawn[tuple(np.argwhere(cord).mean(axis=0).astype(int))] = lesion
            write_mask(self.mask_path(stem, "lesion"), drawn, image.affine)

    def mask(self, stem: str, cord: Array, affine: Array) -> None:
        write_mask(self.mask_path(stem, "sc"), cord, affine)

    def mask_path(self, stem: str, kind: str) -> Path:
        name = label_stem(stem, "sc" if kind == "sc" else "lesion", Dialect.MANUAL)
        return self.root / "derivatives" / "labels" / stem.split("_", maxsplit=1)[0] / "anat" / f"{name}.nii.gz"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = Lab(tmp_path / "lab")
    for number, stem in enumerate(STEMS):
        fluid = 150.0 if stem.endswith("T1w") else 1000.0
        made.case(stem, Tube(spacing=(0.8, 0.8, 3.0), axes="LPS", fluid=fluid, seed=number))
    return made


@pytest.fixture
def run(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def inject(*options: object, out: str = "out") -> tuple[int, str, str]:
        code = main(["inject", str(lab.root), "-o", str(tmp_path / out), *map(str, options)])
        return code, *capsys.readouterr()

    return inject


def test_a_process_leaves_a_dataset_that_evaluate_and_convert_take(
    lab: Lab, tmp_path: Path, tree_hash: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, out = tree_hash(lab.root), tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "nnunet_ext", "inject", str(lab.root), "-o", str(out), "--json", "-np", "2"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert answer["images"] == {"injected": 3, "healthy": 0, "skipped": 0, "refused": 0}
    assert tree_hash(lab.root) == before
    rows = read_table(out / "injected.tsv")
    assert answer["lesions"] == len(rows) >= 3
    assert set(json.loads((out / "injected.json").read_text())) == set(rows[0])
    assert main(["evaluate", str(out), str(out), "-o", str(tmp_path / "scores")]) == 0
    scores = read_table(tmp_path / "scores" / "metrics.tsv")
    assert {(row["case"], row["region"]): float(row["dsc"]) for row in scores} == {
        (stem, region): 1.0 for stem in STEMS for region in ("sc", "lesion")
    }
    counted = {row["case"]: int(row["ref_count"]) for row in scores if row["region"] == "lesion"}
    assert counted == {stem: sum(row["case"] == stem for row in rows) for stem in STEMS}
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    assert main(["convert", str(out), "-d", "7", "-n", "Injected", "--pictures", "0"]) == 0
    cases = read_table(tmp_path / "raw" / "Dataset007_Injected" / "cases.tsv")
    assert [row["status"] for row in cases] == ["include"] * 3
    assert all(int(row["voxels_lesion"]) > 0 and row["lesion_voxels_outside_sc"] == "0" for row in cases)


def test_predict_finds_the_new_images_and_takes_no_mask_for_one(run: Callable[..., object], tmp_path: Path) -> None:
    from nnunet_ext.cli.predict.bids import InputChoice, bids_cases

    run()
    found = bids_cases(tmp_path / "out", ["image"], InputChoice())
    assert sorted(case.name.split("/")[-1] for case in found if not case.reason) == sorted(STEMS)


def test_the_same_command_gives_the_same_bytes_and_another_one_does_not_overwrite_them(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    assert run()[0] == 0
    before = tree_hash(tmp_path / "out")
    assert run()[0] == 0
    assert tree_hash(tmp_path / "out") == before
    code, _, said = run("--seed", 2)
    assert code == 5
    assert "other seed" in said
    assert tree_hash(tmp_path / "out") == before
    assert run("--seed", 2, "--force")[0] == 0
    assert tree_hash(tmp_path / "out") != before


def test_an_image_does_not_depend_on_the_others(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    assert run()[0] == 0
    assert run("--participant-label", "1", "--suffix", "T2w", out="one")[0] == 0
    files = [tmp_path / name / "sub-1" / "anat" / "sub-1_T2w.nii.gz" for name in ("out", "one")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert not (tmp_path / "one" / "sub-2").exists()


def test_contrasts_of_one_visit_show_the_same_lesions(run: Callable[..., object], tmp_path: Path) -> None:
    run()
    labels = tmp_path / "out" / "derivatives" / "labels" / "sub-2" / "anat"
    masks = [read_mask(labels / f"sub-2_{name}_label-lesion_seg.nii.gz").data for name in ("T1w", "T2w")]
    assert np.array_equal(masks[0], masks[1])
    change = []
    for name in ("T1w", "T2w"):
        before, after = (read_volume(tmp_path / root / "sub-2" / "anat" / f"sub-2_{name}.nii.gz").data.astype(float)
                         for root in ("lab", "out"))  # fmt: skip
        change.append((after - before)[masks[0] > 0].mean())
    assert change[0] < 0 < change[1]


def test_damaged_and_misplaced_masks_are_refused_by_name_and_the_rest_goes_on(
    lab: Lab, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    cut, moved, beside = (lab.mask_path(stem, "sc") for stem in ("sub-3_T2w", "sub-4_T2w", "sub-5_T2w"))
    for number, stem in enumerate(("sub-3_T2w", "sub-4_T2w", "sub-5_T2w")):
        lab.case(stem, Tube(spacing=(0.8, 0.8, 3.0), seed=10 + number))
    cut.write_bytes(cut.read_bytes()[:-30])
    image, cord = Tube(spacing=(0.8, 0.8, 3.0)).make()
    write_mask(moved, cord, nib.affines.from_matvec(image.affine[:3, :3], image.affine[:3, 3] + 20))
    write_mask(beside, np.roll(cord, 12, axis=0), image.affine)
    code, said, error = run("--json")
    assert code == 3
    assert json.loads(said)["images"] == {"injected": 3, "healthy": 0, "skipped": 0, "refused": 3}
    for path, word in ((cut, "truncated"), (moved, "lies"), (beside, "beside what looks like a cord")):
        assert path.name in error
        row = next(row for row in read_table(tmp_path / "out" / "injected.tsv") if path.name in row["reason"])
        assert row["status"] == "refused"
        assert word in row["reason"] or path == cut
    assert not (tmp_path / "out" / "sub-3").exists()


def test_images_without_a_cord_mask_or_with_lesions_of_their_own_are_left_out_with_a_reason(
    lab: Lab, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    lab.mask_path("sub-1_T2w", "sc").unlink()
    lab.case("sub-6_T2w", Tube(seed=6), lesion=True)
    lab.case("sub-7_T2w", Tube(seed=7), lesion=False)
    code, said, _ = run("--json")
    assert code == 0
    assert json.loads(said)["images"] == {"injected": 3, "healthy": 0, "skipped": 2, "refused": 0}
    reasons = {row["case"]: row["reason"] for row in read_table(tmp_path / "out" / "injected.tsv")}
    assert "no sc mask" in reasons["sub-1_T2w"]
    assert "lesions of its own, 1 voxels" in reasons["sub-6_T2w"]
    assert json.loads(run("--json", "--own-lesions", out="more")[1])["images"]["injected"] == 4


def test_a_dataset_without_any_cord_mask_is_refused(lab: Lab, run: Callable[..., tuple[int, str, str]]) -> None:
    for stem in STEMS:
        lab.mask_path(stem, "sc").unlink()
    code, _, said = run()
    assert code == 3
    assert "an image with a cord mask was needed" in said


def test_images_made_of_one_take_the_kinds_in_turn(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, said, _ = run("--per-image", 4, "--kinds", "sci", "ms", "tumor", "healthy", "--suffix", "T2w", "--json")
    assert code == 0
    assert json.loads(said)["images"] == {"injected": 6, "healthy": 2, "skipped": 0, "refused": 0}
    rows = read_table(tmp_path / "out" / "injected.tsv")
    for subject in ("sub-1", "sub-2"):
        kinds = {row["case"]: row["kind"] for row in rows if row["case"].startswith(subject)}
        assert sorted(kinds.values()) == ["healthy", "ms", "sci", "tumor"]
        assert sorted(kinds) == [f"{subject}_rec-inj{number}_T2w" for number in range(1, 5)]
    [copy] = [row for row in rows if row["kind"] == "healthy" and row["case"].startswith("sub-1")]
    anat = Path("sub-1", "anat")
    image = read_volume(tmp_path / "out" / anat / f"{copy['case']}.nii.gz")
    assert np.array_equal(image.data, read_volume(tmp_path / "lab" / anat / "sub-1_T2w.nii.gz").data)
    labels = tmp_path / "out" / "derivatives" / "labels" / anat
    assert not read_mask(labels / f"{copy['case']}_label-lesion_seg.nii.gz").data.any()


def test_nothing_is_written_into_the_source(lab: Lab, tree_hash: Callable[[Path], str]) -> None:
    before = tree_hash(lab.root)
    assert main(["inject", str(lab.root), "-o", str(lab.root / "derivatives" / "injected")]) == 2
    assert tree_hash(lab.root) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--per-image", "0"], "--per-image"), (["--seed", "-1"], "seed"), (["--participant-label", "99"], "sub-99")],
)
def test_wishes_that_make_no_sense_are_refused(
    run: Callable[..., tuple[int, str, str]], options: list[str], said: str
) -> None:
    code, _, error = run(*options)
    assert code == 2
    assert said in error


@pytest.mark.real
def test_real_cords_of_three_contrasts_get_lesions_that_can_be_seen(real_data: Path, tmp_path: Path) -> None:
    given = ["--own-lesions", "--seed", "3"]  # the lesion masks of this dataset are dummies
    assert main(["inject", str(real_data / "bids_unf"), "-o", str(tmp_path / "unf"), *given]) == 0
    assert main(["inject", str(real_data / "gm_challenge"), "-o", str(tmp_path / "gm")]) == 0
    rows = [row for name in ("unf", "gm") for row in read_table(tmp_path / name / "injected.tsv")]
    made = [row for row in rows if row["status"] == "injected"]
    assert len({row["case"] for row in made}) == 6
    assert all(float(row["contrast_to_noise"]) > 0.5 for row in made)
    assert all((float(row["contrast"]) < 0) == ("T1w" in row["case"]) for row in made)
