"""A round that was given out, made on the fly: a pool, predictions, and folders that raters give back."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import nibabel as nib
import numpy as np

from nnunet_ext.active_learning.ingest.ingest import Ingested, ingest, write_ingest
from nnunet_ext.active_learning.ingest.job import IngestJob, Returned
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.names import Dialect, label_stem
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import Row, table_text
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Array
from tests.conftest import SmallBids

STEMS = ("sub-1_T2w", "sub-2_ses-1_T2w", "sub-3_acq-ax_T2w")
GRID = np.diag([-1.0, 1.0, 2.0, 1.0])


@dataclass(frozen=True)
class MadeRound:
    """Folders of a round.

    Parameters
    ----------
    root
        Of all.
    dialect
        In which masks are given out.
    raters
        Every case goes to all of them.
    stems
        Of the images that were given out.
    """

    root: Path
    dialect: Dialect = Dialect.NEUROPOLY
    raters: tuple[str, ...] = ("",)
    stems: tuple[str, ...] = STEMS

    @property
    def pool(self) -> SmallBids:
        return SmallBids(self.root / "zurich")

    @property
    def verified(self) -> Path:
        return self.root / "round-001" / "verified"

    def make(self) -> "MadeRound":
        for stem in self.stems:
            self.pool.image(stem)
            files = self.pool.labels(stem, self.dialect)
            for path in files.values():
                write_json(path.with_name(path.name.replace(".nii.gz", ".json")), {"GeneratedBy": [{"Name": "model"}]})
        (self.pool.root / "derivatives").rename(self.root / "given")
        for rater in self.raters:
            shutil.copytree(self.root / "given", self.back(rater))
        return self

    def back(self, rater: str = "") -> Path:
        return self.root / "back" / (rater or "all")

    def query(self) -> list[Row]:
        rows: list[Row] = []
        for stem in self.stems:
            (image,) = self.pool.root.rglob(f"{stem}.nii.gz")
            about = {"case": f"zurich_{stem}", "dataset": "zurich", "image_sha256": sha256(image)}
            about["image"] = image.relative_to(self.pool.root).as_posix()
            rows += [{**about, "rater": rater or "n/a"} for rater in self.raters]
        return rows

    def job(self, **changes: object) -> IngestJob:
        returned = tuple(Returned(rater, self.back(rater)) for rater in self.raters)
        pool = {"zurich": self.pool.root}
        job = IngestJob(load_target("cord-lesion"), pool, self.root / "given", returned, self.verified, "f" * 64, 1)
        return replace(job, **changes)  # type: ignore[arg-type]

    def ingest(self, **changes: object) -> Ingested:
        done = ingest(self.query(), self.job(**changes))
        write_ingest(self.verified.parent / "ingest.tsv", done)
        return done

    def rows(self, **changes: object) -> dict[tuple[str, str], Row]:
        return {(row["case"].removeprefix("zurich_"), row["rater"]): row for row in self.ingest(**changes).rows}

    def row(self, stem: str = STEMS[0], rater: str = "n/a", **changes: object) -> Row:
        return self.rows(**changes)[stem, rater]

    def file(self, stem: str = STEMS[0], region: str = "lesion", rater: str = "") -> Path:
        name = label_stem(stem, "lesion" if region == "lesion" else "sc", self.dialect)
        (path,) = self.back(rater).rglob(f"{name}.nii.gz")
        return path

    def draw(self, mask: Array, stem: str = STEMS[0], region: str = "lesion", rater: str = "") -> Path:
        """Let a rater save another mask, in place."""
        path = self.file(stem, region, rater)
        write_mask(path, mask, GRID)
        return path

    def save(self, data: Array, affine: Array = GRID, stem: str = STEMS[0], region: str = "lesion") -> Path:
        """Let a program save whatever it will."""
        path = self.file(stem, region)
        nib.save(nib.Nifti1Image(data, affine), path)
        return path

    def mask(self, stem: str = STEMS[0], region: str = "lesion", rater: str = "") -> Array:
        return read_mask(self.file(stem, region, rater)).data

    def more(self, stem: str = STEMS[0], rater: str = "", at: tuple[int, int, int] = (9, 11, 10)) -> Array:
        """The lesions as given out, and one voxel more."""
        mask = self.mask(stem, "lesion", rater).copy()
        mask[at] = 1
        return mask

    def mark(self, rows: Sequence[Mapping[str, str]], rater: str = "") -> None:
        """Let a rater write marks.tsv."""
        columns = ["case", "region", "action", "slices", "minutes", "comment"]
        whole = [{**dict.fromkeys(columns, "n/a"), **row} for row in rows]
        write_text(self.back(rater) / "marks.tsv", table_text(whole, columns))

    def accept(self, *stems: str, rater: str = "") -> None:
        self.mark([{"case": stem, "action": "accept"} for stem in stems], rater)
