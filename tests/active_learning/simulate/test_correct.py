from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.active_learning.ingest.ingest import ingest
from nnunet_ext.active_learning.ingest.job import IngestJob, Returned
from nnunet_ext.active_learning.simulate.correct import correct
from nnunet_ext.active_learning.simulate.known_labels import KnownLabels
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import Row
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import Source
from tests.conftest import SHAPE, SmallBids

TARGET = load_target("cord-lesion")
GRID = np.diag([-1.0, 1.0, 2.0, 1.0])
RIGHT, WRONG, HEALTHY, TORN = (f"sub-{name}_T2w" for name in ("right", "wrong", "healthy", "torn"))


@pytest.fixture
def known(bids: SmallBids) -> KnownLabels:
    """Four patients, one with a damaged mask of lesions; nobody has looked for lesions in a fifth."""
    for stem in (RIGHT, WRONG, TORN, "sub-unseen_T2w"):
        bids.case(stem)
    bids.case(HEALTHY, lesion=False)
    files = {path.name: path for path in bids.root.rglob("*_seg.nii.gz")}
    (unseen,) = (path for name, path in files.items() if name.startswith("sub-unseen") and "lesion" in name)
    unseen.unlink()
    (torn,) = (path for name, path in files.items() if name.startswith("sub-torn") and "lesion" in name)
    torn.write_bytes(torn.read_bytes()[:-9])
    source = Source("site", bids.root)
    return KnownLabels.of_plan(make_plan([source], load_profile("auto"), TARGET, PlanOptions()))


@pytest.fixture
def give_out(bids: SmallBids, tmp_path: Path, known: KnownLabels) -> Callable[..., list[Row]]:
    """Give out cases with these predicted lesions, and the true cord; give the rows of the query."""

    def give(lesions: dict[str, Array]) -> list[Row]:
        chosen: list[ChosenCase] = []
        rows: list[Row] = []
        for stem, lesion in lesions.items():
            (image,) = bids.root.rglob(f"{stem}.nii.gz")
            cord = read_mask(next(bids.root.rglob(f"{stem}_*[Ss][Cc]_seg.nii.gz"))).data
            masks = {"sc": Volume(cord, GRID), "lesion": Volume(lesion, GRID)}
            chosen.append(ChosenCase(f"site_{stem}", "site", (image,), masks, image_sha256=(sha256(image),)))
            place = image.relative_to(bids.root).as_posix()
            rows.append(
                {
                    "case": f"site_{stem}",
                    "dataset": "site",
                    "image": place,
                    "image_sha256": sha256(image),
                    "rater": "n/a",
                }
            )
        write_exchange(tmp_path / "to_correct", chosen, ExchangeSettings(TARGET), {"site": bids.root})
        return rows

    return give


def taken_in(tmp_path: Path, bids: SmallBids, rows: list[Row]) -> dict[str, Row]:
    returned = (Returned("", tmp_path / "to_correct"),)
    given = tmp_path / "to_correct" / "predicted"
    job = IngestJob(TARGET, {"site": bids.root}, given, returned, tmp_path / "corrected", lesion_outside_cord="keep")
    return {row["case"].removeprefix("site_"): row for row in ingest(rows, job).rows}


def test_what_is_right_is_accepted_and_what_is_wrong_costs_what_had_to_be_changed(
    tmp_path: Path, bids: SmallBids, known: KnownLabels, give_out: Callable[..., list[Row]]
) -> None:
    (file,) = bids.root.rglob(f"{RIGHT}_*lesion*.nii.gz")
    true = read_mask(file).data
    predicted = true.copy()
    predicted[:, :, 4] = 0
    predicted[6, 8, 0] = 1
    none = np.zeros(SHAPE, np.uint8)
    none[6, 8, 0] = 1
    rows = give_out({RIGHT: true, WRONG: predicted, HEALTHY: none})
    correct(tmp_path / "to_correct", known)
    found = taken_in(tmp_path, bids, rows)
    assert {stem: row["action"] for stem, row in found.items()} == {RIGHT: "accept", WRONG: "edit", HEALTHY: "edit"}
    assert {stem: int(row["voxels_changed"]) for stem, row in found.items()} == {
        RIGHT: 0,
        WRONG: np.count_nonzero(predicted != true),
        HEALTHY: 1,
    }
    for stem in (RIGHT, WRONG, HEALTHY):
        for mask in found[stem]["mask"].split(";"):
            region = "lesion" if "lesion" in mask else "[Ss][Cc]_seg"
            (file,) = bids.root.rglob(f"{stem}_*{region}*.nii.gz")
            np.testing.assert_array_equal(read_mask(tmp_path / "corrected" / mask).data, read_mask(file).data)


def test_the_same_again_leaves_the_same_files(
    tmp_path: Path, known: KnownLabels, give_out: Callable[..., list[Row]], tree_hash: Callable[[Path], str]
) -> None:
    give_out({WRONG: np.zeros(SHAPE, np.uint8), HEALTHY: np.zeros(SHAPE, np.uint8)})
    before = tree_hash(tmp_path / "to_correct")
    correct(tmp_path / "to_correct", known)
    after = tree_hash(tmp_path / "to_correct")
    assert after != before
    correct(tmp_path / "to_correct", known)
    assert tree_hash(tmp_path / "to_correct") == after


def test_labels_that_a_conversion_would_refuse_make_no_truth(
    tmp_path: Path, bids: SmallBids, known: KnownLabels, give_out: Callable[..., list[Row]]
) -> None:
    rows = give_out({TORN: np.zeros(SHAPE, np.uint8)})
    correct(tmp_path / "to_correct", known)
    row = taken_in(tmp_path, bids, rows)[TORN]
    assert row["action"] == "reject"
    assert "sub-torn_T2w_label-lesion_seg.nii.gz" in row["reason"]


def test_only_images_with_all_their_labels_are_known(known: KnownLabels) -> None:
    assert sorted(known.cases) == [f"site_{stem}" for stem in (HEALTHY, RIGHT, TORN, WRONG)]
