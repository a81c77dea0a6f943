"""What a crafted model does to the commands that read it: whatever is not as it ought to be is a finding."""

import contextlib
import io
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_write import write_image
from tests.cascade.prediction.tiny_model import noise
from tests.models.classifier.crafted import craft_classifier
from tests.models.classifier.made import classifier_files
from tests.models.crafted import Base, Crafted, craft

SECONDS: Final = 10
MEMORY_BYTES: Final = 1 << 30
_ALLOWED: Final = frozenset({0, 3, 4, 6})
_CURE: Final = re.compile(
    r"nnunet_ext model|nnUNetv2_predict|--no-model-postprocessing|ask its authors|fetch it again|--as DatasetXXX_NAME"
    r"|ls -d|-chk|-f, |zip -d"
)


@dataclass(frozen=True)
class Finding:
    """A crafted model and what was wrong with what it did."""

    number: int
    how: str
    what: str


@dataclass(frozen=True)
class Tried:
    """How many crafted models ended with which exit code, the slowest, and the findings."""

    codes: dict[str, int]
    slowest: float
    findings: tuple[Finding, ...]


def try_crafted(seed: int, count: int, seconds: float = float("inf"), *, classifiers: bool = False) -> Tried:
    """Craft models one by one and hand each to the command that reads it.

    Parameters
    ----------
    seed, count
        Of the draws; the same number is the same model.
    seconds
        After which no other one is begun.
    classifiers
        Craft zips of classifiers in the place of segmentation models.
    """
    begun, codes, findings, slowest = time.monotonic(), dict[str, int](), list[Finding](), 0.0
    with tempfile.TemporaryDirectory() as folder, _nnunet_variables(Path(folder) / "results"):
        image = Path(folder) / "image.nii.gz"
        if classifiers:
            make = partial(craft_classifier, classifier_files())
        else:
            make = partial(craft, Base.made(Path(folder) / "base"))
            volume = noise((12, 16, 16))
            write_image(image, volume.data, volume.affine)
            findings += _sound(image, Path(folder))
        for number in range(count):
            if time.monotonic() - begun > seconds:
                break
            one = Path(folder) / "one"
            one.mkdir()
            made = make(Random(f"{seed} {number}"), one, marker := Path(folder) / "it ran")
            at = time.monotonic()
            code, what = _one(made, image, Path(folder))
            slowest = max(slowest, time.monotonic() - at)
            what += ["code of it ran"] if marker.exists() else []
            findings += [Finding(number, made.how, text) for text in what]
            kind = f"{'import' if made.path.suffix == '.zip' else 'predict'} {code}"
            codes[kind] = codes.get(kind, 0) + 1
            _removed(one, Path(folder) / "results", Path(folder) / "out", marker)
    return Tried(dict(sorted(codes.items())), slowest, tuple(findings))


def _sound(image: Path, root: Path) -> list[Finding]:
    """Predict with the model that nobody spoilt, which also imports all that there is to import."""
    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
        code = main(["predict", "-i", str(image), "-o", str(root / "out"), "-m", str(root / "base"), "-device", "cpu"])
    _removed(root / "out")
    return [Finding(-1, "as it was made", told.getvalue())] if code else []


def _one(made: Crafted, image: Path, root: Path) -> tuple[int | str, list[str]]:
    before, memory = _tree(root), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    command = ["model", "import", str(made.path)]
    if made.path.is_dir():
        options = ["-device", "cpu", "--disable_tta"]
        command = ["predict", "-i", str(image), "-o", str(root / "out"), "-m", str(made.path), *options]
    told = io.StringIO()
    code: int | str
    try:
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()), _limit():
            code = main(command)
    except (Exception, SystemExit):  # noqa: BLE001 - this is what is looked for
        return "traceback", [f"traceback: {traceback.format_exc()[-1500:]}"]
    what = [] if code in _ALLOWED else [f"exit code {code}: {told.getvalue()[:500]}"]
    errors = [line for line in told.getvalue().splitlines() if "error:" in line]
    if code not in {0, 3} and not any(_CURE.search(line) for line in errors):
        what.append(f"no cure: {told.getvalue()[:500]}")
    if code == 3 and re.search(r"[A-Z]\w+Error: |Exception: ", told.getvalue()):
        what.append(f"no word of ours: {told.getvalue()[:700]}")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) * (1 if sys.platform == "darwin" else 1024)
    if grown > MEMORY_BYTES:
        what.append(f"{grown >> 20} MiB of memory")
    written = _tree(root) - before - {"results", "out", "results/.nnunet_ext-import.lock"}
    belongs = ("results/Dataset", "results/classifiers", "out/") if code == 0 else ("out/",)
    if strangers := sorted(name for name in written if not name.startswith(belongs)):
        what.append(f"written: {strangers[:10]}")
    return code, what


@contextlib.contextmanager
def _limit() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"hangs for more than {SECONDS} s")

    # Of the processor, since others may use the machine; and of the clock, for what waits and never computes.
    timers = {signal.SIGPROF: (signal.ITIMER_PROF, SECONDS), signal.SIGALRM: (signal.ITIMER_REAL, 6 * SECONDS)}
    before = {kind: signal.signal(kind, stop) for kind in timers}
    for timer, seconds in timers.values():
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for kind, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(kind, before[kind])


@contextlib.contextmanager
def _nnunet_variables(results: Path) -> Iterator[None]:
    names = ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results", "nnUNet_extTrainer")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ["nnUNet_results"] = str(results)  # noqa: SIM112 - nnU-Net's own name
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _tree(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def _removed(*paths: Path) -> None:
    import shutil

    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def in_words(findings: Sequence[Finding]) -> str:
    """List findings, each with the number that makes it again."""
    return "\n".join(f"{finding.number}: {finding.how}\n    {finding.what}" for finding in findings)
