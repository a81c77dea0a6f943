"""Crafted models: what spoils, or turns into a trap, a model's zip or folder, drawn at random."""

import io
import json
import shutil
import stat
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.cascade.prediction.tiny_model import TinyModel
from tests.core.test_read_checkpoint import RunsWhenUnpickled

MODEL: Final = "Dataset900_Tiny/nnUNetTrainer__nnUNetPlans__tiny"
_CHECKPOINT: Final = "fold_0/checkpoint_final.pth"
_WORDS: Final = (
    "", "x", "../x", "/etc/passwd", "os.system", "torch.nn.Conv3d", "torch.nn.functional.torch.hub.load", "nan",
    "a" * 5000, "\ud800", "\0", "é\n", "tiny", "3d_fullres", "NibabelIO", "CTNormalization",
    "resample_torch_fornnunet", "cuda",
)  # fmt: skip
_NUMBERS: Final = (
    0, 1, -1, 2, 3, 7, 255, 65536, 10**6, 10**9, 10**12, 10**30, -(10**9), 0.5, 1e-9, 1e-3, 1e9, 1e308, float("inf"),
    float("nan"), -float("inf"),
)  # fmt: skip
_MORE: Final = (
    "README.md", "trainer_class.py", "manifest.json", "crop_metadata.json", "postprocessing.pkl", "postprocessing.pkl",
    "fold_1/x.txt", "fold_1/checkpoint_final.pth", "fold_all/checkpoint_final.pth", "fold_0/checkpoint_best.pth",
    ".DS_Store", "crossval_results_folds_0/postprocessing.pkl", "MODEL_CARD.md", "fold_0/debug.json", "a b/c (1).png",
)  # fmt: skip


@dataclass(frozen=True)
class Crafted:
    """A zip or a folder of a model, and what was done to it."""

    path: Path
    how: str


@dataclass(frozen=True)
class Base:
    """A sound model's files, by name below its folder, of which others are made."""

    files: Mapping[str, bytes]

    @classmethod
    def made(cls, folder: Path) -> "Base":
        TinyModel().write(folder)
        return cls({path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)})


def craft(base: Base, random: Random, into: Path, marker: Path) -> Crafted:
    """Make one of the two: a zip for `model import`, or a folder for `predict -m`.

    Parameters
    ----------
    marker
        A file that stands there where code from the model has run.
    """
    files, hows = dict(base.files), []
    for _ in range(random.choice((1, 1, 1, 1, 2))):
        spoil = random.choice((_json, _json, _json, _json, spoil_bytes, _checkpoint, _checkpoint, _missing, _more))
        files, how = spoil(files, random, marker)
        hows.append(how)
    if random.random() < 0.5:
        return Crafted(_folder(files, into / "model"), f"folder: {'; '.join(hows)}")
    archive, how = _zip(files, random, into / "model.zip")
    return Crafted(archive, f"zip: {'; '.join([*hows, how])}")


Files = dict[str, bytes]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _json(files: Files, random: Random, _: Path) -> tuple[Files, str]:
    name = random.choice(("plans.json", "plans.json", "plans.json", "dataset.json"))
    try:
        content = json.loads(files[name])
    except (KeyError, ValueError, RecursionError):  # spoiled already
        return files, "nothing"
    found = list(places(content))
    holder, key = random.choice(found)
    how = random.choice(("value", "value", "value", "value", "gone", "twin", "list", "inside"))
    if how == "gone":
        del holder[key]
    elif how == "twin" and isinstance(holder, dict):
        holder[random.choice(_WORDS)] = holder[key]
    elif how == "list":
        holder[key] = [holder[key]] * random.choice((0, 1, 2, 3, 100))
    elif how == "inside":
        other, inner = random.choice(found)
        holder[key] = json.loads(json.dumps(other.get(inner) if isinstance(other, dict) else other[inner]))
    else:
        holder[key] = any_value(random)
    return {**files, name: json.dumps(content).encode()}, f"{name}: {key!r:.60} {how} {_told(holder, key)}"


def _told(holder: Any, key: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    try:
        return repr(holder[key])[:80]
    except (KeyError, IndexError):
        return ""


def any_value(random: Random) -> Any:  # noqa: ANN401 - whatever JSON holds
    number = random.choice(_NUMBERS)
    kinds: tuple[Any, ...] = (
        random.choice((None, True, False, [], {}, [[]], {"a": 1})),
        random.choice(_WORDS),
        [random.choice(_NUMBERS) for _ in range(random.choice((1, 2, 3, 3, 3, 6)))],
        [number] * 3,
        [[number] * 3] * 3,
        {random.choice(_WORDS): number},
        number,
        number,
    )
    return random.choice(kinds)


def places(content: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - whatever JSON holds
    found, waiting = [], [content]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], (dict, list)):
                waiting.append(holder[key])
    return found


def spoil_bytes(files: Files, random: Random, _: Path) -> tuple[Files, str]:
    name = random.choice(sorted(files))
    data = bytearray(files[name])
    how = random.choice(
        ("cut", "flip", "flip", "empty", "zeros", "bom", "utf-16", "deep", "digits", "latin", "garbage")
    )
    changed: dict[str, Callable[[], bytes | bytearray]] = {
        "cut": lambda: data[: random.randrange(len(data) + 1)],
        "flip": lambda: flipped(data, random),
        "empty": lambda: b"",
        "zeros": lambda: bytes(len(data)),
        "bom": lambda: b"\xef\xbb\xbf" + data,
        "utf-16": lambda: data.decode("latin-1").encode("utf-16"),
        "deep": lambda: b"[" * 100_000,
        "digits": lambda: b'{"configurations": ' + b"9" * 10_000 + b"}",
        "latin": lambda: data.replace(b"M", b"\xe9", 1),
        "garbage": lambda: random.randbytes(random.randrange(1000)),
    }
    how = random.choice(sorted(changed))
    return {**files, name: bytes(changed[how]())}, f"{name}: {how}"


