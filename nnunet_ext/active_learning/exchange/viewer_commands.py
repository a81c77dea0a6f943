"""`commands.txt`: a line for each case and viewer that opens the image with its masks in their colours."""

import json
import shlex
from collections.abc import Sequence
from typing import Final

from nnunet_ext.active_learning.exchange.place_cases import PlacedCase, regions_of
from nnunet_ext.active_learning.exchange.sct_lists import sct_commands
from nnunet_ext.core.names import Dialect, label_name

_COLOURS: Final = (
    ("red", (255, 0, 0)),
    ("yellow", (255, 255, 0)),
    ("green", (0, 255, 0)),
    ("blue", (0, 0, 255)),
    ("cool", (0, 255, 255)),
)
"""Of the regions, in the model's order: FSLeyes' name of a colour map, and red, green and blue."""

_HEAD: Final = """\
# Best in the browser, which saves masks and marks by itself: nnunet_ext active correct LOOP where the loop's folder
# is, else: nnunet_ext correct . -o ../corrected
# Lines to paste into a terminal that stands in this folder (cd to it first). Each opens an image with your copies of
# its masks: edit them and save them under the same name. Then say in marks.tsv what you did; PROTOCOL.md tells what to
# draw.
# FSLeyes: Tools > Edit mode, and choose the mask in the overlay list. ITK-SNAP edits one mask at a time: a line each.
# 3D Slicer: correct it in the Segment Editor, then export it to the same file (Segmentations > Export to files, NIfTI).
"""
_SCT: Final = """
# All of them with SCT's manual-correction (MANUAL_CORRECTION is the folder that it lies in). Where it says that a file
# already exists, answer Y: it is your copy.
"""
_SLICER: Final = (  # an empty mask has no segment yet
    "import slicer; [slicer.util.loadVolume(image) for image in {images}]; "
    "[part.GetNthSegment(at).SetColor(*colour) for part, colour in "
    "[(slicer.util.loadSegmentation(path).GetSegmentation(), colour) for path, colour in {all}] "
    "for at in range(part.GetNumberOfSegments())]"
)


def commands_text(cases: Sequence[PlacedCase], dialect: Dialect) -> str:
    """Write the file; every path is relative to the rater's folder, so that it can be moved."""
    lines = [_HEAD]
    for number, one in enumerate(cases, start=1):
        lines.append(f"\n# {number} of {len(cases)}: {one.mark}\n")
        lines += [f"{line}\n" for line in _of_case(one, cases, dialect)]
    if commands := sct_commands(cases, dialect):
        lines.append(_SCT)
        lines += [f"{command}\n" for command in commands]
    return "".join(lines)


def itksnap_labels(cases: Sequence[PlacedCase]) -> dict[str, str]:
    """Give for each region the file that tells ITK-SNAP its colour and its name, by file name."""
    return {
        _labels(region): (
            f'0 0 0 0 0 0 0 "Clear Label"\n1 {" ".join(map(str, _colour(region, cases)[1]))} 1 1 1 "{region}"\n'
        )
        for region in regions_of(cases)
    }


def _of_case(one: PlacedCase, cases: Sequence[PlacedCase], dialect: Dialect) -> list[str]:
    images, masks = one.images, {region: one.mask(region, dialect) for region in one.chosen.masks}
    shown = [word for region, mask in masks.items() for word in (mask, "-cm", _colour(region, cases)[0], "-a", "50")]
    parts = [(mask, tuple(level / 255 for level in _colour(region, cases)[1])) for region, mask in masks.items()]
    snap = ["itksnap", "-g", images[0], *(["-o", *images[1:]] if images[1:] else [])]
    return [
        shlex.join(["fsleyes", "-S", *images, *shown]),
        *(shlex.join([*snap, "-s", mask, "-l", _labels(region)]) for region, mask in masks.items()),
        shlex.join(["Slicer", "--python-code", _SLICER.format(images=json.dumps(images), all=json.dumps(parts))]),
    ]


def _colour(region: str, cases: Sequence[PlacedCase]) -> tuple[str, tuple[int, int, int]]:
    return _COLOURS[regions_of(cases).index(region) % len(_COLOURS)]


def _labels(region: str) -> str:
    return f"itksnap-{label_name(region)}.txt"
