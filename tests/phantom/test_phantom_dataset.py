import hashlib
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from nnunet_ext.core.atomic import TEMPORARY_MARK
from nnunet_ext.core.errors import ConflictError, UsageError
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.site import Site

Tree = dict[str, str]


def tree_of(folder: Path) -> Tree:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def of_subject(tree: Tree, subject: str) -> Tree:
    return {name: digest for name, digest in tree.items() if f"{subject}/" in name}


def test_the_same_seed_gives_the_same_bytes_in_one_process_and_in_two(
    tmp_path: Path, small_site: Site, small_slices: Site
) -> None:
    trees = []
    for n_procs in (1, 2):
        out = tmp_path / str(n_procs)
        write_phantom(out, sites=[small_site, small_slices], patients_per_site=2, seed=5, n_procs=n_procs)
        trees.append(tree_of(out))
    assert trees[0] == trees[1]


def test_another_seed_gives_other_images(tmp_path: Path, small_site: Site) -> None:
    trees = [
        tree_of(write_phantom(tmp_path / str(seed), sites=[small_site], patients_per_site=1, seed=seed))
        for seed in (1, 2)
    ]
    images = [name for name in trees[0] if name.endswith(".nii.gz") and "derivatives" not in name]
    assert len(images) == 1
    assert all(trees[0][name] != trees[1][name] for name in images)


def test_a_patient_does_not_depend_on_how_many_patients_and_sites_there_are(
    tmp_path: Path, small_site: Site, small_slices: Site
) -> None:
    few = tree_of(write_phantom(tmp_path / "few", sites=[small_site], patients_per_site=1, seed=5))
    many = tree_of(write_phantom(tmp_path / "many", sites=[small_slices, small_site], patients_per_site=3, seed=5))
    assert of_subject(few, "sub-iso001") == of_subject(many, "sub-iso001")
    assert len(of_subject(few, "sub-iso001")) == 6


@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_image_has_two_masks_on_its_grid_and_all_have_sidecars(
    tmp_path: Path, small_slices: Site, dialect: Dialect
) -> None:
    out = write_phantom(tmp_path / "d", sites=[small_slices], patients_per_site=2, seed=1, dialect=dialect)
    images = sorted(out.glob("sub-*/anat/*.nii.gz"))
    masks = sorted(out.glob("derivatives/labels/sub-*/anat/*.nii.gz"))
    assert len(images) == 4
    assert len(masks) == 8
    for path in [*images, *masks]:
        assert json.loads(path.with_suffix("").with_suffix(".json").read_text())["GeneratedBy"]
    for mask in masks:
        partner = next(image for image in images if image.name.startswith(mask.name[:10]))
        assert (read_mask(mask).affine == read_volume(partner).affine).all()
        assert read_mask(mask).data.shape == read_volume(partner).data.shape


def test_sessions_stand_in_names_and_folders_only_where_there_are_several(tmp_path: Path, small_site: Site) -> None:
    out = write_phantom(tmp_path / "d", sites=[small_site], patients_per_site=1, seed=1, sessions=2)
    names = [path.relative_to(out).as_posix() for path in sorted(out.glob("sub-*/**/*.nii.gz"))]
    assert names == [f"sub-iso001/ses-0{n}/anat/sub-iso001_ses-0{n}_acq-iso_T2w.nii.gz" for n in (1, 2)]
    assert len(list(out.glob("derivatives/labels/sub-iso001/ses-02/anat/*.nii.gz"))) == 2


def test_the_first_session_does_not_depend_on_there_being_a_second(tmp_path: Path, small_site: Site) -> None:
    single = write_phantom(tmp_path / "1", sites=[small_site], patients_per_site=1, seed=1)
    double = write_phantom(tmp_path / "2", sites=[small_site], patients_per_site=1, seed=1, sessions=2)
    (one,) = single.glob("sub-*/anat/*.nii.gz")
    (two,) = double.glob("sub-*/ses-01/anat/*.nii.gz")
    assert one.read_bytes() == two.read_bytes()


def test_healthy_patients_have_an_empty_lesion_mask_rather_than_none(tmp_path: Path, small_site: Site) -> None:
    site = replace(small_site, pathologies=((Pathology.HEALTHY, 1.0),))
    out = write_phantom(tmp_path / "d", sites=[site], patients_per_site=1, seed=1)
    (lesion,) = out.glob("derivatives/labels/**/*lesion*.nii.gz")
    (cord,) = out.glob("derivatives/labels/**/*SC*.nii.gz")
    assert not read_mask(lesion).data.any()
    assert read_mask(cord).data.any()


def test_the_participants_stand_in_a_table(tmp_path: Path, small_site: Site, small_slices: Site) -> None:
    out = write_phantom(tmp_path / "d", sites=[small_site, small_slices], patients_per_site=3, seed=1)
    table = pd.read_csv(out / "participants.tsv", sep="\t")
    described = json.loads((out / "participants.json").read_text())
    assert sorted(table["participant_id"]) == sorted(path.name for path in out.glob("sub-*"))
    assert set(table.columns) == {"participant_id", *described}
    assert table["mjoa"].notna().sum() >= 3


