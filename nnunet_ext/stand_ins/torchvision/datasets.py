"""Stands in for torchvision.datasets: any of its names is a placeholder."""

from .placeholder import Placeholder


def __getattr__(name: str) -> type[Placeholder]:
    if name.startswith("_"):
        raise AttributeError(name)
    return Placeholder
