"""Crafted zips of classifiers, drawn at random: most of them vouch for what was spoilt in them."""

import json
import stat
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.models.classifier.made import NAME, Files, described, entries, manifested, npy, zipped
from tests.models.crafted import Crafted, any_value, broken, places, spoil_bytes

_NODES: Final = (
    ("os", "system", "FunctionNode"),
    ("builtins", "eval", "TypeNode"),
    ("functools", "partial", "PartialNode"),
    ("sklearn.pipeline", "Pipeline", "ObjectNode"),
    ("numpy", "ndarray", "NdArrayNode"),
    ("builtins", "list", "ListNode"),
)
_MORE: Final = (
    "evil.py", "fold_0/x.pkl", "fold_1/logistic.json", "../evil", "README.md", ".DS_Store", "training/patients.tsv",
    "fold_0/boosting-evil.skops", "fold_0/network.pth", "plans.json",
)  # fmt: skip


def craft_classifier(sound: Mapping[str, bytes], random: Random, into: Path, _marker: Path) -> Crafted:
    """Make a zip for `model import`."""
    files, hows = dict(sound), []
    for _ in range(random.choice((1, 1, 1, 2))):
        files, how = random.choice((_json, _json, _schema, _schema, _arrays, _header, _bytes, _missing, _more))(
            files, random
        )
        hows.append(how)
    if random.random() < 0.8 and "classifier.json" in files:
        try:
            files = described(files)
        except (ValueError, TypeError):
            hows.append("no digests")
    archive = into / "classifier.zip"
    hows.append(_zip(manifested(files), random, archive))
    return Crafted(archive, "; ".join(hows))


def _json(files: Files, random: Random) -> tuple[Files, str]:
    name = random.choice([name for name in files if name.endswith(".json")] or [""])
    return _changed(files, name, random)


def _changed(files: Files, name: str, random: Random) -> tuple[Files, str]:
    try:
        content = json.loads(files[name])
        how = _change(content, random)
    except (KeyError, ValueError, IndexError, RecursionError):  # spoilt before
        return files, "nothing"
    return {**files, name: json.dumps(content).encode()}, f"{name}: {how}"


def _change(content: Any, random: Random) -> str:  # noqa: ANN401 - whatever JSON holds
    holder, key = random.choice(places(content))
    kind = random.choice(("value", "value", "gone", "copy", "node"))
    if kind == "gone":
        del holder[key]
    elif kind == "copy":
        other, inner = random.choice(places(content))
        holder[key] = json.loads(json.dumps(other[inner]))
    elif kind == "node":
        module, name, loader = random.choice(_NODES)
        node = {"__module__": module, "__class__": name, "__loader__": loader, "__id__": 1, "content": []}
        holder[key] = {**holder[key], **node} if isinstance(holder[key], dict) else node
    else:
        holder[key] = any_value(random)
    return f"{key!r:.40} {kind}"


def _boosting(files: Files, random: Random) -> tuple[str, Files]:
    name = random.choice([name for name in files if name.endswith(".skops")] or [""])
    try:
        return name, entries(files[name])
    except (KeyError, zipfile.BadZipFile):
        return name, {}


def _schema(files: Files, random: Random) -> tuple[Files, str]:
    name, held = _boosting(files, random)
    changed, how = _changed(held, "schema.json", random)
    return ({**files, name: zipped(changed)} if held else files), f"{name}: {how}"


def _arrays(files: Files, random: Random) -> tuple[Files, str]:
    import numpy as np

    name, held = _boosting(files, random)
    arrays = [entry for entry in held if entry.endswith(".npy")]
    if not arrays:
        return files, "nothing"
    array = random.choice(arrays)
    other = random.choice(
        (npy(np.array([print], dtype=object)), npy(np.zeros((2, 3))), held[random.choice(arrays)], random.randbytes(90))
    )
    spoilt, how = spoil_bytes({array: held[array]}, random, Path())
    data = random.choice((other, spoilt[array]))
    return {**files, name: zipped({**held, array: data})}, f"{name}: {array}: {how}"


def _header(files: Files, random: Random) -> tuple[Files, str]:
    name = "fold_0/network.safetensors"
    content = files.get(name, b"")
    length = int.from_bytes(content[:8], "little")
    spoilt, how = _changed({"header": content[8 : 8 + length]}, "header", random)
    text = spoilt["header"]
    return {**files, name: len(text).to_bytes(8, "little") + text + content[8 + length :]}, f"{name}: {how}"


def _bytes(files: Files, random: Random) -> tuple[Files, str]:
    return spoil_bytes(files, random, Path()) if files else (files, "nothing")


def _missing(files: Files, random: Random) -> tuple[Files, str]:
    name = random.choice(sorted(files))
    return {other: data for other, data in files.items() if other != name}, f"no {name}"


def _more(files: Files, random: Random) -> tuple[Files, str]:
    name = random.choice(_MORE)
    return {**files, name: random.choice((b"", b"{}", random.randbytes(50)))}, f"and {name}"


def _zip(files: Files, random: Random, archive: Path) -> str:
    above = random.choice((*[f"{NAME}/"] * 6, "", "a/b/", "../", "/", "x y/", f"{NAME}\\"))
    how = random.choice((*["plain"] * 8, "twice", "link", "bomb", "cut", "flip", "garbage"))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile's own, about a name that stands twice
        for name, data in files.items():
            opened.writestr(f"{above}{name}", data)
        last = zipfile.ZipInfo(f"{above}{random.choice(('both.json', 'fold_7/logistic.json'))}")
        last.compress_type = zipfile.ZIP_DEFLATED
        if how == "link":
            last.create_system, last.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        if how in {"twice", "link", "bomb"}:
            opened.writestr(last, bytes(100 << 20) if how == "bomb" else b"/etc/passwd")
    archive.write_bytes(bytes(broken(bytearray(archive.read_bytes()), how, random)))
    return f"{above} {how}"
