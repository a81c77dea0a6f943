"""What the values of a label map mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.target import Target

_BACKGROUND = "background"
_IGNORE = "ignore"


@dataclass(frozen=True)
class Labelling:
    """The regions of a label map.

    Parameters
    ----------
    regions
        Name and label values of each, in order. Regions may contain each other.
    ignore
        Value of voxels that nobody annotated; None where there is none.
    classes
        Name and value of each annotated class, in the order in which they were drawn; empty where it is not known.
    within
        For a class the class that it lies inside of.
    """

    regions: tuple[tuple[str, tuple[int, ...]], ...]
    ignore: int | None = None
    classes: tuple[tuple[str, int], ...] = ()
    within: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_target(cls, target: Target) -> "Labelling":
        """Take it from a target."""
        return cls(target.regions, target.ignore, target.classes, target.within)

    @classmethod
    def of_dataset_json(cls, content: Mapping[str, Any], where: str) -> "Labelling":
        """Take it from nnU-Net's `dataset.json`.

        Raises
        ------
        DataRefusedError
            Beginning with `where`, where `labels` is missing or no mapping of names to values.
        """
        try:
            labels = {str(name): _values(values) for name, values in content["labels"].items()}
            classes = tuple((str(name), int(value)) for name, value in content.get("classes", {}).items())
            within = tuple((str(name), str(holder)) for name, holder in content.get("within", {}).items())
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataRefusedError(f"{where}: `labels` with names and whole numbers was needed: {error}") from error
        ignore = labels.pop(_IGNORE, None)
        labels.pop(_BACKGROUND, None)
        if not labels:
            raise DataRefusedError(f"{where}: `labels` names no region besides the background")
        return cls(tuple(labels.items()), ignore[0] if ignore else None, classes, within)

    @property
    def values(self) -> dict[str, tuple[int, ...]]:
        """Label values by region."""
        return dict(self.regions)

    @property
    def every_value(self) -> frozenset[int]:
        """Every value besides `ignore`, background included."""
        return frozenset({0}.union(*self.values.values()))

    def contained_in(self, region: str) -> list[str]:
        """Name the regions whose every voxel belongs to `region` too: the cord holds its lesion."""
        own = set(self.values[region])
        return [name for name, values in self.regions if name != region and set(values) < own]


def _values(values: Any) -> tuple[int, ...]:  # noqa: ANN401 - whatever the file holds
    return tuple(int(value) for value in values) if isinstance(values, list) else (int(values),)
