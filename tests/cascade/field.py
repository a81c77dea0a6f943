"""Small raw datasets with a cord in a wide field of view, and the cords that a localizer would predict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nibabel as nib
import numpy as np

from nnunet_ext.cascade.box import Box
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Affine, Array, Volume

SHAPE = (40, 36, 24)
SPACING = (1.0, 1.0, 2.0)
AFFINE = np.diag([-1.0, 1.0, 2.0, 1.0])
"""nibabel LAS."""

AIR = 6
"""Planes along the first axis that are zero in every image."""

CORD = Box((18, 16, 3), (22, 20, 21))
LESION = Box((19, 17, 8), (21, 19, 11))


def drawn(*boxes: Box, shape: tuple[int, ...] = SHAPE) -> Array:
    """Give a label map with 1 in the first box, 2 in the second."""
    labels = np.zeros(shape, dtype=np.uint8)
    for value, box in enumerate(boxes, start=1):
        labels[box.slices] = value
    return labels


def random_cord(seed: int, axes: str = "RAS", angles: tuple[float, float, float] = (0, 0, 0)) -> Volume:
    """Draw a winding tube with a hole in it and some islands, on a grid that may be oblique."""
    generator = np.random.default_rng(seed)
    shape = generator.integers(8, 15, 3)
    mask = np.zeros(shape, dtype=np.uint8)
    x, y = (int(generator.integers(2, size - 2)) for size in shape[:2])
    first, last = sorted(int(end) for end in generator.choice(shape[2], 2, replace=False))
    for z in range(first, last + 1):
        x, y = (
            int(np.clip(at + generator.integers(-1, 2), 1, size - 2)) for at, size in ((x, shape[0]), (y, shape[1]))
        )
        if generator.random() > 0.2:
            mask[x - 1 : x + 2, y - 1 : y + 2, z] = 1
    for _ in range(int(generator.integers(0, 4))):
        mask[tuple(generator.integers(0, shape))] = 1
    turn = nib.eulerangles.euler2mat(*angles)
    affine = nib.affines.from_matvec(turn @ np.diag(generator.uniform(0.4, 5, 3)), generator.uniform(-90, 90, 3))
    return reorient(Volume(mask, affine), axes)


@dataclass(frozen=True)
class Field:
    """Writes a raw dataset below `root / "raw"`, and cords beside it.

    Parameters
    ----------
    root
        Of both.
    labels
        Label maps of cases that have other than `CORD` and `LESION`.
    """

    root: Path
    labels: Mapping[str, Array] = field(default_factory=dict)

    @property
    def source(self) -> RawDataset:
        return RawDataset.named(self.root / "raw", 501, "Wide")

    @property
    def boxed(self) -> RawDataset:
        return RawDataset.named(self.root / "raw", 502, "Boxed")

    def write(
        self, train: Sequence[str], test: Sequence[str] = (), *, channels: int = 1, ignore: bool = False
    ) -> RawDataset:
        """Write images with their labels; test cases have some, too."""
        source = self.source
        for split, cases in (("train", train), ("test", test)):
            for case in cases:
                labels = self.labels.get(case, drawn(CORD, LESION))
                for channel in range(channels):
                    write_image(source.image(case, split, channel), image(case, labels, channel), AFFINE)
                write_mask(source.label(case, split), labels, AFFINE)
        source.write_dataset_json(load_target("cord-lesion"), len(train), ignore=ignore)
        if channels > 1:
            content = source.read_dataset_json()
            names = {str(channel): f"MRI{channel}" for channel in range(channels)}
            write_json(source.folder / "dataset.json", {**content, "channel_names": names})
        folds = [{"train": [case for case in train if case != left], "val": [left]} for left in train]
        source.write_splits(folds)
        write_text(source.folder / "cases.tsv", "case\tsplit\n" + "".join(f"{case}\ttrain\n" for case in train))
        return source

    def cord(self, case: str, mask: Array, folder: str = "cords", affine: Affine = AFFINE) -> Path:
        """Write a predicted cord, and give its folder."""
        write_mask(self.root / folder / f"{case}.nii.gz", mask, affine)
        return self.root / folder

    def localizer(self, cords: Mapping[str, tuple[int, Array]]) -> Path:
        """Write cords as the folds of a localizer leave them: for each case its fold and its mask."""
        results = "results/Dataset501_Wide/nnUNetTrainer__nnUNetPlans__3d_lowres"
        for case, (fold, mask) in cords.items():
            self.cord(case, mask, f"{results}/fold_{fold}/validation")
        return self.root / results


def image(case: str, labels: Array, channel: int = 0) -> Array:
    """Give noise around a bright cord, no voxel of it 0, and zeros in the first planes and in one corner."""
    generator = np.random.default_rng([channel, *case.encode()])
    values = np.clip(generator.normal(100, 20, labels.shape), 1, None) + 150 * (labels > 0)
    values[:AIR] = 0
    values[: labels.shape[0] * 2 // 5, : labels.shape[1] // 2] = 0
    return values.astype(np.float32)
