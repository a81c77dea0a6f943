"""Whatever a dataset holds, no patient is on both sides of anything, and no image is lost."""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.ledger import Conversion
from nnunet_ext.dataset_conversion.plan import Labels, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.strategies import thorough

AFFINE = np.diag([-1.0, 1.0, 1.0, 1.0])
SHAPE = (3, 3, 3)


@dataclass(frozen=True)
class Drawn:
    """An image of a random dataset: where it is, and whether its labels or its bytes are missing."""

    dataset: str
    subject: str
    session: str
    run: str
    contrast: str
    fault: str

    @property
    def stem(self) -> str:
        parts = (f"sub-{self.subject}", self.session and f"ses-{self.session}", self.run and f"run-{self.run}")
        return "_".join([*filter(None, parts), self.contrast])

    @property
    def case(self) -> str:
        return f"{self.dataset}_{self.stem}"

    def write(self, folder: Path) -> None:
        place = Path(f"sub-{self.subject}") / (f"ses-{self.session}" if self.session else "") / "anat"
        root = folder / self.dataset
        image = root / place / f"{self.stem}.nii.gz"
        write_image(image, np.full(SHAPE, 7, np.int16), AFFINE)
        if self.fault == "damaged":
            image.write_bytes(image.read_bytes()[:-5])
        for tail in () if self.fault == "no labels" else ("label-SC_seg", "label-lesion_seg"):
            mask = root / "derivatives/labels" / place / f"{self.stem}_{tail}.nii.gz"
            write_mask(mask, np.ones(SHAPE, np.uint8), AFFINE)


IMAGES = st.lists(
    st.builds(
        Drawn,
        dataset=st.sampled_from(["a", "a-b"]),
        subject=st.sampled_from(["1", "2", "10", "11", "A1", "a1"]),
        session=st.sampled_from(["", "1", "10"]),
        run=st.sampled_from(["", "1", "01"]),
        contrast=st.sampled_from(["T1w", "T2w", "angio"]),
        fault=st.sampled_from(["", "", "", "no labels", "damaged"]),
    ),
    min_size=1,
    max_size=14,
    unique_by=lambda image: (image.dataset, image.stem),
)


def convert(folder: Path, datasets: Sequence[str], labels: Labels, fraction: float, seed: int) -> Conversion:
    sources = name_sources([str(folder / name) for name in datasets])
    options = PlanOptions(test_fraction=fraction, seed=seed, labels=labels)
    plan = make_plan(sources, load_profile("auto"), load_target("cord-lesion"), options)
    return write_dataset(RawDataset.named(folder / "raw", 7, "Cord"), plan)


def rows_of(done: Conversion) -> list[dict[str, str]]:
    with (done.dataset.folder / "cases.tsv").open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


# 12, 14
@thorough(0.25)
@given(
    images=IMAGES,
    labels=st.sampled_from([Labels.NEEDED, Labels.POOL]),
    fraction=st.sampled_from([0.0, 0.2, 0.5]),
    seed=st.integers(0, 99),
)
def test_of_any_datasets_each_patient_is_on_one_side_and_each_image_is_listed_once(
    images: list[Drawn], labels: Labels, fraction: float, seed: int
) -> None:
    sound = {image.case for image in images if image.contrast != "angio" and image.fault == ""}
    unlabelled = {image.case for image in images if image.contrast != "angio" and image.fault == "no labels"}
    # A damaged image may be a test patient's, whose other images then stay out of the pool: nothing would be left.
    whole = not any(image.fault == "damaged" for image in images)
    assume(sound or (unlabelled and labels is Labels.POOL and whole))
    with TemporaryDirectory() as folder:
        for image in images:
            image.write(Path(folder))
        done = convert(Path(folder), sorted({image.dataset for image in images}), labels, fraction, seed)
        rows, counts = rows_of(done), done.counts
        splits = done.dataset.folder / "splits_final.json"
        folds = json.loads(splits.read_text()) if splits.exists() else []
        written = Counter(path.parent.name for path in done.dataset.folder.glob("*T[rs]/*"))
    assert sorted(row["case"] for row in rows) == sorted(image.case for image in images)
    sets = {name: [row for row in rows if row["split"] == name] for name in ("train", "test", "pool", "n/a")}
    assert {row["case"] for row in sets["train"] + sets["test"]} == sound
    assert {row["case"] for row in sets["pool"]} <= unlabelled
    people = {name: {patient(row) for row in members} for name, members in sets.items()}
    assert not people["test"] & (people["train"] | people["pool"])
    _prove_folds(folds, {row["case"]: patient(row) for row in sets["train"]})
    assert (counts.train, counts.test, counts.pool) == tuple(len(sets[name]) for name in ("train", "test", "pool"))
    assert counts.found == len(images) == counts.train + counts.test + counts.pool + counts.skipped + counts.refused
    assert written["imagesTr"] == written["labelsTr"] == counts.train
    assert (written["imagesTs"], written["labelsTs"]) == (counts.test + counts.pool, counts.test)


def patient(row: dict[str, str]) -> tuple[str, str]:
    return row["dataset"], row["subject"]


def _prove_folds(folds: list[dict[str, list[str]]], patients: dict[str, tuple[str, str]]) -> None:
    count = min(5, len(set(patients.values())))
    assert len(folds) == (count if count > 1 else 0)
    for fold in folds:
        assert not {patients[case] for case in fold["train"]} & {patients[case] for case in fold["val"]}
        assert sorted(fold["train"] + fold["val"]) == sorted(patients)
    if folds:
        assert sorted(case for fold in folds for case in fold["val"]) == sorted(patients)
