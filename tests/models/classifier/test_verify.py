"""Crafted zips: each is refused with exit code 6 by the entry's name and a reason, and nothing of it is kept."""

import io
import json
import stat
import warnings
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnunet_ext.models.classifier.entries import holds_classifier
from nnunet_ext.models.classifier.verify import verify_classifier
from tests.models.classifier.conftest import PARSERS, Refused, spoilt
from tests.models.classifier.made import (
    NAME,
    Files,
    boosting,
    entries,
    network,
    tensors,
    with_schema,
    zipped,
)

Content = dict[str, Any]
_BOOSTING = "fold_0/boosting-kind.skops"


def with_entry(
    archive: bytes, entry: zipfile.ZipInfo | str, data: bytes = b"x", kind: int = zipfile.ZIP_STORED
) -> bytes:
    buffer = io.BytesIO(archive)
    with zipfile.ZipFile(buffer, "a", kind) as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile's own, about a name that stands twice
        opened.writestr(entry, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"{NAME}/../evil.json", "leads out"),
        ("../evil.py", "leads out"),
        ("/etc/evil", "absolute path"),
        ("C:/evil", "absolute path"),
        (f"{NAME}\\evil", "backslash"),
        (f"{NAME}/evil.py", "no file of a classifier"),
        (f"{NAME}/fold_0/model.pkl", "no file of a classifier"),
        (f"{NAME}/fold_0/network.pth", "no file of a classifier"),
        (f"{NAME}/fold_0/boosting-a/b.skops", "no file of a classifier"),
        (f"{NAME}/fold_0/boosting-.skops", "no file of a classifier"),
        (f"{NAME}/fold_0/boosting-cafe\u0301.skops", "no file of a classifier"),  # written in two ways
        ("plans.pkl", "no file of a classifier"),
        (f"{NAME}/training/patients.tsv", "names patients"),
        (f"{NAME}/both.json", "stands twice"),
        (f"{NAME}/fold_1/logistic.json", "lists other files"),
    ],
)
def test_an_entry_that_no_classifier_has_is_refused_by_name(
    exported: bytes, refused: Refused, name: str, said: str
) -> None:
    assert said in refused(with_entry(exported, name))


def test_a_link_is_refused(exported: bytes, refused: Refused) -> None:
    link = zipfile.ZipInfo(f"{NAME}/fold_1/logistic.json")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert "a link" in refused(with_entry(exported, link, b"/etc/passwd"))


def test_a_bomb_is_refused(exported: bytes, refused: Refused) -> None:
    name = f"{NAME}/fold_1/logistic.json"
    assert "times its packed size" in refused(with_entry(exported, name, bytes(5 << 20), zipfile.ZIP_DEFLATED))


def test_what_computers_lay_beside_is_left_out(exported: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(with_entry(exported, "__MACOSX/._classifier.json"))
    assert holds_classifier(tmp_path / "a.zip")
    assert verify_classifier(tmp_path / "a.zip", PARSERS).extras == ("__MACOSX/._classifier.json",)


def test_a_classifier_without_a_folder_needs_a_name(exported: bytes, refused: Refused, tmp_path: Path) -> None:
    bare = zipped({name.removeprefix(f"{NAME}/"): data for name, data in entries(exported).items()})
    assert "--as NAME" in refused(bare)
    (tmp_path / "a.zip").write_bytes(bare)
    assert str(verify_classifier(tmp_path / "a.zip", PARSERS, "mine").place) == "classifiers/mine"


def test_two_classifiers_are_refused(exported: bytes, refused: Refused) -> None:
    assert "found 2" in refused(with_entry(exported, "other/classifier.json", b"{}"))


def test_a_byte_that_is_not_the_one_of_the_manifest_is_refused(exported: bytes, refused: Refused) -> None:
    held = entries(exported)
    name = f"{NAME}/both.json"
    message = refused(zipped({**held, name: held[name].replace(b"0.25", b"0.75", 1)}))
    assert "both.json: is not the file that manifest.json describes" in message


def test_a_zip_without_manifest_is_refused(exported: bytes, refused: Refused) -> None:
    held = {name: data for name, data in entries(exported).items() if not name.endswith("manifest.json")}
    assert "manifest.json is missing" in refused(zipped(held))


def test_a_file_that_is_not_the_one_of_the_description_is_refused(
    exported: bytes, sound: Files, refused: Refused
) -> None:
    files = json.loads(sound["classifier.json"])["files"]
    message = refused(spoilt(exported, sound, {}, files={**files, "both.json": "0" * 64}))
    assert "both.json: is not the file that classifier.json describes" in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (with_schema(boosting(), lambda schema: schema.update(__module__="os", __class__="system")), "names os.system"),
        (boosting(("MS", "NMOSD")), "other branches"),
        (boosting(columns=("age", "income")), "not fed"),
        (b"\x80\x04cposix\nsystem\n.", "a sound zip"),
    ],
)
def test_gradient_boosting_that_names_anything_else_is_refused_by_its_place(
    exported: bytes, sound: Files, refused: Refused, content: bytes, said: str
) -> None:
    message = refused(spoilt(exported, sound, {_BOOSTING: content}))
    assert said in message
    assert _BOOSTING in message


