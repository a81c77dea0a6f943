import io
import json
import pickle
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from nnunet_ext.classification.network.network import Network
from nnunet_ext.classification.network.network_file import JSON_FILE, WEIGHTS_FILE, read_network, write_network
from nnunet_ext.core.errors import DataRefusedError, EnvironmentProblemError, FileRefusedError, UnsafeModelError
from tests.classification.network.made import CHANNELS, DIAGNOSES, TINY, made_crop, made_patients, trained

Weights = dict[str, Any]
OUT = "class_layers.out.weight"


def test_a_network_on_the_disk_says_the_same(tmp_path: Path) -> None:
    network, crops = trained(), made_patients(6, 50).crops
    write_network(tmp_path / "one", network)
    again = read_network(tmp_path / "one")
    assert (again.settings, again.channels, again.diagnoses) == (TINY, CHANNELS, DIAGNOSES)
    np.testing.assert_array_equal(again.predict(crops), network.predict(crops))
    write_network(tmp_path / "two", again)
    for name in (JSON_FILE, WEIGHTS_FILE):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert sorted(file.name for file in (tmp_path / "one").iterdir()) == [JSON_FILE, WEIGHTS_FILE]


def test_probabilities_are_those_of_each_crop_alone_and_of_its_mirror_image() -> None:
    network, crops = trained(), made_patients(40, 50).crops
    said = network.predict(crops)
    assert said.dtype == np.float64
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(network.predict(crops[7:8]), said[7:8], atol=1e-5)
    mirrored = [replace(crop, data=np.ascontiguousarray(crop.data[:, ::-1])) for crop in crops]
    np.testing.assert_allclose(network.predict(mirrored), said, atol=1e-5)
    assert network.predict([]).shape == (0, 2)


def test_a_crop_of_another_kind_is_refused() -> None:
    for crop in (
        made_crop(0, present=(True,)),
        replace(made_crop(0), settings=replace(TINY.crop, spacing=(3.0, 1.0, 1.0))),
    ):
        with pytest.raises(DataRefusedError, match="crop 1: channels T2w, T1w-gad"):
            trained().predict([made_crop(0), crop])


def renamed(weights: Weights) -> Weights:
    return {name.replace("conv0", "convolution0"): values for name, values in weights.items()}


def added(weights: Weights) -> Weights:
    return {**weights, "more": np.zeros(3, dtype=np.float32)}


def other(change: Callable[[Any], Any]) -> Callable[[Weights], Weights]:
    return lambda weights: {**weights, OUT: change(weights[OUT])}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (renamed, "features.conv0.weight"),
        (added, "more is too many or missing"),
        (lambda weights: {name: values for name, values in weights.items() if name != OUT}, OUT),
        (other(lambda values: values[:, :-1].copy()), "needed"),
        (other(lambda values: values.astype(np.float16)), "F16"),
        (other(lambda values: np.full_like(values, np.nan)), "NaN"),
        (other(lambda values: np.full_like(values, np.inf)), "NaN or infinite"),
    ],
)
def test_weights_of_another_network_are_refused(
    tmp_path: Path, change: Callable[[Weights], Weights], words: str
) -> None:
    write_network(tmp_path, trained())
    save_file(change(load_file(tmp_path / WEIGHTS_FILE)), tmp_path / WEIGHTS_FILE)
    with pytest.raises(UnsafeModelError, match=words):
        read_network(tmp_path)


def test_a_text_beside_the_weights_is_refused(tmp_path: Path) -> None:
    write_network(tmp_path, trained())
    save_file(load_file(tmp_path / WEIGHTS_FILE), tmp_path / WEIGHTS_FILE, metadata={"trained by": "somebody"})
    with pytest.raises(UnsafeModelError, match="texts beside"):
        read_network(tmp_path)


class Opens:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def pickles(file: Path) -> list[bytes]:
    saved = io.BytesIO()
    torch.save({"weights": Opens(file)}, saved)
    return [saved.getvalue(), pickle.dumps(Opens(file), protocol=2), pickle.dumps(Opens(file))]


