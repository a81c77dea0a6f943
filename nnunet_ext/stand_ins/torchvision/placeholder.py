"""A class that can be imported, subclassed and compared with, and not be made."""


class Placeholder:
    """What stands for each of torchvision's classes."""

    def __init__(self, *_: object, **__: object) -> None:
        raise ImportError("torchvision was needed here and is not installed; run: pip install torchvision")