@pytest.mark.parametrize("name", ["both.json", "calibration.json", "fold_0/logistic.json", "fold_0/network.json"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": NaN}', "no finite number"),
        (b'{"a": 1e999}', "no finite number"),
        (b'{"a": 99999999999999999999}', "beyond"),
        (b'{"a": ' + b"[" * 100_000, "JSON object"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"[]", "JSON object"),
        (b"\xff", "JSON object"),
        (b'{"kind": 1}', ""),
        (b'{"kind": [[[[[[[[1]]]]]]]]}', ""),
        (b'{"kind": "' + b"a" * 10_000 + b'"}', ""),
    ],
)
def test_numbers_that_are_no_model_are_refused_by_file(
    exported: bytes, sound: Files, refused: Refused, name: str, content: bytes, said: str
) -> None:
    message = refused(spoilt(exported, sound, {name: content}))
    assert f"{name}: " in message
    assert said in message


def _logistic(change: Callable[[Content], object]) -> Callable[[Files], bytes]:
    return _changed("fold_0/logistic.json", lambda content: change(content["kind"]))


def _changed(name: str, change: Callable[[Content], object]) -> Callable[[Files], bytes]:
    def make(files: Files) -> bytes:
        content = json.loads(files[name])
        change(content)
        return json.dumps(content).encode()

    make.__name__ = name
    return make


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_logistic(lambda node: node.update(branches=["MS", "tumour"])), "other branches"),
        (_logistic(lambda node: node["scaling"]["columns"].append("income")), "not fed"),
        (_logistic(lambda node: node.update(strength=1e300)), "1e+12"),
        (_changed("both.json", lambda content: content.pop("kind")), "models at kind, tumour"),
        (_changed("both.json", lambda content: content.update(kind=1)), "numbers by name"),
        (_changed("calibration.json", lambda content: content["logistic"]["truth"].append(0)), "as many"),
        (_changed("calibration.json", lambda content: content["logistic"].update(truth=[0, 4])), "below 4"),
        (_changed("calibration.json", lambda content: content["logistic"].update(names=["A"])), "nothing else"),
        (_changed("calibration.json", lambda c: c["logistic"]["probabilities"][0].append(0)), "sum to 1"),
        (_changed("calibration.json", lambda c: c["logistic"]["probabilities"][0].__setitem__(0, 0.9)), "sum to 1"),
        (_changed("calibration.json", lambda content: content.update(oracle={})), "evidences"),
        (_changed("fold_0/network.json", lambda content: content.update(diagnoses=["MS"])), "diagnoses"),
        (_changed("fold_0/network.json", lambda content: content["settings"].update(growth=10**6)), "growth"),
        (_changed("fold_0/network.json", lambda content: content["settings"].update(blocks="ab")), "whole number"),
        (_changed("fold_0/network.json", lambda content: content.pop("settings")), "settings, version"),
    ],
)
def test_models_that_do_not_fit_the_description_are_refused(
    exported: bytes, sound: Files, refused: Refused, make: Callable[[Files], bytes], said: str
) -> None:
    assert said in refused(spoilt(exported, sound, {make.__name__: make(sound)}))


