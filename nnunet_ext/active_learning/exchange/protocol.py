"""`PROTOCOL.md`: one page that tells a rater what to draw, and how to say what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.active_learning.exchange.marks import MARKS, MARKS_COLUMNS
from nnunet_ext.active_learning.exchange.place_cases import masks_of
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.target import Target

_WHAT: Final = {
    "sc": "the spinal cord: all of it that the image shows, with the lesions in it, without the fluid around it and "
    "without the nerve roots. Draw it through every slice, also where a lesion or metal hides its edge: there follow "
    "the slices above and below.",
    "lesion": "lesions in the cord: what is brighter than the cord on T2-weighted images, and is no artefact. Draw "
    "each to its visible edge. In doubt whether something is a lesion, look at the other plane and at other images of "
    "the person; if it stays in doubt, leave it out and say so under `comment`.",
    "whole": "the whole tumour: core, cavity and oedema together.",
    "core": "the solid part of the tumour, with what takes up contrast medium.",
    "cavity": "cavities of the tumour, filled with fluid.",
    "edema": "the oedema around the tumour.",
}
_OUTSIDE: Final = {
    "refuse": "A lesion that reaches out of the drawn cord sends the case back to you: extend the cord, or cut the "
    "lesion.",
    "clip": "What is drawn of a lesion outside the drawn cord is cut off when the masks are taken in.",
    "keep": "A lesion may reach out of the drawn cord where the image shows it so.",
}
_ACTIONS: Final = {
    "accept": "the masks are right as they are. Nothing needs to be saved. A mask that nobody changed and nobody "
    "accepted counts as not yet looked at.",
    "edit": "you corrected something, and saved it. A mask that you saved changed counts as this without a word.",
    "reject": "the image is of no use: ruined, another part of the body, not what it should be. Say why under "
    "`comment`. It is never trained on.",
    "defer": "you cannot decide, or another should. Say why under `comment`. It will be asked for again.",
}


@dataclass(frozen=True)
class Instructions:
    """What the page is made of.

    Parameters
    ----------
    target
        What is segmented.
    regions
        Those that there are masks of.
    dialect
        How they are named.
    outside_cord
        What is done with a lesion outside the cord: `refuse`, `clip` or `keep`.
    cases
        How many there are.
    """

    target: Target
    regions: Sequence[str]
    dialect: Dialect
    outside_cord: str
    cases: int


def protocol_text(told: Instructions) -> str:
    """Write the page."""
    return "\n".join([*_to_draw(told), *_to_do(told), *_to_say(), *_in_part(told), *_privacy()]) + "\n"


def _to_draw(told: Instructions) -> list[str]:
    lines = [f"# Correcting {told.cases} cases: {told.target.name}", "", "## What to draw", ""]
    lines += [f"- `{region}`: {_WHAT.get(region, f'what your group calls {region}.')}" for region in told.regions]
    for inner, outer in told.target.within:
        if {inner, outer} <= set(told.regions):
            lines.append(f"- `{inner}` lies in `{outer}`: its voxels belong to the mask of `{outer}`, too.")
    if {"sc", "lesion"} <= set(told.regions):
        lines.append(f"- {_OUTSIDE[told.outside_cord]}")
    lines += [
        "- A voxel belongs to what fills more than half of it. Judge on the image, not on the prediction: it may be "
        "wrong anywhere, and may have missed everything.",
        "- A mask has one value, 1, and lies on the very grid of its image: do not resample, reorient or crop.",
    ]
    return [*lines, ""]


def _to_do(told: Instructions) -> list[str]:
    example = "" if told.dialect is Dialect.BIDS else "; SCT's manual-correction has its lists there, too"
    return [
        "## What to do",
        "",
        "Best in the browser, which does all that follows for you: `nnunet_ext active correct LOOP` where the loop's "
        "folder is, else `nnunet_ext correct` with the name of this folder, and send back the folder that it writes.",
        "",
        f"1. Open the cases one by one, in the order of `{MARKS}`: `commands.txt` has a line for each viewer{example}.",
        f"2. Correct the masks in `{masks_of()}` and save them there, under the same name. They are copies for you: "
        "what was predicted is kept elsewhere.",
        f"3. Say in `{MARKS}` what you did.",
        "",
        "Work alone, and do not talk about the cases with another rater before all have finished: how far you agree is "
        "measured. The order of the cases means nothing.",
        "",
    ]


def _to_say() -> list[str]:
    return [
        "## What to say",
        "",
        f"`{MARKS}` has a row for each case; any editor or spreadsheet opens it (keep it a text with tabs). "
        f"Its columns are {', '.join(f'`{name}`' for name in MARKS_COLUMNS)}. Write under `action` one word:",
        "",
        *(f"- `{action}`: {meaning}" for action, meaning in _ACTIONS.items()),
        "",
        "Where there is no lesion, the mask of the lesions is empty: accept it if the prediction was empty, else save "
        "the empty mask and write `no lesion` under `comment`. `minutes` is how long it took, if you know.",
        "",
        "SCT's manual-correction also writes who edited a mask, and when, into its sidecar (the `.json` beside it, "
        "`GeneratedBy`). It is read, and needs no row here.",
        "",
    ]


def _in_part(told: Instructions) -> list[str]:
    first = told.regions[0] if told.regions else "sc"
    return [
        "## Corrected in part",
        "",
        f"- Only one class: write its name under `region` (`{first}`), or give each class a row of its own. The others "
        "then count as not looked at, and teach nothing; they are taken neither for right nor for empty.",
        "- Only some slices: write them under `slices`, such as `12-20, 25`, counted from 0 as FSLeyes does (ITK-SNAP "
        "counts from 1), across the axis in which the image was scanned; `i: 12-20` names the file's first axis, `j` "
        "and `k` the others. The rest counts as not looked at.",
        "- Left empty, or `n/a`, both mean: all of it was looked at.",
        "",
    ]


def _privacy() -> list[str]:
    return [
        "## Patients",
        "",
        "Faces can be seen in images that reach up to the head, and nobody has removed them. Keep the images where "
        "such images may lie, and delete them when you are done.",
    ]
