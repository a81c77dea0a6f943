import csv
import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.existing import Existing
from nnunet_ext.dataset_conversion.grow import grow_dataset
from nnunet_ext.dataset_conversion.ledger import Conversion
from nnunet_ext.dataset_conversion.plan import Labels, Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.conftest import SmallBids

MakeBids = Callable[[str], SmallBids]


def convert(
    raw: Path,
    *roots: Path,
    append: bool = False,
    update: bool = False,
    labels: Labels = Labels.NEEDED,
    target: str = "cord-lesion",
) -> Conversion:
    dataset = RawDataset.named(raw, 7, "Cord")

    def plan(existing: Existing | None) -> Plan:
        known = existing.known if existing is not None else {}
        options = PlanOptions(test_fraction=0.3, seed=1, labels=labels, known=known)
        sources = name_sources([str(root) for root in roots])
        return make_plan(sources, load_profile("auto"), load_target(target), options)

    return grow_dataset(dataset, plan, update=update) if append else write_dataset(dataset, plan(None))


def rows_of(done: Conversion) -> dict[str, dict[str, str]]:
    with (done.dataset.folder / "cases.tsv").open(newline="") as stream:
        return {row["case"]: row for row in csv.DictReader(stream, delimiter="\t")}


def files_of(done: Conversion) -> dict[str, bytes]:
    folder = done.dataset.folder
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.nii.gz")}


def folds_of(done: Conversion) -> list[dict[str, list[str]]]:
    folds: list[dict[str, list[str]]] = json.loads((done.dataset.folder / "splits_final.json").read_text())
    return folds


@pytest.fixture
def zurich(make_bids: MakeBids) -> SmallBids:
    """Ten patients."""
    bids = make_bids("zurich")
    for number in range(10):
        bids.case(f"sub-{number}_T2w")
    return bids


def test_old_cases_their_sets_and_their_folds_stay_as_they_are(
    zurich: SmallBids, make_bids: MakeBids, tmp_path: Path
) -> None:
    first = convert(tmp_path / "raw", zurich.root)
    rows, files, folds = rows_of(first), files_of(first), folds_of(first)
    paris = make_bids("paris")
    for number in range(10):
        paris.case(f"sub-{number}_T2w")
    grown = convert(tmp_path / "raw", paris.root, append=True)
    assert (grown.counts.found, grown.counts.train, grown.counts.test) == (20, 14, 6)
    assert rows.items() <= rows_of(grown).items()
    assert files.items() <= files_of(grown).items()
    for old, new in zip(folds, folds_of(grown), strict=True):
        assert set(old["val"]) <= set(new["val"])
        assert set(old["train"]) <= set(new["train"])
        assert sum(case.startswith("paris") for case in new["val"]) in (1, 2)  # 7 of them in 5 folds
    description = json.loads((grown.dataset.folder / "dataset.json").read_text())
    assert description["numTraining"] == len(list((grown.dataset.folder / "imagesTr").iterdir())) == 14
    record = json.loads((grown.dataset.folder / "conversion.json").read_text())
    assert {source["name"] for source in record["sources"]} == {"zurich", "paris"}
    assert len(record["cases"]) == 20


def test_a_site_that_grows_by_single_patients_keeps_its_share_of_the_test_set(
    zurich: SmallBids, tmp_path: Path
) -> None:
    done = convert(tmp_path / "raw", zurich.root)
    assert (done.counts.train, done.counts.test) == (7, 3)
    for number in range(10, 16):
        before = {case: row["split"] for case, row in rows_of(done).items()}
        zurich.case(f"sub-{number}_T2w")
        done = convert(tmp_path / "raw", zurich.root, append=True)
        after = {case: row["split"] for case, row in rows_of(done).items()}
        assert before.items() <= after.items()
        assert Counter(after.values())["test"] == math.ceil(0.3 * (number + 1))


