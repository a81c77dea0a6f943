"""A lab's dataset on disk, and what `nnunet_ext convert` makes of it."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.volume import Affine, Array
from tests.conftest import SHAPE, SmallBids

TreeHash = Callable[[Path], str]

GRID: Final = np.diag([-1.0, 1.0, 2.0, 1.0])
"""The grid of `SmallBids`. It is LAS already: what is written has its voxels in the order of the source."""

LABELS: Final = "derivatives/labels"


@dataclass(frozen=True)
class Answer:
    """What the command answered, and where it was to write."""

    code: int
    said: str
    folder: Path

    @property
    def rows(self) -> dict[str, dict[str, str]]:
        """The rows of cases.tsv by case."""
        with (self.folder / "cases.tsv").open(encoding="utf-8", newline="") as stream:
            return {row["case"]: row for row in csv.DictReader(stream, delimiter="\t")}

    @property
    def fates(self) -> dict[str, str]:
        """For each image what became of it: its set, or why it has none."""
        rows = self.rows.values()
        return {row["case"]: row["reason"] if row["status"] == "skip" else row["split"] for row in rows}

    @property
    def record(self) -> dict[str, Any]:
        """The content of conversion.json."""
        content: dict[str, Any] = json.loads((self.folder / "conversion.json").read_text(encoding="utf-8"))
        return content

    def channel(self, case: str, number: int = 0) -> Array:
        """Voxels of a case's image."""
        return self._voxels("images", f"{case}_{number:04d}")

    def map(self, case: str) -> Array:
        """Voxels of a case's label map."""
        return self._voxels("labels", case)

    def _voxels(self, kind: str, name: str) -> Array:
        (file,) = self.folder.glob(f"{kind}T[rs]/{name}.nii.gz")
        return np.asanyarray(load(file).dataobj)


@dataclass(frozen=True)
class Lab:
    """An empty dataset called `site`, and the command."""

    bids: SmallBids
    tmp_path: Path
    tree_hash: TreeHash

    def label(self, name: str, data: Array, folder: str = LABELS, affine: Affine = GRID) -> Path:
        """Write a mask where its name says, below a derivatives folder."""
        session = [part for part in name.split("_") if part.startswith("ses-")]
        path = self.bids.root.joinpath(folder, name.split("_", maxsplit=1)[0], *session, "anat", f"{name}.nii.gz")
        write_mask(path, data, affine)
        return path

    def profile(self, text: str) -> Path:
        """Write a profile that says what differs from `auto`."""
        return self.file("mine.toml", f'extends = "auto"\nname = "mine"\n{text}')

    def file(self, name: str, text: str) -> Path:
        """Write a file of the user's own, beside the dataset."""
        write_text(self.tmp_path / name, text)
        return self.tmp_path / name

    def convert(
        self, *arguments: str | Path, bids: tuple[str | Path, ...] = (), raw: str = "raw", name: str = "Cord"
    ) -> Answer:
        """Run the command, and see that no source has changed and that what it left is whole."""
        given = bids or (self.bids.root,)
        roots = [path for path in (Path(str(one).rpartition("=")[2]) for one in given) if path.is_dir()]
        before = [self.tree_hash(root) for root in roots]
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
            patch.setenv("nnUNet_raw", str(self.tmp_path / raw))
            code = main(["convert", *map(str, (*given, *arguments)), "-d", "7", "-n", name])
        assert [self.tree_hash(root) for root in roots] == before
        answer = Answer(code, said.getvalue(), self.tmp_path / raw / f"Dataset007_{name}")
        prove_whole(answer)
        return answer

    def refuses_all(self, *arguments: str | Path, bids: tuple[str | Path, ...] = ()) -> str:
        """Run the command, which must refuse everything and leave nothing, and give what it says."""
        answer = self.convert(*arguments, bids=bids)
        assert answer.code == 3
        assert not answer.folder.exists()
        return answer.said


def load(path: Path) -> nib.Nifti1Image:
    """Read a file by other means than those that are tested."""
    return nib.Nifti1Image.from_filename(path)


def prove_whole(answer: Answer) -> None:
    """What holds of every dataset: the tables, the counts, the splits and the files say the same."""
    if not answer.folder.exists():
        return
    rows = answer.rows
    included = {case: row["split"] for case, row in rows.items() if row["status"] == "include"}
    assert included
    in_files = {
        kind: {file.name.rpartition("_")[0] for file in (answer.folder / kind).glob("*_0000.nii.gz")}
        for kind in ("imagesTr", "imagesTs")
    }
    trained = {case for case, split in included.items() if split == "train"}
    assert in_files == {"imagesTr": trained, "imagesTs": set(included) - trained}
    labels = {file.name.removesuffix(".nii.gz") for file in (answer.folder / "labelsTr").glob("*")}
    assert labels == trained
    assert json.loads((answer.folder / "dataset.json").read_text())["numTraining"] == len(trained)
    images = answer.record["images"]
    assert images["found"] == sum(images[fate] for fate in ("train", "test", "pool", "skipped", "refused"))
    assert (images["train"], images["found"] - images["skipped"] - images["refused"]) == (len(trained), len(included))
    assert (answer.code == 3) == bool(images["refused"])
    assert all(row["reason"] not in ("", "n/a") for row in rows.values() if row["status"] == "skip")


def box(x: slice, y: slice, z: slice) -> Array:
    """Draw a mask on the grid of `SmallBids`."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[x, y, z] = 1
    return mask


CORD: Final = box(slice(5, 11), slice(7, 13), slice(None))
LESION: Final = box(slice(7, 9), slice(9, 11), slice(3, 6))


def number_box(number: int) -> Array:
    """Draw a lesion that lies in the cord, and is another one for each number up to 11."""
    return box(slice(7, 9), slice(9, 11), slice(number, number + 1))


def edit_header(path: Path, **fields: object) -> None:
    """Change fields of a file's header and nothing else of it."""
    content = gzip.decompress(path.read_bytes())
    header = nib.Nifti1Header(content[:348], check=False)
    for field, value in fields.items():
        header[field] = value
    path.write_bytes(gzip.compress(header.binaryblock + content[348:], mtime=0))


def save(path: Path, data: Array, affine: Affine = GRID, header: Mapping[str, object] | None = None) -> None:
    """Write a file as other programs may: of any type and any number of dimensions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(data, affine, dtype=data.dtype)
    for field, value in (header or {}).items():
        image.header[field] = value
    image.to_filename(path)
