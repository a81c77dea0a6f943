"""Spoiled NIfTI files, given to every reader that the verbs use: what is read must be what nibabel reads.

A file must be read as nibabel reads it, or be refused by name: no other exception, no warning of numpy's, nothing that
takes longer than 10 s. Each file is made from the seed and its number alone, so that a fault can be made again:

    python benchmarks/fuzz_nifti.py --seed 1 --count 20000 --minutes 30
    python benchmarks/fuzz_nifti.py --seed 1 --only 4711 --keep spoiled
"""

import argparse
import gzip
import logging
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal

import nibabel as nib
import numpy as np

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.mask import read_region
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.dataset_conversion.same_images import shows_something

SECONDS = 10
"""What a reader may take for a file of some kilobytes."""

MM = {0: 1.0, 1: 1e3, 2: 1.0, 3: 1e-3}
"""By `xyzt_units`, which nibabel leaves to its users."""

UGLY = (0, 1, -1, 2, 3, 7, 127, 128, 255, 256, 32767, -32768, 65536, 2**31 - 1, 1e-30, 0.5, 352, 1e30, np.nan, np.inf)
KINDS: tuple[type[np.number], ...] = (np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64, np.int64)


@dataclass(frozen=True)
class Spoiled:
    """A file: its name, its bytes, and what was done to it."""

    name: str
    content: bytes
    how: str


class TooSlowError(Exception):
    """A reader took longer than it may."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of the files (default 0)")
    parser.add_argument("--count", type=int, default=2000, help="how many (default 2000)")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so many (default 60)")
    parser.add_argument("--only", type=int, help="only the file of this number")
    parser.add_argument("--keep", type=Path, help="a folder for the files that something was wrong with")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _too_slow)
    logging.disable()  # nibabel tells of every header that it mends
    begun = time.monotonic()
    numbers = range(options.count) if options.only is None else [options.only]
    done: Counter[str] = Counter()
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            if time.monotonic() - begun > 60 * options.minutes:
                break
            spoiled = spoil(np.random.default_rng([options.seed, number]))
            found = try_readers(spoiled, Path(folder), done)
            if found and options.keep is not None:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{number}_{spoiled.name}").write_bytes(spoiled.content)
            for fault in found:
                print(f"file {number} ({spoiled.how}): {fault}")
            faults += len(found)
            done["files"] += 1
    shares = ", ".join(f"{done[name]} {name}" for name in ("read", "read as masks", "refused"))
    print(f"seed {options.seed}: {done['files']} files in {time.monotonic() - begun:.0f} s: {shares}; {faults} faults")
    return 1 if faults else 0


def spoil(rng: np.random.Generator) -> Spoiled:
    """Make a sound file, and do one or several things to it."""
    raw, how = _sound(rng)
    deeds = [_header_field, _header_bits, _voxel_bits, _length]
    for _ in range(int(rng.integers(0, 4))):
        raw, deed = deeds[int(rng.integers(len(deeds)))](raw, rng)
        how += f", {deed}"
    if rng.random() < 0.5:
        return Spoiled("image.nii" if rng.random() < 0.9 else "image.nii.gz", raw, how)
    packed = gzip.compress(raw, compresslevel=int(rng.integers(0, 10)), mtime=0)
    deeds = [_bits, _length, _packed_otherwise]
    for _ in range(int(rng.integers(0, 2))):
        packed, deed = deeds[int(rng.integers(len(deeds)))](packed, rng)
        how += f", gzip: {deed}"
    return Spoiled("image.nii.gz" if rng.random() < 0.9 else "image.nii", packed, how)


def try_readers(spoiled: Spoiled, folder: Path, done: Counter[str]) -> list[str]:
    """Give the file to every reader, and say what went wrong."""
    path = folder / spoiled.name
    path.write_bytes(spoiled.content)
    readers: list[tuple[str, Callable[[], object]]] = [
        ("read_volume", lambda: read_volume(path)),
        ("read_mask", lambda: read_mask(path)),
        ("read_region", lambda: read_region(path, 0.5)),
        ("shows_something", lambda: shows_something(path)),
    ]
    faults = []
    answers = {}
    for name, read in readers:
        try:
            answers[name] = _in_time(read)
        except FileRefusedError as error:
            if not str(error).startswith(f"{path}: ") or len(str(error)) < len(str(path)) + 10:
                faults.append(f"{name}: a refusal that says too little: {error}")
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            faults.append(f"{name}: {''.join(traceback.format_exception(error)[-3:])}")
    done["read" if "read_volume" in answers else "refused"] += 1
    done["read as masks"] += "read_mask" in answers
    for name in ("read_volume", "read_mask"):
        if isinstance(volume := answers.get(name), Volume):
            faults += [f"{name}: {fault}" for fault in _differs(volume, spoiled)]
    return faults


def _in_time(read: Callable[[], object]) -> object:
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return read()
    finally:
        signal.alarm(0)


def _too_slow(signum: int, frame: FrameType | None) -> None:
    del signum, frame
    raise TooSlowError(f"longer than {SECONDS} s")


def _differs(volume: Volume, spoiled: Spoiled) -> list[str]:
    """Compare with what nibabel makes of the same bytes, uncompressed by Python's gzip."""
    try:
        raw = spoiled.content
        while raw.startswith(b"\x1f\x8b"):
            raw = gzip.decompress(raw)
        kind = nib.Nifti2Image if _is_second(raw) else nib.Nifti1Image
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = kind.from_bytes(raw)
            data, affine = image.get_fdata(), image.affine
    except Exception as error:  # noqa: BLE001 - whatever it says, it is no reading
        return [f"was read, and nibabel says {type(error).__name__}: {error}"]
    faults = []
    shape = data.shape[:3] + tuple(size for size in data.shape[3:] if size > 1)
    if volume.data.shape != shape:
        return [f"shape {volume.data.shape}, nibabel's is {shape}"]
    if not _same(volume.data, data.reshape(shape)):
        faults.append("other values than nibabel's")
    wanted = affine * np.array([[MM[int(image.header["xyzt_units"]) & 7]]] * 3 + [[1.0]])
    apart = np.abs(volume.affine - wanted) @ np.array([*shape, 1.0])
    if not (apart <= 1e-5 * max(1.0, float(np.abs(wanted).max()))).all():
        faults.append(f"{apart.max():g} mm away from nibabel's place")
    return faults