def test_patients_who_are_only_in_the_pool_are_no_members_of_their_site(zurich: SmallBids, tmp_path: Path) -> None:
    for number in range(10, 20):
        zurich.image(f"sub-{number}_T2w")
    assert convert(tmp_path / "raw", zurich.root, labels=Labels.POOL).counts.test == 3
    zurich.case("sub-20_T2w")
    grown = convert(tmp_path / "raw", zurich.root, append=True, labels=Labels.POOL)
    assert (grown.counts.train, grown.counts.test, grown.counts.pool) == (7, 4, 10)  # 0.3 of 11, rounded up


@pytest.mark.parametrize("first", [1, 2])
def test_a_later_visit_under_another_subject_name_stays_on_the_side_of_its_person(
    make_bids: MakeBids, tmp_path: Path, first: int
) -> None:
    early, late = make_bids("early/site"), make_bids("late/site")
    for number in range(10):
        early.case(f"sub-{number}Ses{first}_T2w")
        late.case(f"sub-{number}Ses{3 - first}_T2w")
    convert(tmp_path / "raw", early.root)
    done = convert(tmp_path / "raw", late.root, append=True)
    rows = {row["subject"]: row for row in rows_of(done).values()}
    for number in range(10):
        one, other = rows[f"sub-{number}Ses{first}"], rows[f"sub-{number}Ses{3 - first}"]
        assert (one["split"], one["person"]) == (other["split"], other["person"])
    record = json.loads((done.dataset.folder / "conversion.json").read_text())
    assert any("sub-0Ses1 and sub-0Ses2 are one person" in said for said in record["assumptions"])


def test_an_image_that_is_there_already_under_another_name_stays_on_its_side(
    zurich: SmallBids, make_bids: MakeBids, tmp_path: Path
) -> None:
    before = rows_of(convert(tmp_path / "raw", zurich.root))
    paris = make_bids("paris")
    for number in range(10):
        paris.case(f"sub-p{number}_T2w").write_bytes(
            (zurich.root / f"sub-{number}/anat/sub-{number}_T2w.nii.gz").read_bytes()
        )
    after = rows_of(convert(tmp_path / "raw", paris.root, append=True))
    for number in range(10):
        assert after[f"paris_sub-p{number}_T2w"]["split"] == before[f"zurich_sub-{number}_T2w"]["split"]
        assert after[f"paris_sub-p{number}_T2w"]["person"] == f"zurich/sub-{number}"


def test_a_dataset_written_without_persons_stays_as_it_is_and_its_torn_person_is_told(
    make_bids: MakeBids, tmp_path: Path
) -> None:
    site = make_bids("site")
    for number in range(1, 6):
        site.case(f"sub-1Visit{number}_T2w")
    done = convert(tmp_path / "raw", site.root)  # all on one side
    table = done.dataset.folder / "cases.tsv"
    lines = [line.rsplit("\t", 1)[0] for line in table.read_text().splitlines()]
    split = [line.split("\t") for line in lines]
    column = split[0].index("split")
    split[1][column] = "train"
    images = done.dataset.folder
    for kind in ("images", "labels"):
        (images / f"{kind}Tr").mkdir(exist_ok=True)
        for file in (images / f"{kind}Ts").glob("site_sub-1Visit1_*"):
            file.rename(images / f"{kind}Tr" / file.name)
    table.write_text("\n".join("\t".join(cells) for cells in split) + "\n")
    site.case("sub-1Visit6_T2w")
    grown = convert(tmp_path / "raw", site.root, append=True)
    rows = {row["subject"]: row["split"] for row in rows_of(grown).values()}
    assert (rows["sub-1Visit1"], rows["sub-1Visit2"], rows["sub-1Visit6"]) == ("train", "test", "train")
    record = json.loads((grown.dataset.folder / "conversion.json").read_text())
    assert any("convert anew" in said for said in record["warnings"])


def test_a_new_session_of_a_known_patient_joins_its_set(zurich: SmallBids, tmp_path: Path) -> None:
    before = rows_of(convert(tmp_path / "raw", zurich.root))
    for number in range(10):
        zurich.case(f"sub-{number}_ses-02_T2w")
    after = rows_of(convert(tmp_path / "raw", zurich.root, append=True))
    assert len(after) == 20
    for number in range(10):
        assert after[f"zurich_sub-{number}_ses-02_T2w"]["split"] == before[f"zurich_sub-{number}_T2w"]["split"]


