"""A small classifier's folder, made on the fly: real files of scikit-learn, skops and safetensors."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from nnunet_ext.classification.measured.normal import fit_normal
from nnunet_ext.classification.network.settings import CropSettings, NetworkSettings
from nnunet_ext.classification.taxonomy import load_taxonomy
from nnunet_ext.models.classifier.densenet_shapes import COUNTER, densenet_of

COLUMNS = ("age", "lesion_volume_ml", "lesions")
CHANNELS = ("T2w",)
NAME = "lesion-kinds"
KINDS = ("tumour", "demyelination")
Files = dict[str, bytes]


def classifier_files(folds: int = 1) -> Files:
    """Give a sound classifier's files by name."""
    files: Files = {"both.json": _json(_at_nodes(_stack)), "calibration.json": _json(_calibration())}
    for fold in range(folds):
        files[f"fold_{fold}/logistic.json"] = _json(_at_nodes(_logistic))
        files[f"fold_{fold}/network.json"] = _json(network())
        files[f"fold_{fold}/network.safetensors"] = tensors()
        for node in load_taxonomy().decisions:
            files[f"fold_{fold}/boosting-{node}.skops"] = boosting(load_taxonomy().branches(node))
    return {**files, "classifier.json": _json(description(files, folds))}


def write_classifier(folder: Path, files: Mapping[str, bytes] | None = None) -> Path:
    """Write a classifier's folder with what it was trained on beside, and name the folder."""
    for name, content in (files or classifier_files()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "training").mkdir(exist_ok=True)
    (folder / "training" / "patients.tsv").write_text("person\tsubjects\nD/Meier77\tMeier77\n", encoding="utf-8")
    return folder


def described(files: Mapping[str, bytes], /, **changes: object) -> Files:
    """Give files with a `classifier.json` that has their digests, and what else is to stand there."""
    content = json.loads(files["classifier.json"])
    digests = {name: _digest(data) for name, data in files.items() if name != "classifier.json"}
    return {**files, "classifier.json": _json({**content, "files": digests, **changes})}


def manifested(files: Mapping[str, bytes]) -> Files:
    """Give files with the manifest that describes them."""
    told = {name: {"sha256": _digest(data), "size": len(data)} for name, data in files.items()}
    manifest = {"schema": "nnunet_ext/classifier", "schema_version": 1, "made_with": {}, "warnings": [], "files": told}
    return {**files, "manifest.json": _json(manifest)}


def description(files: Mapping[str, bytes], folds: int) -> dict[str, Any]:
    """Give what `classifier.json` says of a classifier with these other files."""
    tree = load_taxonomy()
    return {
        "format": "nnunet_ext classifier",
        "version": 1,
        "taxonomy": tree.content(),
        "channels": list(CHANNELS),
        "columns": list(COLUMNS),
        "evidences": ["logistic", "boosting", "network", "both"],
        "recommended": "logistic",
        "folds": folds,
        "seed": 0,
        "coverage": 0.9,
        "reason": "logistic has the least log loss",
        "temperatures": {"logistic": dict.fromkeys(tree.decisions, 1.25)},
        "thresholds": {"logistic": dict.fromkeys(tree.decisions, 0.5)},
        "usual": fit_normal([dict.fromkeys(COLUMNS, float(number)) for number in range(6)], COLUMNS).to_json(),
        "trained": {
            "patients": dict.fromkeys(tree.diagnoses, 40),
            "sites": 2,
            "masks": "predicted",
            "segmentation": "Dataset501_CordLesion/nnUNetTrainerSCI__nnUNetPlans__3d_fullres",
            "lesion_channel": "mask",
            "versions": {"scikit-learn": "1.9.1"},
            "seconds": 12.5,
        },
        "warnings": ["Research use only."],
        "files": {name: _digest(data) for name, data in files.items()},
    }


