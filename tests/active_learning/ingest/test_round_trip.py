"""What `exchange` gives out, edited as people do, and taken in."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.place_cases import PREDICTED
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.active_learning.ingest.ingest import Ingested, ingest
from nnunet_ext.active_learning.ingest.job import IngestJob, Returned
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import Row
from nnunet_ext.core.target import load_target
from tests.conftest import SmallBids

TARGET = load_target("cord-lesion")
IMAGES = (("one", "sub-1_T2w"), ("two", "sub-1_T2w"), ("two", "sub-2_ses-1_T2w"))


class Given:
    """Three cases of two datasets, of which two have one name, given to raters."""

    def __init__(
        self, root: Path, make_bids: Callable[[str], SmallBids], dialect: Dialect, raters: tuple[str, ...]
    ) -> None:
        self.to_correct, self.taken, self.raters = root / "to_correct", root / "corrected", raters
        self.pool = {name: make_bids(name) for name in ("one", "two")}
        self.rows: list[Row] = []
        chosen = []
        for dataset, stem in IMAGES:
            bids = self.pool[dataset]
            image, masks = bids.image(stem), bids.labels(stem)
            about = {"case": f"{dataset}_{stem}", "dataset": dataset, "image_sha256": sha256(image)}
            about["image"] = image.relative_to(bids.root).as_posix()
            for rater in raters:
                self.rows.append({**about, "rater": rater or "n/a"})
                chosen.append(ChosenCase.of_row(self.rows[-1], bids.root, masks, "f" * 64))
        datasets = {name: bids.root for name, bids in self.pool.items()}
        self.sent = write_exchange(self.to_correct, chosen, ExchangeSettings(TARGET, dialect), datasets)

    def copy(self, case: str, region: str, rater: str = "") -> Path:
        (sent,) = (one for one in self.sent if (one.case, one.region, one.rater) == (case, region, rater))
        return self.to_correct / sent.copy

    def edit(self, case: str, region: str = "lesion", rater: str = "") -> Path:
        path = self.copy(case, region, rater)
        mask = read_mask(path)
        more = mask.data.copy()
        more[9, 11, 10] = 1
        write_mask(path, more, mask.affine)
        return path

    def mark(self, actions: dict[str, str], rater: str = "") -> None:
        path = self.to_correct / rater / "marks.tsv"
        lines = [line.split("\t") for line in path.read_text().splitlines()]
        for cells in lines[1:]:
            cells[lines[0].index("action")] = actions.get(cells[0], "n/a")
        write_text(path, "\n".join("\t".join(cells) for cells in lines) + "\n")

    def take_in(self) -> Ingested:
        back = tuple(Returned(rater, self.to_correct / rater) for rater in self.raters)
        pool = {name: bids.root for name, bids in self.pool.items()}
        return ingest(self.rows, IngestJob(TARGET, pool, self.to_correct / PREDICTED, back, self.taken))


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("raters", [("",), ("ann", "bob")])
def test_what_is_given_out_comes_back_edited_in_place(
    dialect: Dialect, raters: tuple[str, ...], tmp_path: Path, make_bids: Callable[[str], SmallBids]
) -> None:
    given = Given(tmp_path, make_bids, dialect, raters)
    for rater in raters:
        given.edit("two_sub-1_T2w", rater=rater)
        given.mark({"one_sub-1_T2w": "accept", "two_sub-1_T2w": "accept", "two_sub-2_ses-1_T2w": "reject"}, rater)
    done = given.take_in()
    assert done.problems == ()
    several = ("consensus",) if len(raters) > 1 else ()
    assert [(row["case"], row["rater"], row["action"]) for row in done.rows] == [
        (f"{dataset}_{stem}", rater or "n/a", action)
        for (dataset, stem), action in zip(IMAGES, ("accept", "edit", "reject"), strict=True)
        for rater in (*raters, *several)
    ]
    edited = [row for row in done.rows if row["action"] == "edit"]
    assert {row["regions"] for row in edited} == {"sc;lesion"}
    for row in edited:
        cord, lesion = (read_mask(given.taken / name).data for name in row["mask"].split(";"))
        assert lesion[9, 11, 10]
        assert np.array_equal(cord, read_mask(given.copy("two_sub-1_T2w", "sc", raters[0])).data)


def test_what_manual_correction_leaves_is_read(tmp_path: Path, make_bids: Callable[[str], SmallBids]) -> None:
    given = Given(tmp_path, make_bids, Dialect.NEUROPOLY, ("",))
    path = given.edit("two_sub-1_T2w")
    sidecar = path.with_name(path.name.replace(".nii.gz", ".json"))
    told = json.loads(sidecar.read_text())
    manual = {"Name": "Manual", "Author": "A. Rater", "Date": "2026-01-01 10:00:00"}
    write_json(sidecar, {**told, "GeneratedBy": [*told["GeneratedBy"], manual]})
    for lists in given.to_correct.rglob("files*.yml"):  # it moves what it has shown, edited or skipped
        listed = yaml.safe_load(lists.read_text())
        write_text(lists, yaml.safe_dump({key.replace("FILES", "CORR"): names for key, names in listed.items()}))
    skipped, edited, other = given.take_in().rows
    assert [row["action"] for row in (skipped, edited, other)] == ["defer", "edit", "defer"]
    assert "as what was skipped or only looked at is, too" in skipped["reason"]
    record = (given.taken / edited["mask"].replace(".nii.gz", ".json")).read_text()
    assert [entry["Name"] for entry in json.loads(record)["GeneratedBy"]] == ["nnunet_ext", "Manual", "nnunet_ext"]
