"""Which preprocessed cases of a raw dataset still hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.read_json import read_json

_SCHEMA: Final = 1
_ARRAY_ENDINGS: Final = (".pkl", ".b2nd", "_seg.b2nd", ".npz", ".npy", "_seg.npy")


@dataclass(frozen=True)
class RawCase:
    """A training case as it stands in the raw dataset.

    Parameters
    ----------
    images
        Its channels, in order.
    label
        Its label map.
    digest
        Of all of their content.
    """

    images: tuple[Path, ...]
    label: Path
    digest: str


@dataclass(frozen=True)
class Preprocessed:
    """A folder of preprocessed cases, and the record of what they were made from.

    Parameters
    ----------
    folder
        Such as `nnUNetPlans_3d_fullres`.
    how
        Hash of what decides how cases are preprocessed.
    """

    folder: Path
    how: str

    @property
    def record(self) -> Path:
        """The record, beside the folder: nnU-Net takes every file in it for a case's."""
        return self.folder.with_name(f"{self.folder.name}.derived_from.json")

    def outdated(self, cases: Mapping[str, RawCase]) -> list[str]:
        """Name the cases that are missing, or were made from other files or in another way.

        A case that nnU-Net itself has preprocessed since the record was written, or before there was one, holds where
        it is younger than its files and nnU-Net's copy of its label map is the same.

        Parameters
        ----------
        cases
            The training cases of the raw dataset, by name.
        """
        recorded = self._recorded()
        noted_at = self.record.stat().st_mtime_ns if recorded else 0
        return [name for name, case in cases.items() if not self._holds(name, case, recorded.get(name, ""), noted_at)]

    def strangers(self, cases: Iterable[str]) -> list[str]:
        """Name the preprocessed cases that are none of these: nnU-Net's fold `all` would train on them."""
        return sorted({file.stem for file in self.folder.glob("*.pkl")} - set(cases))

    def remove(self, case: str) -> None:
        """Delete a case's arrays."""
        for ending in _ARRAY_ENDINGS:
            (self.folder / f"{case}{ending}").unlink(missing_ok=True)

    def note(self, cases: Mapping[str, RawCase]) -> None:
        """Record what the cases were made from; to be called once all of them hold."""
        write_json(self.record, {"schema": _SCHEMA, "cases": {name: self._made(case) for name, case in cases.items()}})

    def _made(self, case: RawCase) -> str:
        return f"{case.digest}:{self.how}"

    def _recorded(self) -> dict[str, str]:
        try:
            content = read_json(self.record)
            return dict(content["cases"]) if content["schema"] == _SCHEMA else {}
        except (
            FileRefusedError,
            ValueError,
            KeyError,
            TypeError,
        ):
            return {}  # none yet, or half gone: then the files themselves tell

    def _holds(self, name: str, case: RawCase, recorded: str, noted_at: int) -> bool:
        properties = self.folder / f"{name}.pkl"  # the last file of a case that nnU-Net writes
        if not properties.is_file():
            return False
        made_at = properties.stat().st_mtime_ns
        if recorded and made_at <= noted_at:
            return recorded == self._made(case)
        truth = self.folder.parent / "gt_segmentations" / case.label.name
        if truth.is_file() and sha256(truth) != sha256(case.label):
            return False
        return all(file.stat().st_mtime_ns <= made_at for file in (*case.images, case.label))