def network() -> dict[str, Any]:
    """Describe a network with one layer in each of two blocks."""
    crop = CropSettings(size=(3, 8, 8))
    settings = NetworkSettings(crop=crop, first_features=4, growth=2, blocks=(1, 1), epochs=1, batch=2)
    return {
        "format": "nnunet_ext classification network",
        "version": 1,
        "channels": list(CHANNELS),
        "diagnoses": list(load_taxonomy().diagnoses),
        "settings": settings.content(),
    }


@cache
def weights() -> dict[str, np.ndarray[Any, Any]]:
    """Draw that network's weights."""
    random = np.random.default_rng(0)
    return {
        name: np.asarray(3, np.int64) if name.endswith(COUNTER) else random.random(shape, np.float32)
        for name, shape in densenet_of(network(), "network.json").shapes().items()
    }


def tensors(changes: Mapping[str, Any] | None = None) -> bytes:
    """Give a file of weights, some of them changed or, where None, left out."""
    from safetensors.numpy import save

    changed = {**weights(), **(changes or {})}
    return bytes(save({name: values for name, values in changed.items() if values is not None}))


@cache
def boosting(branches: tuple[str, ...] = KINDS, columns: tuple[str, ...] = COLUMNS) -> bytes:
    """Fit gradient boosting on a few patients, one value missing, and write it as skops does."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    random = np.random.default_rng(0)
    measures, kinds = random.normal(size=(60, len(columns))), np.arange(60) % len(branches)
    measures[:, 0] += kinds
    measures[3, 1] = np.nan
    trees = HistGradientBoostingClassifier(max_iter=2, random_state=0).fit(measures, kinds)
    shares = [1 / len(branches)] * len(branches)
    content = {"branches": list(branches), "columns": list(columns), "shares": shares, "trees": trees}
    return bytes(import_module("skops.io").dumps(content))  # which has no types


def entries(content: bytes) -> Files:
    """Read every entry of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Write entries as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return buffer.getvalue()


def with_schema(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Give a file of skops whose `schema.json` was changed."""
    held = entries(content)
    schema = json.loads(held["schema.json"])
    change(schema)
    return zipped({**held, "schema.json": json.dumps(schema).encode()})


def with_trees(content: bytes, change: Callable[[np.ndarray[Any, Any]], object]) -> bytes:
    """Give a file of skops in which the nodes of every tree were changed in their place."""
    held = entries(content)
    for name, data in held.items():
        if name.endswith(".npy"):
            array = np.load(io.BytesIO(data), allow_pickle=False)
            if array.dtype.names:
                change(array)
                held[name] = npy(array)
    return zipped(held)


def npy(array: np.ndarray[Any, Any]) -> bytes:
    """Write an array as NumPy does, its objects pickled."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _at_nodes(model: Callable[[list[str]], dict[str, Any]]) -> dict[str, Any]:
    tree = load_taxonomy()
    return {node: model(list(tree.branches(node))) for node in tree.decisions}


def _logistic(branches: list[str]) -> dict[str, Any]:
    count = len(COLUMNS)
    return {
        "branches": branches,
        "scaling": {
            "columns": list(COLUMNS),
            "logs": ["lesion_volume_ml"],
            "medians": [0.0] * count,
            "means": [0.0] * count,
            "scales": [1.0] * count,
        },
        "gaps": [],
        "gap_shares": [],
        "coefficients": [[0.5] * count, [-0.5] * count],
        "intercepts": [0.25, -0.25],
        "strength": 1.0,
    }


def _stack(branches: list[str]) -> dict[str, Any]:
    evidences = ["logistic", "boosting", "network"]
    return {"branches": branches, "evidences": evidences, "weights": [0.5, 0.25, 0.25], "intercepts": [0.0, 0.0]}


def _calibration() -> dict[str, Any]:
    return {"logistic": {"truth": [0, 3], "probabilities": [[0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]]}}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _json(content: object) -> bytes:
    return json.dumps(content).encode()
