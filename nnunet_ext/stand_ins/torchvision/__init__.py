"""Stands in for torchvision where it is not installed, so that nnU-Net finds trainers.

To look a trainer up by name nnU-Net imports all of its own, among them one that imports timm, which imports
torchvision and uses none of it there. Without torchvision, no external trainer is found at all. `nnunet_ext env` puts
this folder on PYTHONPATH only where torchvision is missing. What it holds cannot be used: it can only be imported.
"""

from . import datasets, ops, transforms

__all__ = ["datasets", "ops", "transforms"]
__version__ = "0.0.0+stand.in"
