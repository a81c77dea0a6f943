"""What SCT's manual-correction (spinalcordtoolbox/manual-correction, 02ffb36) reads: lists of images, and flags."""

import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

from nnunet_ext.active_learning.exchange.mask_names import mask_suffix
from nnunet_ext.active_learning.exchange.place_cases import PlacedCase, regions_of, trees_of
from nnunet_ext.core.names import Dialect, label_name

_CORD: Final = "sc"


def sct_lists(cases: Sequence[PlacedCase], dialect: Dialect) -> dict[str, dict[str, list[str]]]:
    """List the images of a tree by the key of what is to be corrected in them: the cord, and what is not the cord.

    The program knows one suffix for each key, so that every region but the first besides the cord has a list of its
    own. It stops at a key without a file: there is none. Done files it moves from `FILES_` to `CORR_`, in the file.

    Returns
    -------
    dict
        File name to content; empty in the BIDS dialect, whose names the program cannot make from an image's.
    """
    if dialect is Dialect.BIDS:
        return {}
    return {
        name: {_key(region): [one.names[0] for one in cases if region in one.chosen.masks] for region in regions}
        for name, regions in _passes(cases).items()
    }


def list_text(content: dict[str, Any]) -> str:
    """Write a list as the YAML that the program reads and writes again."""
    return str(yaml.safe_dump(content, sort_keys=False, default_flow_style=False))


def sct_commands(cases: Sequence[PlacedCase], dialect: Dialect) -> list[str]:
    """Give the command of each list, to be typed in the rater's folder; MANUAL_CORRECTION is where the program lies."""
    commands = []
    for tree, own in trees_of(cases).items() if dialect is not Dialect.BIDS else ():
        for name, regions in _passes(own).items():
            flags = [word for region in regions for word in (_flag(region), mask_suffix(region, dialect))]
            where = ["-config", (PurePosixPath(tree) / name).as_posix(), "-path-img", tree or "."]
            commands.append(shlex.join(["python", "MANUAL_CORRECTION/manual_correction.py", *where, *flags]))
    return commands


def _passes(cases: Sequence[PlacedCase]) -> dict[str, tuple[str, ...]]:
    """Share the regions out among lists."""
    regions = regions_of(cases)
    others = [region for region in regions if region != _CORD]
    first = tuple(region for region in regions if region == _CORD or region in others[:1])
    return {"files.yml": first} | {f"files-{label_name(region)}.yml": (region,) for region in others[1:]}


def _key(region: str) -> str:
    return "FILES_SEG" if region == _CORD else "FILES_LESION"


def _flag(region: str) -> str:
    return "-suffix-files-seg" if region == _CORD else "-suffix-files-lesion"