def test_both_datasets_are_described(tmp_path: Path, small_site: Site) -> None:
    out = write_phantom(tmp_path / "d", sites=[small_site], patients_per_site=1, seed=1)
    raw, labels = (
        json.loads((out / folder / "dataset_description.json").read_text()) for folder in ("", "derivatives/labels")
    )
    assert (raw["DatasetType"], labels["DatasetType"]) == ("raw", "derivative")
    assert raw["Phantom"]["Seed"] == 1
    assert (out / "README").stat().st_size > 100
    for sidecar in (out / "derivatives" / "labels").rglob("sub-*.json"):
        (source,) = json.loads(sidecar.read_text())["Sources"]
        assert (out / source.removeprefix("bids:raw:")).is_file()


def test_progress_counts_up_to_all_patients(tmp_path: Path, small_site: Site) -> None:
    steps: list[tuple[int, int]] = []
    write_phantom(
        tmp_path / "d", sites=[small_site], patients_per_site=3, seed=1, progress=lambda *step: steps.append(step)
    )
    assert steps == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_only_what_is_damaged_is_made_again(tmp_path: Path, small_site: Site, damage: str) -> None:
    def write() -> Path:
        return write_phantom(tmp_path / "d", sites=[small_site], patients_per_site=2, seed=1)

    whole = tree_of(write())
    images = sorted((tmp_path / "d").glob("sub-*/anat/*.nii.gz"))
    if damage == "cut":
        images[0].write_bytes(images[0].read_bytes()[:500])
    else:
        images[0].unlink()
    kept = images[1].stat()
    assert tree_of(write()) == whole
    assert (images[1].stat().st_ino, images[1].stat().st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)


KILLED = """
import sys
from dataclasses import replace
from pathlib import Path
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.site import find_sites

site = replace(find_sites(["isotropic"])[0], matrix=((20, 22), (34, 36), (44, 46)))
write_phantom(
    Path(sys.argv[1]), sites=[site], patients_per_site=40, seed=1, progress=lambda done, total: print(done, flush=True)
)
"""


def test_a_killed_run_is_finished_by_the_next_call_with_the_same_bytes(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run([sys.executable, "-c", KILLED, str(whole)], check=True, capture_output=True)
    with subprocess.Popen([sys.executable, "-c", KILLED, str(killed)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert [process.stdout.readline().strip() for _ in range(3)] == ["1", "2", "3"]
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (killed / "participants.tsv").exists()
    assert tree_of(killed) != tree_of(whole)
    # What a kill in the middle of a file leaves behind.
    (killed / "sub-iso001" / "anat" / f"{TEMPORARY_MARK}123.nii.gz").write_bytes(b"half")
    subprocess.run([sys.executable, "-c", KILLED, str(killed)], check=True, capture_output=True)
    assert tree_of(killed) == tree_of(whole)


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path, small_site: Site) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConflictError, match=r"thesis\.txt"):
        write_phantom(tmp_path, sites=[small_site], patients_per_site=1, seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_somebody_elses_dataset_is_left_alone(tmp_path: Path, small_site: Site) -> None:
    (tmp_path / "dataset_description.json").write_text('{"Name": "real patients", "BIDSVersion": "1.8.0"}')
    with pytest.raises(ConflictError, match="made otherwise"):
        write_phantom(tmp_path, sites=[small_site], patients_per_site=1, seed=1)
    assert len(list(tmp_path.iterdir())) == 1


def test_other_arguments_in_the_same_folder_are_a_conflict(tmp_path: Path, small_site: Site) -> None:
    out = write_phantom(tmp_path / "d", sites=[small_site], patients_per_site=1, seed=1)
    before = tree_of(out)
    with pytest.raises(ConflictError, match="other seed"):
        write_phantom(out, sites=[small_site], patients_per_site=1, seed=2)
    with pytest.raises(ConflictError):
        write_phantom(out, sites=[replace(small_site, axes="LPS")], patients_per_site=1, seed=1)
    with pytest.raises(ConflictError):
        write_phantom(out, sites=[small_site], patients_per_site=1, seed=1, dialect=Dialect.BIDS)
    assert tree_of(out) == before


def test_an_empty_folder_is_taken(tmp_path: Path, small_site: Site) -> None:
    out = tmp_path / "empty"
    out.mkdir()
    assert list(write_phantom(out, sites=[small_site], patients_per_site=1, seed=1).glob("sub-*"))


def test_senseless_requests_are_refused_before_anything_is_written(tmp_path: Path, small_site: Site) -> None:
    out = tmp_path / "d"
    with pytest.raises(UsageError, match="at least one site"):
        write_phantom(out, sites=[], patients_per_site=1, seed=1)
    with pytest.raises(UsageError, match="each its own"):
        write_phantom(out, sites=[small_site, small_site], patients_per_site=1, seed=1)
    with pytest.raises(UsageError, match="each its own"):
        write_phantom(out, sites=[replace(small_site, code="a-b")], patients_per_site=1, seed=1)
    for patients, sessions, processes, seed in ((0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, -1)):
        with pytest.raises(UsageError, match="found"):
            write_phantom(
                out, sites=[small_site], patients_per_site=patients, seed=seed, sessions=sessions, n_procs=processes
            )
    assert not out.exists()