def flipped(data: bytearray, random: Random) -> bytearray:
    for _ in range(random.choice((1, 1, 10, 1000)) if data else 0):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return data


def _missing(files: Files, random: Random, _: Path) -> tuple[Files, str]:
    name = random.choice(sorted(files))
    return {other: data for other, data in files.items() if other != name}, f"no {name}"


def _more(files: Files, random: Random, marker: Path) -> tuple[Files, str]:
    name = random.choice(_MORE)
    data = random.choice((b"", b"{}", b"[]", random.randbytes(50), files.get(_CHECKPOINT, b""), _evil(marker)))
    return {**files, name: data}, f"and {name}"


def _evil(marker: Path) -> bytes:
    import pickle

    return pickle.dumps(RunsWhenUnpickled(marker))


def _checkpoint(files: Files, random: Random, marker: Path) -> tuple[Files, str]:
    import torch

    try:
        content = torch.load(io.BytesIO(files[_CHECKPOINT]), weights_only=True)
        weights = dict(content["network_weights"])
        name = random.choice(sorted(weights))
    except Exception:  # noqa: BLE001 - it was spoilt before
        return files, "nothing"
    changes: dict[str, Callable[[], object]] = {
        "other shape": lambda: weights.update({name: torch.zeros(3, 3)}),
        "read again and again": lambda: weights.update({name: torch.zeros(1).expand(10**9)}),
        "complex": lambda: weights.update({name: weights[name].to(torch.complex64)}),
        "sparse": lambda: weights.update({name: torch.zeros(4, 4).to_sparse()}),
        "sparse, huge": lambda: weights.update(
            {name: torch.zeros(1, 1).to_sparse().sparse_resize_((10**6, 10**6), 2, 0)}
        ),
        "meta": lambda: weights.update({name: torch.empty(10**12, device="meta")}),
        "half": lambda: weights.update({name: weights[name].half()}),
        "integers": lambda: weights.update({name: weights[name].to(torch.int8)}),
        "not finite": lambda: weights.update({name: weights[name] * float("nan")}),
        "no tensor": lambda: weights.update({name: random.choice((None, 1, "x", [], {}))}),
        "one gone": lambda: weights.pop(name),
        "one more": lambda: weights.update({"x" * 1000: torch.zeros(1)}),
        "no name": lambda: weights.update({random.choice((1, None, "", "\ud800")): torch.zeros(1)}),
        "none": weights.clear,
        "axes": lambda: content.update(
            inference_allowed_mirroring_axes=random.choice(((7,), [0.0], "01", 5, (True,), [[0]], (torch.arange(2),)))
        ),
        "trainer": lambda: content.update(trainer_name=random.choice((*_WORDS, None, "nnUNetTrainerNobodyHas"))),
        "configuration": lambda: content.update(init_args={"configuration": random.choice((*_WORDS, None, 7))}),
        "init_args": lambda: content.update(init_args=random.choice((None, [], "x", {}))),
        "code": lambda: content.update(logging=RunsWhenUnpickled(marker)),
        "memory": lambda: content.update(logging=_Memory()),
    }
    how = random.choice(sorted(changes))
    changes[how]()
    buffer = io.BytesIO()
    torch.save({**content, "network_weights": weights}, buffer)
    return {**files, _CHECKPOINT: buffer.getvalue()}, f"checkpoint: {name} {how}"


class _Memory:
    def __reduce__(self) -> tuple[Any, tuple[int]]:
        return bytearray, (10**11,)


def _folder(files: Files, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def _zip(files: Files, random: Random, archive: Path) -> tuple[Path, str]:
    above, model, how = "", MODEL, "plain"
    part = random.choice(("above", "model", "kind", *[""] * 6))
    if part == "above":
        above = random.choice(("nnUNet_results/", "My models (2)/", "../", "/", "C:/", "a\\b/", "./", "//", "ü/"))
    if part == "model":
        model = random.choice((MODEL.split("/")[1], "Dataset900_Tiny", "x", "Dataset1_x/y__z__w"))
    if part == "kind":
        how = random.choice(("twice", "link", "nul", "bzip2", "encrypted", "bomb", "cut", "flip", "garbage"))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile's own, about a name that stands twice
        for name, data in files.items():
            opened.writestr(f"{above}{model}/{name}", data)
        last = zipfile.ZipInfo(
            f"{above}{model}/" + random.choice(("fold_0/checkpoint_best.pth", "plans.json", "README"))
        )
        if how == "link":
            last.create_system, last.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        last.compress_type = zipfile.ZIP_BZIP2 if how == "bzip2" else zipfile.ZIP_DEFLATED
        if how in {"twice", "link", "bzip2", "nul"}:
            opened.writestr(last, b"/etc/passwd")
        if how == "bomb":
            opened.writestr(last, bytes(100 << 20))
    archive.write_bytes(bytes(broken(bytearray(archive.read_bytes()), how, random)))
    return archive, f"{above}{model} {how}"


def broken(data: bytearray, how: str, random: Random) -> bytearray:
    if how == "cut":
        return data[: random.randrange(len(data))]
    if how == "flip":
        return flipped(data, random)
    if how == "garbage":
        return bytearray(random.randbytes(100)) + data
    if how == "nul":
        return data.replace(b"plans.json", b"plans\0json")
    if how == "encrypted":
        data[data.index(b"PK\x01\x02") + 8] |= 1
    return data
