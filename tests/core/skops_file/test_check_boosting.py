import io
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.safe_types import PROTOCOL, TRUSTED
from nnunet_ext.core.skops_file.check_boosting import check_boosting
from tests.models.classifier.made import boosting, entries, npy, with_schema, with_trees, zipped

Nodes = np.ndarray[Any, Any]
Schema = dict[str, Any]


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(UnsafeModelError) as caught:
        check_boosting(path)
    assert str(caught.value).startswith(f"{path.name}: ")
    return str(caught.value)


@pytest.mark.parametrize(("classes", "features"), [("ab", "xyz"), ("abc", "xy")])
def test_what_scikit_learn_fits_and_skops_writes_passes_and_can_be_read_with_the_same_list(
    tmp_path: Path, classes: str, features: str
) -> None:
    content = boosting(tuple(classes), tuple(features))
    (tmp_path / "b.skops").write_bytes(content)
    found = check_boosting(tmp_path / "b.skops")
    assert (found.branches, found.columns) == (tuple(classes), tuple(features))
    trees = import_module("skops.io").loads(content, trusted=list(TRUSTED))["trees"]
    assert trees.predict_proba(np.zeros((2, len(features)))).shape == (2, len(classes))


def test_the_protocol_is_the_one_that_skops_writes() -> None:
    assert import_module("skops.io._protocol").PROTOCOL == PROTOCOL


def evil(module: str, name: str, loader: str, **more: object) -> Schema:
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1, **more}


def attributes(schema: Schema) -> Schema:
    held: Schema = schema["content"]["trees"]["content"]["content"]
    return held


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (evil("posix", "system", "FunctionNode"), "posix.system"),
        (evil("os", "system", "TypeNode"), "os.system"),
        (evil("functools", "partial", "PartialNode", content={}), "functools.partial"),
        (evil("builtins", "eval", "TypeNode"), "builtins.eval"),
        (evil("builtins", "dict", "ObjectNode", content=None), "builtins.dict"),
        (evil("operator", "methodcaller", "OperatorFuncNode"), "operator.methodcaller"),
        (evil("sklearn.pipeline", "Pipeline", "ObjectNode", content=None), "sklearn.pipeline.Pipeline"),
        (evil("sklearn.dummy", "DummyClassifier", "MethodNode", content={}), "MethodNode"),
        (evil("numpy", "ndarray", "NdArrayNode", type="json", content=[]), "content"),
        (evil("numpy", "ndarray", "NdArrayNode", type="numpy", file="../../x.npy"), "NUMBER.npy"),
        (evil("builtins", "str", "JsonNode", content="[" * 5000), "a value"),
        (evil("builtins", "str", "JsonNode", content='{"a": 1}'), "single value"),
        (evil("builtins", "list", "ListNode", content="x"), "a list"),
        (evil("builtins", "list", "CachedNode"), "CachedNode"),
        (None, "an object"),
    ],
)
def test_a_type_outside_of_the_list_is_named_and_nothing_of_it_is_run(tmp_path: Path, node: object, said: str) -> None:
    content = with_schema(boosting(), lambda schema: attributes(schema).update(evil=node))
    assert said in refusal(tmp_path / "b.skops", content)


def _first(schema: Schema) -> Schema:
    return dict(next(iter(attributes(schema).values())))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda schema: schema.update(protocol=0), "protocol"),
        (lambda schema: schema.update(protocol=True), "protocol"),
        (lambda schema: schema.pop("protocol"), "protocol"),
        (lambda schema: schema.update(more=1), "more"),
        (lambda schema: schema["content"].pop("shares"), "shares"),
        (lambda schema: schema["content"]["branches"]["content"].pop(), "1, 3 names"),
        (lambda schema: schema["content"]["columns"].update(content=[]), "names that differ"),
        (lambda schema: schema["content"].update(trees=schema["content"]["branches"]), "other arrays"),
        (lambda schema: schema.pop("__id__"), "__id__"),
        (lambda schema: attributes(schema).update(other={**_first(schema), "content": "7"}), "two different things"),
        (lambda schema: attributes(schema).pop("_predictors"), "other arrays"),
        (lambda schema: attributes(schema).pop("n_features_in_"), "n_features_in_"),
        (
            lambda schema: attributes(schema)["n_features_in_"].update(content="1000000000", __id__=2),
            "n_features_in_",
        ),
        (lambda schema: attributes(schema)["_predictors"].update(content=[]), "other arrays"),
        (
            lambda schema: attributes(schema)["_predictors"].update(
                __loader__="TupleNode", __class__="tuple", __id__=2
            ),
            "lists of trees",
        ),
        (
            lambda schema: attributes(schema)["_feature_subsample_rng"]["content"]["bit_generator"]["content"][
                "bit_generator"
            ].update(content='"set_bit_generator"', __id__=3),
            "PCG64",
        ),
    ],
)
def test_a_schema_that_skops_does_not_write_is_refused(
    tmp_path: Path, change: Callable[[Schema], object], said: str
) -> None:
    assert said in refusal(tmp_path / "b.skops", with_schema(boosting(), change))