CIRCLE = {"name": "c", "root": "a", "nodes": {"a": ["b", "x"], "b": ["c", "y"], "c": ["b", "z"]}}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"format": "other"}, "the format"),
        ({"version": 2}, "version 1"),
        ({"more": 1}, "'more' is no key"),
        ({"taxonomy": CIRCLE}, "taxonomy: "),
        ({"taxonomy": {**CIRCLE, "nodes": {"a": ["a", "x"]}}}, "circle"),
        ({"taxonomy": []}, "taxonomy: an object"),
        ({"taxonomy": {**CIRCLE, "nodes": {"a": "bc"}}}, "a list"),
        ({"taxonomy": {**CIRCLE, "nodes": {"a": [f"b{n}" for n in range(1001)]}}}, "1000"),
        ({"evidences": ["oracle"]}, "evidences: some of"),
        ({"evidences": []}, "evidences: some of"),
        ({"evidences": ["logistic"], "recommended": "logistic"}, "no fold or evidence that it has"),
        ({"recommended": "oracle"}, "recommended: one of"),
        ({"folds": 2}, "fold_1/boosting"),
        ({"folds": True}, "folds: a whole number"),
        ({"coverage": 90}, "coverage: a number from 0 to 1"),
        ({"seed": -1}, "seed"),
        ({"columns": ["age", "age"]}, "twice"),
        ({"columns": ["a\u202eb"]}, "one line"),
        ({"temperatures": {"oracle": {}}}, "temperatures: one of"),
        ({"temperatures": {"logistic": {"MS": 1.0}}}, "temperatures: logistic: one of"),
        ({"temperatures": {"logistic": {"kind": "1"}}}, "temperatures: logistic: kind: a number"),
        ({"thresholds": {"logistic": {"kind": 2}}}, "from 0 to 1"),
        ({"usual": {"age": [3]}}, "usual measures"),
        ({"usual": {"age": [3, 2]}}, "usual measures"),
        ({"usual": {"income": [1, 2]}}, "usual measures"),
        ({"trained": {}}, "trained: lesion_channel, masks"),
        ({"warnings": ["a" * 501]}, "up to 500"),
        ({"files": {"../x": "0" * 64}}, "names of a classifier's files"),
        ({"files": {}}, "a model of a fold"),
    ],
)
def test_a_description_that_is_none_is_refused_by_key(
    exported: bytes, sound: Files, refused: Refused, told: Content, said: str
) -> None:
    message = refused(spoilt(exported, sound, {}, **told))
    assert "classifier.json: " in message
    assert said in message


def _header(content: bytes, change: Callable[[Content], object]) -> bytes:
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


_BIAS = "class_layers.out.bias"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: b"\xff" * 8, "a header of up to"),
        (lambda: (1 << 40).to_bytes(8, "little") + b"{}", "a header of up to"),
        (lambda: b"", "a header of up to"),
        (lambda: (5).to_bytes(8, "little") + b"[[[[[", "JSON"),
        (lambda: (2).to_bytes(8, "little") + b"[]", "an object"),
        (lambda: (20).to_bytes(8, "little") + b'{"a": {}, "a": {}}  ', "twice"),
        (lambda: tensors() + b"hidden", "its tensors end at"),
        (lambda: tensors()[:-1], "its tensors end at"),
        (lambda: _header(tensors(), lambda h: h[_BIAS].update(data_offsets=[8, 24])), "overlap others"),
        (lambda: _header(tensors(), lambda h: h[_BIAS].update(data_offsets=[1 << 30, (1 << 30) + 16])), "leave a gap"),
        (lambda: _header(tensors(), lambda h: h[_BIAS].update(data_offsets=[-16, 0])), "two offsets"),
        (lambda: _header(tensors(), lambda h: h[_BIAS].update(shape=[1 << 39, 1 << 39])), "are not the bytes"),
        (lambda: _header(tensors(), lambda h: h[_BIAS].update(dtype="I32")), "F32 was needed"),
        (lambda: _header(tensors(), lambda h: h[_BIAS].update(more=1)), "data_offsets were needed"),
        (lambda: _header(tensors(), lambda h: h.update(__metadata__={"patient": "Meier"})), "__metadata__"),
        (lambda: tensors({_BIAS: None}), "is missing"),
        (lambda: tensors({"evil": np.zeros(3, np.float32)}), "'evil' is no part"),
        (lambda: tensors({_BIAS: np.zeros(5, np.float32)}), "the shape (4,)"),
        (lambda: tensors({_BIAS: np.full(4, np.nan, np.float32)}), "finite"),
        (lambda: tensors({"features.norm0.running_var": np.full(4, -1, np.float32)}), "variances"),
    ],
)
def test_weights_that_are_not_those_of_the_network_are_refused_by_file(
    exported: bytes, sound: Files, refused: Refused, make: Callable[[], bytes], said: str
) -> None:
    message = refused(spoilt(exported, sound, {"fold_0/network.safetensors": make()}))
    assert "fold_0/network.safetensors: " in message
    assert said in message


def test_the_tensors_of_a_network_are_those_that_monai_builds() -> None:
    from nnunet_ext.models.classifier.densenet_shapes import DenseNet, densenet_of

    flat = densenet_of(network(), "network.json")
    for net in (flat, DenseNet(3, 4, 3, 6, 3, (2, 1, 1))):
        built = import_module("monai.networks.nets").DenseNet121(
            spatial_dims=net.dimensions,
            in_channels=net.inputs,
            out_channels=net.outputs,
            init_features=net.first,
            growth_rate=net.growth,
            block_config=tuple(net.blocks),
        )
        assert {name: tuple(values.shape) for name, values in built.state_dict().items()} == net.shapes()
