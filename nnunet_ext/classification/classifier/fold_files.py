"""The files of one fold's models in a classifier's folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.measured.boosting_file import read_boosting, write_boosting
from nnunet_ext.classification.measured.logistic import LogisticModel
from nnunet_ext.classification.measured.models_file import read_models, write_models
from nnunet_ext.classification.taxonomy import Taxonomy

_LOGISTIC: Final = "logistic.json"
_NETWORK: Final = ("network.safetensors", "network.json")


def fold_folders(folder: Path, folds: int) -> list[Path]:
    """Give the folders of a classifier's folds."""
    return [folder / f"fold_{number}" for number in range(folds)]


def measured_files(place: Path, evidence: Evidence, taxonomy: Taxonomy) -> list[Path]:
    """Give the files of a fold's models of measures."""
    if evidence is Evidence.LOGISTIC:
        return [place / _LOGISTIC]
    return [place / f"{Evidence.BOOSTING}-{node}.skops" for node in taxonomy.decisions]


def network_files(place: Path) -> list[Path]:
    """Give the files of a fold's network."""
    return [place / name for name in _NETWORK]


def has_measured(place: Path, evidence: Evidence, taxonomy: Taxonomy) -> bool:
    """Tell whether all of a fold's models of measures are there."""
    return all(file.is_file() for file in measured_files(place, evidence, taxonomy))


def has_network(place: Path) -> bool:
    """Tell whether a fold's network is there."""
    return all(file.is_file() for file in network_files(place))


def write_measured(place: Path, evidence: Evidence, models: Mapping[str, Any]) -> None:
    """Write a fold's models of measures, one a node."""
    place.mkdir(parents=True, exist_ok=True)
    if evidence is Evidence.LOGISTIC:
        write_models(place / _LOGISTIC, models)
        return
    for node, model in models.items():
        write_boosting(place / f"{Evidence.BOOSTING}-{node}.skops", model)


def read_measured(place: Path, evidence: Evidence, taxonomy: Taxonomy) -> Mapping[str, Any]:
    """Read a fold's models of measures, one a node.

    Raises
    ------
    FileRefusedError
        Where one is not there, or damaged.
    UnsafeModelError
        Where one holds what could run code.
    """
    if evidence is Evidence.LOGISTIC:
        return read_models(place / _LOGISTIC, LogisticModel.from_json)
    files = zip(taxonomy.decisions, measured_files(place, evidence, taxonomy), strict=True)
    return {node: read_boosting(file) for node, file in files}