def _same(ours: Array, theirs: Array) -> bool:
    tolerance = 1e-6 * np.abs(theirs) + 1e-30 if ours.dtype.kind == "f" else 1e-4 + 1e-6 * np.abs(theirs)
    return bool((np.abs(ours.astype(np.float64) - theirs) <= tolerance).all())


def _sound(rng: np.random.Generator) -> tuple[bytes, str]:
    """Make a file that any reader takes: small, of any kind, place and version."""
    shape = tuple(int(size) for size in rng.integers(1, 7, 3)) + ((1,) if rng.random() < 0.1 else ())
    kind = KINDS[int(rng.integers(len(KINDS)))]
    data = rng.integers(0, int(rng.choice([2, 3, 200])), shape).astype(kind)
    if np.issubdtype(kind, np.floating) and rng.random() < 0.3:
        data = (data / 3).astype(kind)
    turn = nib.eulerangles.euler2mat(*rng.uniform(-0.4, 0.4, 3)) if rng.random() < 0.6 else np.eye(3)
    sizes = rng.choice([0.3, 0.5, 0.8, 1.0, 3.3], 3) * rng.choice([-1, 1], 3)
    affine = nib.affines.from_matvec(turn * sizes, rng.uniform(-200, 200, 3))
    second = rng.random() < 0.2
    image = nib.Nifti2Image(data, None, dtype=kind) if second else nib.Nifti1Image(data, None, dtype=kind)
    image.header.set_sform(affine, int(rng.integers(0, 3)))
    image.header.set_qform(affine, int(rng.integers(0, 3)))
    image.header.set_xyzt_units(*[("mm", None), (None, None), ("mm", "sec")][int(rng.integers(3))])
    if rng.random() < 0.3:
        image.header.set_slope_inter(float(rng.choice([1, 2, 1 / 255, 0.001])), float(rng.choice([0, 0, -1, 1000])))
    if rng.random() < 0.1:
        image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"of a scanner"))
    raw = image.to_bytes()
    if rng.random() < 0.2:
        other = type(image)(data.astype(data.dtype.newbyteorder(">")), None, image.header.as_byteswapped(">"))
        raw = other.to_bytes()
    return raw, f"{type(image).__name__} {data.dtype} {shape}"


