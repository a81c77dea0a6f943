"""Checking the one configuration of `plans.json` that a model uses: kinds and sizes, before nnU-Net is given any."""

import inspect
import math
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.model_name import is_plain_name

_AXES: Final = (2, 3)
_PATCH_VOXELS: Final = 1 << 25  # 320 x 320 x 320: nobody's GPU trains more
_SPACING_MM: Final = (1e-3, 1e3)
_WIDTH: Final = 1 << 16
_VALUES: Final = 4096
_DEPTH: Final = 512
_DEPTHS: Final = ("n_", "eva_depth", "num_")
_STATISTICS: Final = ("mean", "std", "percentile_00_5", "percentile_99_5")
_NEEDED: Final = ("patch_size", "spacing", "normalization_schemes", "use_mask_for_norm", "preprocessor_name")
_RESAMPLING: Final = ("resampling_fn_data", "resampling_fn_seg", "resampling_fn_probabilities")
_MODES: Final = ("linear", "nearest", "nearest-exact")
_ARGUMENTS: Final[Mapping[str, Container[object]]] = {
    "order": range(6), "order_z": range(6), "mode": _MODES, "aniso_axis_mode": _MODES, "num_threads": range(1, 257),
}  # fmt: skip
_PLACES: Final = frozenset({"device", "dtype"})


def check_configuration(plans: Mapping[str, Any], name: str, channels: int) -> None:
    """Check what nnU-Net reads of a configuration, with what it inherits from others.

    Parameters
    ----------
    plans
        That passed `check_plans`.
    channels
        Images of a case.

    Raises
    ------
    UnsafeModelError
        Where something is missing, of another kind, or of a size that no network and no image has.
    """
    found = _inherited(plans, name)
    missing = [key for key in (*_NEEDED, *_RESAMPLING) if key not in found]
    missing += [key for key in ("image_reader_writer", "transpose_forward", "transpose_backward") if key not in plans]
    if missing:
        raise _wrong(name, f"{', '.join(missing)} missing")
    _check_grid(plans, name, found)
    for key in ("normalization_schemes", "use_mask_for_norm"):
        if not isinstance(found[key], list) or len(found[key]) != channels:
            raise _wrong(name, f"{key} needs one entry for each of {channels} channels, found {found[key]!r:.100}")
    if not all(isinstance(used, bool) for used in found["use_mask_for_norm"]):
        raise _wrong(name, f"use_mask_for_norm needs true or false, found {found['use_mask_for_norm']!r:.100}")
    _check_statistics(plans, name, found["normalization_schemes"])
    for key in _RESAMPLING:
        _check_resampling(name, key, found)
    _check_size(name, found)


def _wrong(name: str, what: str) -> UnsafeModelError:
    return UnsafeModelError(f"plans.json: configuration {name}: {what}")


def _inherited(plans: Mapping[str, Any], name: str) -> dict[str, Any]:
    visited: list[str] = []
    found: dict[str, Any] = {}
    while True:
        configuration = plans["configurations"].get(name)
        if name in visited or not isinstance(configuration, Mapping):
            told = " -> ".join([*visited, name])
            raise _wrong(told, "inherits from itself, or from one that is not there")
        found = {**configuration, **found}
        visited.append(name)
        if "inherits_from" not in configuration:
            return found
        name = configuration["inherits_from"]
        if not is_plain_name(name):
            raise _wrong(visited[-1], f"inherits_from needs a configuration's name, found {name!r:.100}")


def _check_grid(plans: Mapping[str, Any], name: str, found: Mapping[str, Any]) -> None:
    patch, spacing = found["patch_size"], found["spacing"]
    if not isinstance(patch, list) or len(patch) not in _AXES or not all(map(_is_count, patch)):
        raise _wrong(name, f"patch_size needs two or three numbers of voxels, found {patch!r:.100}")
    if math.prod(patch) > _PATCH_VOXELS:
        raise _wrong(name, f"patch_size is {patch!r:.100}, more than {_PATCH_VOXELS} voxels, which fits no memory")
    least, most = _SPACING_MM
    distances = isinstance(spacing, list) and len(spacing) == len(patch) and all(map(_is_number, spacing))
    if not distances or not all(least <= mm <= most for mm in spacing):
        raise _wrong(name, f"spacing needs {len(patch)} numbers from {least:g} to {most:g} mm, found {spacing!r:.100}")
    forward, backward = plans["transpose_forward"], plans["transpose_backward"]
    orders = all(isinstance(order, list) and all(map(_is_whole, order)) for order in (forward, backward))
    if not orders or sorted(forward) != [0, 1, 2] or [forward.index(axis) for axis in range(3)] != backward:
        raise UnsafeModelError(
            f"plans.json: transpose_forward and transpose_backward need 0, 1 and 2 in an order and back, found "
            f"{forward!r:.60} and {backward!r:.60}"
        )


