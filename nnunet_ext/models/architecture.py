"""Which network, layers and activations a model's plans may name."""

import re
from importlib import import_module
from typing import Final

from nnunet_ext.core.errors import UnsafeModelError

PACKAGES: Final = ("dynamic_network_architectures.", "torch.nn.", "nnunetv2.training.")
_DOTTED: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)


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
    except ImportError as error:
        raise UnsafeModelError(
            f"plans.json names {name!r:.100}: {error}. "
            f"Either it is no layer, or it needs another version of {_packages()}"
        ) from error
    from torch.nn import Module  # noqa: PLC0415 - seconds of import that asking for help must not cost

    if not (isinstance(found, type) and issubclass(found, Module) and f"{found.__module__}.".startswith(PACKAGES)):
        raise UnsafeModelError(f"plans.json names {name!r:.100}, which is no layer of {_packages()}")


def _packages() -> str:
    return ", ".join(package.removesuffix(".") for package in PACKAGES)
