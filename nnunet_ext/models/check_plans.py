"""Checking `plans.json`: every name in it that nnU-Net will look up, import or make a path of."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.model_name import is_plain_name

PACKAGES: Final = ("dynamic_network_architectures.", "torch.nn.", "nnunetv2.training.")
_DOTTED: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)
READERS: Final = frozenset(
    {"SimpleITKIO", "SimpleITKIOWithReorient", "NibabelIO", "NibabelIOWithReorient", "NaturalImage2DIO", "Tiff3DIO"}
)
_RESAMPLING: Final = frozenset(
    {"resample_data_or_seg_to_shape", "resample_torch_simple", "resample_torch_fornnunet", "no_resampling_hack"}
)
_NORMALISATIONS: Final = frozenset(
    {
        "ZScoreNormalization", "CTNormalization", "NoNormalization", "RescaleTo01Normalization",
        "RGBTo01Normalization",
    }
)  # fmt: skip
# nnU-Net looks these names up in its own modules, where they may as well be those of what the modules import.
_ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "image_reader_writer": READERS,
    "label_manager": frozenset({"LabelManager"}),
    "preprocessor_name": frozenset({"DefaultPreprocessor"}),
    "normalization_schemes": _NORMALISATIONS,
    "resampling_fn_data": _RESAMPLING,
    "resampling_fn_seg": _RESAMPLING,
    "resampling_fn_probabilities": _RESAMPLING,
    "UNet_class_name": frozenset({"PlainConvUNet", "ResidualEncoderUNet"}),  # plans of nnU-Net before 2.4
}
_LISTS: Final = frozenset({"normalization_schemes", "next_stage"})
"""Of which there may be several."""

_PARTS_OF_PATHS: Final = frozenset(
    {"dataset_name", "plans_name", "data_identifier", "inherits_from", "previous_stage", "next_stage"}
)


def check_plans(plans: Mapping[str, Any]) -> None:
    """Check the content of a `plans.json` before anything of nnU-Net's is given it.

    Raises
    ------
    UnsafeModelError
        Where a name is none of those that are known to be harmless.
    """
    configurations = plans.get("configurations")
    if not isinstance(configurations, dict) or not configurations:
        raise UnsafeModelError("plans.json: nnU-Net's plans were needed, with configurations")
    if odd := [name for name, configuration in configurations.items() if not isinstance(configuration, dict)]:
        raise UnsafeModelError(f"plans.json: configuration {odd[0]!r:.100}: an object was needed")
    for key, value in _entries(plans):
        if key in _ALLOWED:
            _check_among(key, value)
        elif key in _PARTS_OF_PATHS:
            _check_path_part(key, value)
        elif key == "network_class_name":
            check_importable(value)
        elif key == "architecture":
            _check_architecture(value)
    for name in plans["configurations"]:
        _check_path_part("configurations", name)


def check_importable(name: object) -> None:
    """Check a dotted name that nnU-Net will hand to `pydoc.locate`.

    `locate` imports any module, and then follows attributes wherever they lead: `torch.nn.functional.torch` is torch
    again, so that the beginning of a name says nothing about its end. The name must be that of a network layer, defined
    in one of a few packages, in a module of that very name.

    Raises
    ------
    UnsafeModelError
        Where it is anything else.
    """
    if not isinstance(name, str) or not _DOTTED.fullmatch(name) or not name.startswith(PACKAGES):
        raise UnsafeModelError(f"plans.json names {name!r:.100}; only layers of {_packages()} may be named")
    module, _, attribute = name.rpartition(".")
    try:
        found = vars(import_module(module)).get(attribute)  # a module of those packages: no attribute leads out of them
    except Exception as error:  # whatever somebody's module raises while it is imported
        raise UnsafeModelError(
            f"plans.json names {name!r:.100}: {error}. "
            f"Either it is no layer, or it needs another version of {_packages()}"
        ) from error
    from torch.nn import Module  # noqa: PLC0415 - seconds of import that asking for help must not cost

    if not (isinstance(found, type) and issubclass(found, Module) and f"{found.__module__}.".startswith(PACKAGES)):
        raise UnsafeModelError(f"plans.json names {name!r:.100}, which is no layer of {_packages()}")


def _packages() -> str:
    return ", ".join(package.removesuffix(".") for package in PACKAGES)


def _entries(content: object) -> Iterator[tuple[str, Any]]:
    """Walk through every key at every depth: what stands at an unusual place is checked as well."""
    waiting = [content]
    while waiting:  # not by recursion, which a deep file could exhaust
        found = waiting.pop()
        if isinstance(found, Mapping):
            yield from found.items()
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


def _check_among(key: str, value: object) -> None:
    for name in value if isinstance(value, list) and key in _LISTS else [value]:
        if not isinstance(name, str) or name not in _ALLOWED[key]:
            raise UnsafeModelError(
                f"plans.json: {key} is {name!r:.100}; one of {', '.join(sorted(_ALLOWED[key]))} was needed"
            )


def _check_path_part(key: str, value: object) -> None:
    for name in value if isinstance(value, list) and key in _LISTS else [value]:
        if name is not None and not is_plain_name(name):
            raise UnsafeModelError(f"plans.json: {key} is {name!r:.100}; a plain name was needed, as it becomes a path")


def _check_architecture(architecture: object) -> None:
    if not isinstance(architecture, Mapping) or "network_class_name" not in architecture:
        raise UnsafeModelError("plans.json: an architecture needs its network_class_name")
    arguments, imported = architecture.get("arch_kwargs"), architecture.get("_kw_requires_import")
    if not isinstance(arguments, Mapping) or not isinstance(imported, list):
        raise UnsafeModelError("plans.json: an architecture needs arch_kwargs and _kw_requires_import")
    for key in imported:
        if not isinstance(key, str):
            raise UnsafeModelError(f"plans.json: _kw_requires_import lists {key!r:.100}; names were needed")
        if arguments.get(key) is not None:
            check_importable(arguments[key])
