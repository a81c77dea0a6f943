"""The versions of this package, of Python, and of every library that it needs or can use."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

from packaging.requirements import Requirement

from nnunet_ext import __version__
from nnunet_ext.cli.info.problem import Problem

_PACKAGE: Final = "nnunet_ext"
_OPTIONAL: Final = {
    "openvino": "fast",
    "scikit-learn": "classify",
    "monai": "classify",
    "skops": "classify",
    "safetensors": "classify",
    "bids-validator-deno": "bids",
    "argcomplete": "complete",
}
"""What an extra of that name brings for users; the others are for who works on the code."""


def find_versions() -> tuple[dict[str, str | None], list[Problem]]:
    """Give each version, None for a library that is not installed, and those that are missing or too old."""
    found: dict[str, str | None] = {
        _PACKAGE: __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    problems = []
    for requirement in _requirements():
        there = _version(requirement.name)
        found[requirement.name] = there
        if there is None or not requirement.specifier.contains(there, prereleases=True):
            wanted = f"{requirement.name}{requirement.specifier}"
            cure = f"{sys.executable} -m pip install '{wanted}'"
            problems.append(Problem(f"{wanted} was needed, found {there or 'none'}", cure))
    for name in _OPTIONAL:
        found[name] = _version(name)
    return found, problems


def optional_extra(library: str) -> str | None:
    """Name the extra that installs a library which is not needed for most work; None for the needed ones."""
    return _OPTIONAL.get(library)


def _requirements() -> list[Requirement]:
    """List what the package itself says that it needs, without its extras."""
    try:
        stated = [Requirement(line) for line in requires(_PACKAGE) or []]
    except PackageNotFoundError:  # code that is on the path, and was never installed
        stated = [Requirement("nnunetv2>=2.8.1"), Requirement("torch>=2.10")]
    return [needed for needed in stated if needed.marker is None or needed.marker.evaluate({"extra": ""})]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