def test_appending_again_changes_nothing(
    zurich: SmallBids, make_bids: MakeBids, tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    convert(tmp_path / "raw", zurich.root)
    paris = make_bids("paris")
    paris.case("sub-1_T2w")
    first = convert(tmp_path / "raw", paris.root, append=True)
    before = tree_hash(first.dataset.folder)
    again = convert(tmp_path / "raw", paris.root, append=True)
    assert again.counts == first.counts
    assert tree_hash(again.dataset.folder) == before


def test_what_is_refused_on_appending_is_listed_and_harms_nothing(
    zurich: SmallBids, make_bids: MakeBids, tmp_path: Path
) -> None:
    files = files_of(convert(tmp_path / "raw", zurich.root))
    paris = make_bids("paris")
    paris.case("sub-1_T2w").write_bytes(b"not an image")
    grown = convert(tmp_path / "raw", paris.root, append=True)
    assert (grown.counts.found, grown.counts.refused) == (11, 1)
    assert "paris_sub-1_T2w" in rows_of(grown)
    assert files_of(grown) == files
    paris.image("sub-1_T2w")  # mended, and appended again
    mended = convert(tmp_path / "raw", paris.root, append=True)
    assert (mended.counts.found, mended.counts.refused) == (11, 0)


def test_a_patient_of_the_pool_that_gets_labels_is_trained_on_and_never_tested_on(
    zurich: SmallBids, make_bids: MakeBids, tmp_path: Path
) -> None:
    pool = make_bids("pool")
    for number in range(8):
        pool.image(f"sub-{number}_T2w")
    first = convert(tmp_path / "raw", zurich.root, pool.root, labels=Labels.POOL)
    assert (first.counts.pool, first.counts.refused) == (8, 0)
    for number in range(8):
        pool.labels(f"sub-{number}_T2w")
    grown = convert(tmp_path / "raw", pool.root, append=True, labels=Labels.POOL)
    assert (grown.counts.pool, grown.counts.found) == (0, 18)
    rows = rows_of(grown)
    assert {rows[f"pool_sub-{number}_T2w"]["split"] for number in range(8)} == {"train"}
    assert not list((grown.dataset.folder / "imagesTs").glob("pool*"))


def test_an_unlabelled_image_of_a_tested_patient_is_kept_out_of_the_pool(zurich: SmallBids, tmp_path: Path) -> None:
    for number in range(10):
        zurich.image(f"sub-{number}_ses-02_T2w")
    rows = rows_of(convert(tmp_path / "raw", zurich.root, labels=Labels.POOL))
    for number in range(10):
        later, split = rows[f"zurich_sub-{number}_ses-02_T2w"], rows[f"zurich_sub-{number}_T2w"]["split"]
        assert later["split"] == ("pool" if split == "train" else "n/a")
        assert ("would leak" in later["reason"]) == (split == "test")


def test_a_kill_between_the_last_two_renames_is_mended(
    zurich: SmallBids, tmp_path: Path, tree_hash: Callable[[Path], str]
) -> None:
    done = convert(tmp_path / "raw", zurich.root)
    before = tree_hash(done.dataset.folder)
    done.dataset.folder.rename(tmp_path / "raw" / ".Dataset007_Cord.previous")
    again = convert(tmp_path / "raw", zurich.root)
    assert again == done
    assert tree_hash(done.dataset.folder) == before
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == [".Dataset007_Cord.lock", "Dataset007_Cord"]


def test_the_command_line_appends_and_says_what_it_needs(
    zurich: SmallBids, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raw").mkdir()
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    command = ["convert", str(zurich.root), "-d", "7", "-n", "Cord"]
    assert main([*command, "--append"]) == 2
    assert "leave --append out" in capsys.readouterr().err
    assert main(command) == 0
    zurich.case("sub-77_T2w")
    assert main(command) == 5
    assert "--append" in capsys.readouterr().err
    assert main([*command, "--append"]) == 0
    assert "of 11 images" in capsys.readouterr().out
    assert main([*command, "--append", "--target", "cord"]) == 5
    assert "its target is cord-lesion" in capsys.readouterr().err


def test_while_one_process_adds_no_other_can_and_nothing_is_dropped(
    zurich: SmallBids, make_bids: MakeBids, tmp_path: Path
) -> None:
    convert(tmp_path / "raw", zurich.root)
    paris, geneva = make_bids("paris"), make_bids("geneva")
    paris.case("sub-1_T2w")
    geneva.case("sub-1_T2w")
    tried = []

    def plan(existing: Existing) -> Plan:
        with pytest.raises(ConflictError, match="another process"):
            convert(tmp_path / "raw", geneva.root, append=True)
        tried.append(existing)
        options = PlanOptions(test_fraction=0.3, seed=1, known=existing.known)
        return make_plan(name_sources([str(paris.root)]), load_profile("auto"), load_target("cord-lesion"), options)

    grow_dataset(RawDataset.named(tmp_path / "raw", 7, "Cord"), plan)
    assert len(tried) == 1
    grown = convert(tmp_path / "raw", geneva.root, append=True)
    assert {"paris_sub-1_T2w", "geneva_sub-1_T2w"} <= set(rows_of(grown))
    assert grown.counts.found == 12


def test_another_site_in_participants_tsv_is_a_change(zurich: SmallBids, tmp_path: Path) -> None:
    zurich.participants([{"participant_id": f"sub-{number}", "site": "old"} for number in range(10)])
    convert(tmp_path / "raw", zurich.root)
    zurich.participants([{"participant_id": f"sub-{number}", "site": "new"} for number in range(10)])
    with pytest.raises(ConflictError, match="--update"):
        convert(tmp_path / "raw", zurich.root, append=True)
    updated = convert(tmp_path / "raw", zurich.root, append=True, update=True)
    assert {row["site"] for row in rows_of(updated).values()} == {"new"}


def test_an_image_that_was_replaced_and_a_mask_that_came_later_are_taken_over(
    make_bids: MakeBids, tmp_path: Path
) -> None:
    bids = make_bids("zurich")
    for number in range(4):
        bids.case(f"sub-{number}_T2w", lesion=number > 0)
    first = convert(tmp_path / "raw", bids.root)
    files = files_of(first)
    bids.image("sub-2_ses-other_T2w", folder="sub-2/anat").rename(bids.root / "sub-2/anat/sub-2_T2w.nii.gz")
    bids.labels("sub-0_T2w", lesion=True)
    with pytest.raises(ConflictError, match="2 of its cases"):
        convert(tmp_path / "raw", bids.root)
    updated = files_of(convert(tmp_path / "raw", bids.root, append=True, update=True))
    assert updated.keys() == files.keys()
    changed = {name.split("/")[1].split(".")[0] for name in files if files[name] != updated[name]}
    assert changed == {"zurich_sub-2_T2w_0000", "zurich_sub-0_T2w"}


def test_another_rule_of_the_profile_is_a_change_and_is_applied_to_old_cases_by_an_update(
    bids: SmallBids, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    profile = tmp_path / "mine.toml"
    for number in range(4):
        bids.case(f"sub-{number}_T2w")
        cord = bids.root / f"derivatives/labels/sub-{number}/anat/sub-{number}_T2w_label-SC_seg.nii.gz"
        mask = read_mask(cord)
        write_mask(cord, np.where(np.arange(mask.data.shape[2]) > 4, mask.data, 0).astype(np.uint8), mask.affine)
    command = ["convert", str(bids.root), "-d", "7", "-n", "Cord", "--profile", str(profile)]
    profile.write_text('name = "mine"\nextends = "auto"\nlesion_outside_cord = "keep"\n')
    assert main(command) == 0
    before = {file.name: file.read_bytes() for file in (tmp_path / "raw").rglob("labels*/*.gz")}
    profile.write_text('name = "mine"\nextends = "auto"\nlesion_outside_cord = "clip"\n')
    assert main([*command, "--append"]) == 5
    assert "rules" in capsys.readouterr().err
    assert main([*command, "--update"]) == 0
    after = {file.name: file.read_bytes() for file in (tmp_path / "raw").rglob("labels*/*.gz")}
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in before)
    assert main([*command, "--update"]) == 0
