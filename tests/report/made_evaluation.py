"""A folder as `nnunet_ext evaluate` leaves it, made on the fly: tubes with blocks in them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.tables import table_text
from nnunet_ext.core.volume import Affine, Array

INPUTS = ("case", "status", "reason", "reference", "prediction", "image")
METRICS = (
    "case", "site", "region", "dsc", "hd95", "rel_vol_error", "lesion_f1", "ref_count", "pred_count",
    "ref_volume_mm3", "pred_volume_mm3", "contrast", "status", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class MadeCase:
    """A case to make: its Dice is written, not computed."""

    name: str
    site: str = "north"
    dice: float = 0.8
    reason: str = ""
    has_image: bool = True


@dataclass(frozen=True)
class MadeEvaluation:
    """Writes images, label maps and tables below one folder."""

    root: Path
    shape: tuple[int, int, int] = (40, 44, 24)
    spacing: tuple[float, float, float] = (1.0, 1.0, 2.5)

    @property
    def folder(self) -> Path:
        """What the verb left."""
        return self.root / "evaluated"

    def write(self, cases: list[MadeCase]) -> Path:
        """Write all; a refused case has a truncated prediction."""
        rows = [row for case in cases for row in self._metrics(case)]
        write_text(self.folder / "metrics.tsv", table_text(rows, METRICS))
        write_text(
            self.folder / "inputs.tsv", table_text([self._inputs(n, case) for n, case in enumerate(cases)], INPUTS)
        )
        about = {
            "tool": "nnunet_ext", "version": "0", "preset": {"name": "sciseg2"},
            "regions": {"sc": [1, 2], "lesion": [2]},
            "metrics": {"dsc": {"name": "Dice", "formula": "2 |R ∩ P| / (|R| + |P|)", "unit": "1", "better": "higher"}},
        }  # fmt: skip
        write_json(self.folder / "metrics.json", about)
        return self.folder

    def _metrics(self, case: MadeCase) -> list[dict[str, str]]:
        fixed = {"case": case.name, "site": case.site, "contrast": "T2w"}
        if case.reason:
            nothing = dict.fromkeys(METRICS, "n/a") | fixed | {"status": "refused", "reason": case.reason}
            return [{**nothing, "region": region} for region in ("sc", "lesion")]
        numbers = {"hd95": "1.25", "rel_vol_error": "-12.5", "ref_volume_mm3": "1234.5", "pred_volume_mm3": "1080"}
        counts = {"lesion_f1": "0.5", "ref_count": "2", "pred_count": "1"}
        cord = {**dict.fromkeys(METRICS, "n/a"), **fixed, **numbers, "region": "sc", "dsc": "0.95", "status": "ok"}
        return [cord, {**cord, **counts, "region": "lesion", "dsc": f"{case.dice:.4f}"}]

    def _inputs(self, number: int, case: MadeCase) -> dict[str, str]:
        stem = f"case{number:03d}"
        reference, prediction = self._labels(number), self._labels(number, shift=1)
        write_mask(self.root / "labels" / f"{stem}.nii.gz", reference, self._affine())
        write_mask(self.root / "predicted" / f"{stem}.nii.gz", prediction, self._affine())
        if case.has_image:
            noise = np.random.default_rng(number).normal(0, 18, self.shape)
            image = 120 + 90 * self._canal(number) - 70 * (reference == 1) + 40 * (reference == 2) + noise
            write_image(self.root / "images" / f"{stem}_0000.nii.gz", image.astype(np.int16), self._affine())
        return {
            "case": case.name, "status": "refused" if case.reason else "ok", "reason": case.reason or "n/a",
            "reference": f"../labels/{stem}.nii.gz", "prediction": f"../predicted/{stem}.nii.gz",
            "image": f"../images/{stem}_0000.nii.gz" if case.has_image else "n/a",
        }  # fmt: skip

    def _affine(self) -> Affine:
        return np.diag([-self.spacing[0], self.spacing[1], self.spacing[2], 1.0])

    def _distance(self, number: int, *, width: float, depth: float) -> Array:
        x, y, z = np.indices(self.shape) * np.reshape(self.spacing, (3, 1, 1, 1))
        length = self.shape[2] * self.spacing[2]
        middle_x = self.shape[0] * self.spacing[0] / 2 + 2 * np.sin(z / length * 3 + number)
        middle_y = self.shape[1] * self.spacing[1] / 2 + 5 * np.cos(z / length * 3)
        return np.asarray(((x - middle_x) / width) ** 2 + ((y - middle_y) / depth) ** 2)

    def _canal(self, number: int) -> Array:
        return self._distance(number, width=9, depth=7.5) < 1

    def _labels(self, number: int, shift: int = 0) -> Array:
        cord = self._distance(number, width=6, depth=4) < 1
        labels = cord.astype(np.uint8)
        middle = np.argwhere(cord)[cord.sum() // 2]
        start = [int(place) for place in middle]
        height = self.shape[2] // 5
        block = np.zeros(self.shape, dtype=np.bool_)
        block[
            start[0] - 1 : start[0] + 3, start[1] - 1 : start[1] + 2, start[2] - height + shift : start[2] + height
        ] = True
        labels[block & cord] = 2
        return labels
