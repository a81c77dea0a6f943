"""Trees and volumes that many tests need, made on the fly."""

import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.names import Dialect, label_stem
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.volume import Affine, Array

# No deadline: a busy machine is not a fault. In CI the examples are many and fixed, on a desk few that go on exploring.
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=100)
settings.register_profile("desk", deadline=None, max_examples=25)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_configure() -> None:
    """Let what tests start hear Ctrl-C, also where the tests run in the background of a script, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


SHAPE = (16, 20, 12)
REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"


@pytest.fixture
def real_data() -> Path:
    """Folder of real MRI; the test is skipped where it is absent."""
    if not REAL.is_dir():
        pytest.skip("no real MRI beside the checkout")
    return REAL


@dataclass(frozen=True)
class SmallBids:
    """Writes tiny BIDS datasets: a bright tube for a cord, a brighter block for a lesion."""

    root: Path

    def image(self, stem: str, affine: Affine | None = None, folder: str | None = None) -> Path:
        """Write one image where its name says, or in another subject's `folder`."""
        path = self.root / (folder or _folder(stem)) / f"{stem}.nii.gz"
        texture = _texture(f"{self.root.name}_{stem}")  # no two datasets have one image
        write_image(path, (100.0 * _tube() + 300.0 * _block() + texture).astype(np.int16), _affine(affine))
        return path

    def labels(
        self, stem: str, dialect: Dialect = Dialect.NEUROPOLY, *, lesion: bool = True, affine: Affine | None = None
    ) -> dict[str, Path]:
        """Write cord and lesion masks; without `lesion` the lesion mask is empty."""
        masks = {"sc": _tube(), "lesion": _block() if lesion else np.zeros(SHAPE, np.uint8)}
        files = {}
        for name, mask in masks.items():
            label_class = "sc" if name == "sc" else "lesion"
            stem_of_label = label_stem(stem, "sc" if label_class == "sc" else "lesion", dialect)
            files[name] = self.root / "derivatives" / "labels" / _folder(stem) / f"{stem_of_label}.nii.gz"
            write_mask(files[name], mask, _affine(affine))
        return files

    def case(self, stem: str, dialect: Dialect = Dialect.NEUROPOLY, *, lesion: bool = True) -> Path:
        """Write one image with its masks."""
        self.labels(stem, dialect, lesion=lesion)
        return self.image(stem)

    def participants(self, rows: list[dict[str, str]]) -> None:
        """Write participants.tsv."""
        columns = list(rows[0])
        lines = ["\t".join(columns), *("\t".join(row[column] for column in columns) for row in rows)]
        write_text(self.root / "participants.tsv", "\n".join(lines) + "\n")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute on one core: networks of a few voxels are slower on two, and much slower beside other work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def bids(tmp_path: Path) -> SmallBids:
    """An empty dataset called `site`."""
    root = tmp_path / "site"
    root.mkdir()
    return SmallBids(root)


@pytest.fixture
def make_bids(tmp_path: Path) -> Callable[[str], SmallBids]:
    """Make several datasets by name."""

    def make(name: str) -> SmallBids:
        root = tmp_path / name
        root.mkdir(parents=True)
        return SmallBids(root)

    return make


@pytest.fixture
def tree_hash() -> Callable[[Path], str]:
    """Hash names, kinds and bytes of everything below a folder."""

    def hash_of(folder: Path) -> str:
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(b"link" if path.is_symlink() else path.read_bytes() if path.is_file() else b"folder")
        return digest.hexdigest()

    return hash_of


def _folder(stem: str) -> str:
    parts = stem.split("_")
    session = [part for part in parts if part.startswith("ses-")]
    return "/".join([parts[0], *session, "anat"])


def _affine(affine: Affine | None) -> Affine:
    return np.diag([-1.0, 1.0, 2.0, 1.0]) if affine is None else affine


def _tube() -> Array:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[6:10, 8:12, :] = 1
    return mask


def _block() -> Array:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[7:9, 9:11, 4:7] = 1
    return mask


def _texture(stem: str) -> Array:
    seed = int.from_bytes(hashlib.sha256(stem.encode()).digest()[:4], "little")
    return np.random.default_rng(seed).normal(50, 5, SHAPE)