def test_a_pickle_in_the_place_of_the_weights_is_not_run(tmp_path: Path) -> None:
    write_network(tmp_path, trained())
    for content in pickles(tmp_path / "was run"):
        (tmp_path / WEIGHTS_FILE).write_bytes(content)
        with pytest.raises(UnsafeModelError, match="pickle"):
            read_network(tmp_path)
    assert not (tmp_path / "was run").exists()


def test_damaged_weights_are_refused_by_name(tmp_path: Path) -> None:
    write_network(tmp_path, trained())
    whole = (tmp_path / WEIGHTS_FILE).read_bytes()
    for content in (b"", whole[:4], whole[: len(whole) // 2], whole[:-1], whole + b"x", b"\xff" * 100):
        (tmp_path / WEIGHTS_FILE).write_bytes(content)
        with pytest.raises(FileRefusedError, match=WEIGHTS_FILE):
            read_network(tmp_path)
    (tmp_path / WEIGHTS_FILE).unlink()
    with pytest.raises(FileRefusedError, match="no such file"):
        read_network(tmp_path)


def settings_with(key: str, value: Any) -> Callable[[Mapping[str, Any]], Any]:  # noqa: ANN401 - any JSON
    return lambda said: {**said, "settings": {**said["settings"], key: value}}


@pytest.mark.parametrize(
    "change",
    [
        lambda said: {**said, "version": 2},
        lambda said: {**said, "trained by": "somebody"},
        lambda said: {**said, "channels": []},
        lambda said: {**said, "diagnoses": ["MS", "MS"]},
        lambda said: {**said, "diagnoses": "MS"},
        lambda said: {**said, "settings": []},
        lambda said: {**said, "settings": {}},
        settings_with("dimensions", 4),
        settings_with("growth", 1 << 40),
        settings_with("blocks", [6, 12, 1 << 40]),
        settings_with("blocks", 3),
        settings_with("crop", {"size": [3, 32, 1 << 40], "spacing": [1, 1, 1], "clip": 8}),
        settings_with("crop", {"size": [3, 32], "spacing": [1, 1, 1], "clip": 8}),
        settings_with("crop", {"size": [3, 32, 64], "spacing": [1, 1, 0], "clip": 8}),
        settings_with("crop", None),
        lambda _said: [],
    ],
)
def test_settings_of_no_network_are_refused_before_one_is_built(
    tmp_path: Path, change: Callable[[Mapping[str, Any]], Any]
) -> None:
    write_network(tmp_path, trained())
    said = json.loads((tmp_path / JSON_FILE).read_text(encoding="utf-8"))
    (tmp_path / JSON_FILE).write_text(json.dumps(change(said)), encoding="utf-8")
    with pytest.raises(FileRefusedError, match=JSON_FILE):
        read_network(tmp_path)


def test_settings_of_another_network_do_not_fit_the_weights(tmp_path: Path) -> None:
    write_network(tmp_path, trained())
    said = json.loads((tmp_path / JSON_FILE).read_text(encoding="utf-8"))
    said["settings"]["growth"] = 12
    (tmp_path / JSON_FILE).write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(UnsafeModelError, match="needed"):
        read_network(tmp_path)


@pytest.mark.parametrize("module", ["monai.networks.nets.densenet", "safetensors"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_network(tmp_path, trained())
    monkeypatch.setitem(sys.modules, module, None)  # as Python itself marks what cannot be imported
    package = module.partition(".")[0]
    with pytest.raises(EnvironmentProblemError, match=rf"package {package} .*pip install 'nnunet_ext\[classify\]'"):
        read_network(tmp_path)


def test_a_network_of_nan_is_not_written(tmp_path: Path) -> None:
    network = trained()
    broken = Network(network.settings, CHANNELS, DIAGNOSES, {**network.weights, OUT: np.full((2, 3), np.nan)})
    with pytest.raises(DataRefusedError, match=OUT):
        write_network(tmp_path, broken)
    assert not list(tmp_path.iterdir())