def _set(field: str, value: float) -> Callable[[Nodes], object]:
    return lambda nodes: nodes[field].__setitem__(slice(None), value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("left", 0), "lead out of it, or back"),  # round in circles
        (_set("right", 4_000_000_000), "lead out of it, or back"),
        (_set("feature_idx", -1), "a measure that is none"),
        (_set("feature_idx", 3), "a measure that is none"),
        (_set("is_categorical", 1), "categories"),
        (_set("value", np.nan), "finite"),
    ],
)
def test_a_tree_that_would_read_memory_of_others_or_never_end_is_refused(
    tmp_path: Path, change: Callable[[Nodes], object], said: str
) -> None:
    assert said in refusal(tmp_path / "b.skops", with_trees(boosting(), change))


def _replaced(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    held = entries(content)
    name = next(name for name in held if name.endswith(".npy"))
    return zipped({**held, name: change(held[name])})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: npy(np.array([print], dtype=object)), "pickled code"),
        (lambda _: npy(np.zeros(2, dtype=[("a", "O")])), "pickled code"),
        (lambda _: b"\x80\x04}.", "NumPy"),
        (lambda _: zipped({"a.npy": b"x"}), "NumPy"),
        (lambda data: data.replace(b"(", b"[" * 50, 1), "NumPy"),
        (lambda data: data[:-1], "what follows it"),
        (lambda _: npy(np.zeros(3)).replace(b"(3,)", b"(9,)"), "what follows it"),
        (lambda _: npy(np.zeros(0)).replace(b"(0,), }", b"(-1,),}"), "what follows it"),
        (lambda _: npy(np.zeros(2, dtype="M8[s]")), "plain numbers"),
    ],
)
def test_an_array_that_holds_objects_or_lies_about_its_size_is_refused(
    tmp_path: Path, change: Callable[[bytes], bytes], said: str
) -> None:
    message = refusal(tmp_path / "b.skops", _replaced(boosting(), change))
    assert said in message
    assert ".npy: " in message


@pytest.mark.parametrize("name", ["evil.py", "evil.pkl", "evil.zip", "../1.npy.pkl"])
def test_anything_but_the_schema_and_arrays_is_refused_by_name(tmp_path: Path, name: str) -> None:
    assert name in refusal(tmp_path / "b.skops", zipped({**entries(boosting()), name: b"x"}))


def test_an_array_that_nothing_names_is_refused(tmp_path: Path) -> None:
    assert "other arrays" in refusal(tmp_path / "b.skops", zipped({**entries(boosting()), "7.npy": npy(np.zeros(1))}))


def test_a_bomb_in_the_file_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    buffer = io.BytesIO(boosting())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("7.npy", bytes(20 << 20))
    assert "unpacks to more than" in refusal(tmp_path / "b.skops", buffer.getvalue())


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80\x04}.", zipped({}), zipped({"schema.json": b"[]"})])
def test_what_is_no_file_of_skops_is_refused(tmp_path: Path, content: bytes) -> None:
    refusal(tmp_path / "b.skops", content)


@given(at=st.integers(0, 10_000_000), bit=st.integers(0, 7))
def test_a_flipped_bit_ends_in_a_refusal_or_changes_no_more_than_numbers(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    content = bytearray(boosting())
    content[at % len(content)] ^= 1 << bit
    path = tmp_path_factory.getbasetemp() / "flipped.skops"
    path.write_bytes(content)
    try:
        found = check_boosting(path)
    except UnsafeModelError:
        return
    assert (len(found.columns), len(found.branches)) == (3, 2)