def _is_second(raw: bytes) -> bool:
    return raw[:4] in ((540).to_bytes(4, "little"), (540).to_bytes(4, "big"))


def _template(raw: bytes) -> np.dtype[np.void]:
    kind = nib.Nifti2Header if _is_second(raw) else nib.Nifti1Header
    order: Literal["<", ">"] = ">" if raw[:1] == b"\0" else "<"
    dtype: np.dtype[np.void] = kind.template_dtype.newbyteorder(order)
    return dtype


def _header_field(raw: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    dtype = _template(raw)
    if len(raw) < dtype.itemsize:
        return raw, "nothing"
    header = np.frombuffer(raw[: dtype.itemsize], dtype)[0].copy()
    names = [name for name in dtype.names or () if dtype[name].base.kind in "iuf"]
    name = names[int(rng.integers(len(names)))]
    value = UGLY[int(rng.integers(len(UGLY)))] if rng.random() < 0.7 else float(rng.normal() * 10 ** rng.uniform(-3, 4))
    field = np.atleast_1d(header[name]).copy()
    place = int(rng.integers(field.size))
    with np.errstate(all="ignore"):
        if field.dtype.kind in "iu":
            value = int(value) % 2 ** (8 * field.dtype.itemsize) if np.isfinite(value) else 0
            field[place] = np.array(value, dtype=np.uint64).astype(field.dtype)
        else:
            field[place] = value
    header[name] = field if header[name].ndim else field[0]
    return header.tobytes() + raw[dtype.itemsize :], f"{name}[{place}] = {value!r}"


def _header_bits(raw: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    return _flipped(raw, rng, min(len(raw), _template(raw).itemsize + 4))


def _voxel_bits(raw: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    return _flipped(raw, rng, len(raw))


_bits = _voxel_bits


def _flipped(raw: bytes, rng: np.random.Generator, end: int) -> tuple[bytes, str]:
    if not end:
        return raw, "nothing"
    places = sorted(int(place) for place in rng.integers(0, 8 * end, int(rng.integers(1, 4))))
    changed = bytearray(raw)
    for place in places:
        changed[place // 8] ^= 1 << place % 8
    return bytes(changed), f"bits {places}"


def _length(raw: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    choice = rng.random()
    if choice < 0.6:
        end = int(rng.integers(0, len(raw) + 1))
        return raw[:end], f"cut at {end}"
    if choice < 0.8:
        return raw + rng.bytes(int(rng.integers(1, 600))), "noise at its end"
    start = int(rng.integers(0, len(raw) + 1))
    return raw[:start] + bytes(min(64, len(raw) - start)) + raw[start + 64 :], f"zeros at {start}"


def _packed_otherwise(raw: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    choice = rng.random()
    if choice < 0.4:
        return gzip.compress(raw, mtime=0), "twice"
    if choice < 0.5:
        return gzip.compress(gzip.compress(raw, mtime=0), mtime=0), "three times"
    if choice < 0.7:
        return raw + bytes(int(rng.integers(1, 50))), "padded with zeros"
    return raw + gzip.compress(rng.bytes(20)), "another member behind it"


if __name__ == "__main__":
    sys.exit(main())