def _check_statistics(plans: Mapping[str, Any], name: str, schemes: list[str]) -> None:
    """Look for what normalisation takes from the plans: statistics of each channel, which one scheme computes with."""
    old = plans.get("foreground_intensity_properties_by_modality")
    told = plans.get("foreground_intensity_properties_per_channel", old)
    for channel, scheme in enumerate(schemes):
        statistics = told.get(str(channel)) if isinstance(told, Mapping) else None
        needed = _STATISTICS if scheme == "CTNormalization" else ()
        if not isinstance(statistics, Mapping) or not all(_is_number(statistics.get(key)) for key in needed):
            raise _wrong(
                name,
                f"{scheme} of channel {channel} needs foreground_intensity_properties_per_channel with "
                f"{', '.join(needed) or 'an entry for it'}, found {statistics!r:.100}",
            )


def _check_resampling(name: str, key: str, found: Mapping[str, Any]) -> None:
    from nnunetv2.preprocessing.resampling.utils import (  # noqa: PLC0415 - seconds of import
        recursive_find_resampling_fn_by_name,
    )

    arguments = found.get(f"{key}_kwargs")
    plain = isinstance(arguments, Mapping) and all(
        value is None or isinstance(value, (bool, str)) or _is_number(value) for value in arguments.values()
    )
    if not isinstance(arguments, Mapping) or not plain or _PLACES.intersection(arguments):
        raise _wrong(name, f"{key}_kwargs needs plain values by name, found {arguments!r:.100}")
    try:
        inspect.signature(recursive_find_resampling_fn_by_name(found[key])).bind(None, None, None, None, **arguments)
    except TypeError as error:
        raise _wrong(name, f"{key}_kwargs: {error}") from error
    for argument, allowed in _ARGUMENTS.items():
        if arguments.get(argument) is not None and arguments[argument] not in allowed:
            raise _wrong(name, f"{key}_kwargs: {argument} is {arguments[argument]!r:.100}, which nothing resamples by")
    if arguments.get("is_seg") and key != "resampling_fn_seg":  # value by value: of an image that takes all memory
        raise _wrong(name, f"{key}_kwargs: is_seg is for label maps, and this resamples none")


def _check_size(name: str, found: Mapping[str, Any]) -> None:
    """Bound what a network is built of: layers one by one, each of which takes time even without memory."""
    architecture = found.get("architecture", {})
    if architecture and not isinstance(architecture.get("arch_kwargs"), Mapping):
        raise _wrong(name, "an architecture needs arch_kwargs")
    arguments = architecture["arch_kwargs"] if architecture else _old_architecture(name, found)
    values = list(_values(arguments))
    wide = [(key, value) for key, value in values if _is_number(value) and not abs(value) <= _WIDTH]
    odd = [(key, value) for key, value in values if isinstance(value, float) and not math.isfinite(value)]
    for key, value in (*wide, *odd):
        raise _wrong(name, f"{key} is {value!r:.40}, and no network has that size")
    deep = sum(max(0, value) for key, value in values if key.startswith(_DEPTHS) and _is_number(value))
    if len(values) > _VALUES or deep > _DEPTH:
        raise _wrong(name, f"describes more than {_DEPTH} layers, and no network has that many")
    if placed := _PLACES.intersection(key for key, _ in values):
        raise _wrong(name, f"says {', '.join(sorted(placed))} of a layer, which is the user's to say")


def _old_architecture(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Take what nnU-Net before 2.4 said of its networks, of which later versions make an architecture."""
    keys = {
        "n_conv_per_stage_encoder", "n_conv_per_stage_decoder", "UNet_base_num_features", "unet_max_num_features",
        "conv_kernel_sizes", "pool_op_kernel_sizes", "num_pool_per_axis",
    }  # fmt: skip
    if missing := sorted(({"UNet_class_name"} | keys) - set(found)):
        raise _wrong(name, f"an architecture was needed, or what older plans have: {', '.join(missing)}")
    return {key: found[key] for key in keys}


def _values(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give every plain value with the key that it stands under, at whatever depth."""
    waiting: list[tuple[str, Any]] = list(arguments.items())
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting.extend((str(inner), held) for inner, held in value.items())
        elif isinstance(value, list):
            waiting.extend((key, held) for held in value)
        else:
            yield key, value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
