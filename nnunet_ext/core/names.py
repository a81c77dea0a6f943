"""What the name of an image or of a mask says: ending, BIDS entities, region, in any lab's dialect."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, TypeVar

ENDINGS: Final = (".nii.gz", ".nii")

FIRST_CHANNEL: Final = "_0000"
"""nnU-Net's number of a case's first image, at the end of its stem."""

_DIGITS: Final = len(FIRST_CHANNEL) - 1
_BIDS: Final = re.compile(r"sub-[0-9A-Za-z+]+(?:_[0-9A-Za-z]+-[0-9A-Za-z+]+)*_[0-9A-Za-z+]+")
_BEHIND_DATASET: Final = re.compile(r"(?:^|_)(sub-[0-9A-Za-z+]+(?:_.+)?)$")
_LABEL: Final = re.compile(r"label-([0-9A-Za-z]+)")
_KINDS: Final = frozenset({"mask", "seg", "dseg", "mask-manual", "seg-manual"})
IMAGE_ENTITIES: Final = frozenset(
    {"sub", "ses", "sample", "task", "tracksys", "acq", "ce", "trc", "stain", "rec", "dir", "run", "mod", "echo"}
    | {"flip", "inv", "mt", "part", "proc", "recording", "chunk"}
)
"""Entities that tell a subject's images apart; all others may be a mask's own."""

_CORD: Final = "sc"
_WRITTEN: Final = {_CORD: ("SC", "cord"), "whole": ("tumor", "whole")}  # first as BIDS has it, then as labs do

LabelClass = Literal["sc", "lesion"]
N = TypeVar("N")


class Dialect(StrEnum):
    """A way of naming the label of `sub-01_T2w`."""

    NEUROPOLY = "neuropoly"
    """Today's labs: `derivatives/labels/sub-01/anat/sub-01_T2w_label-SC_seg`."""

    MANUAL = "manual"
    """The older one, still in the field: `.../sub-01_T2w_seg-manual`, `.../sub-01_T2w_lesion-manual`."""

    BIDS = "bids"
    """What the BIDS validator takes: `.../sub-01_label-SC_desc-T2w_mask`."""


LABEL_TAILS: Final[dict[Dialect, dict[LabelClass, str]]] = {
    Dialect.NEUROPOLY: {"sc": "label-SC_seg", "lesion": "label-lesion_seg"},
    Dialect.MANUAL: {"sc": "seg-manual", "lesion": "lesion-manual"},
    Dialect.BIDS: {"sc": "label-SC", "lesion": "label-lesion"},
}


@dataclass(frozen=True)
class ImageName:
    """The name of an image.

    Parameters
    ----------
    stem
        File name without folder and ending, or a case without its dataset.
    entities
        Key and value of each part between underscores, in their order, such as ``("sub", "01")``.
    suffix
        The last part: the contrast, such as ``T2w``.
    """

    stem: str
    entities: tuple[tuple[str, str], ...]
    suffix: str

    def entity(self, key: str) -> str:
        """Give an entity's value, empty where the name has none of that key."""
        return dict(self.entities).get(key, "")

    @property
    def subject(self) -> str:
        """The subject with its prefix, ``sub-01``; empty where the name has none."""
        return self._part("sub")

    @property
    def session(self) -> str:
        """The session with its prefix, ``ses-02``; empty where the name has none."""
        return self._part("ses")

    @property
    def folder(self) -> str:
        """Where a BIDS dataset keeps the image, ``sub-01/ses-02/anat``; empty without a subject."""
        return "/".join([*filter(None, [self.subject, self.session]), "anat"]) if self.subject else ""

    def fill(self, template: str, rater: str = "") -> str:
        """Name a label by a profile's template, see `ClassProfile.templates`."""
        without_suffix = self.stem.rsplit("_", 1)[0]
        return template.format(image=self.stem, entities=without_suffix, suffix=self.suffix, rater=rater)

    def _part(self, key: str) -> str:
        value = self.entity(key)
        return f"{key}-{value}" if value else ""


@dataclass(frozen=True)
class MaskName:
    """What a mask's name says: the stem of its image, or nnU-Net's identifier, and the region.

    Without entities of its own, such as a rater's, it is `plain`.
    """

    case: str
    region: str
    plain: bool = field(default=True, compare=False)


def plain_first(found: Sequence[tuple[N, MaskName]]) -> list[N]:
    """Keep the one whose name is plain of all that claim to be one mask; all, where that is none or several."""
    plain = [one for one, name in found if name.plain]
    return plain if len(plain) == 1 else [one for one, _ in found]


def split_channel(stem: str, channels: int) -> tuple[str, int] | None:
    """Take the number of a channel off the stem of an image; None where it ends in none of the model's numbers.

    A patient's number, the year of a scan and the like end names too: only `_0000` up to the last of the channels that
    there are is one of nnU-Net's.

    Parameters
    ----------
    stem
        File name without ending.
    channels
        How many images the model, or the dataset, has for each case.

    Examples
    --------
    >>> split_channel("sub-01_T2w_0001", 2)
    ('sub-01_T2w', 1)
    >>> split_channel("Img_0069", 2)
    """
    case, found, number = stem.rpartition("_")
    if not (case and found and len(number) == _DIGITS and number.isascii() and number.isdigit()):
        return None
    return (case, int(number)) if int(number) < channels else None


def strip_ending(file_name: str) -> str:
    """Drop `.nii.gz` or `.nii`, as they are written here: in capitals they make no BIDS name."""
    return next((file_name.removesuffix(ending) for ending in ENDINGS if file_name.endswith(ending)), file_name)


def image_stem(file_name: str) -> str | None:
    """Drop `.nii.gz` or `.nii`, in capitals too; None where the name has neither, or is hidden."""
    if file_name.startswith("."):
        return None
    return next((file_name[: -len(ending)] for ending in ENDINGS if file_name.lower().endswith(ending)), None)


def parse_image_name(file_name: str) -> ImageName | None:
    """Take an image's file name apart; None where it is not a BIDS name.

    Examples
    --------
    >>> parse_image_name("sub-01_ses-M12_acq-sag_T2w.nii.gz").entity("acq")
    'sag'
    >>> parse_image_name("sub-01 (copy)_T2w.nii.gz") is None
    True
    """
    stem = strip_ending(file_name)
    name = _apart(stem)
    # Two subjects in one name: whose is it?
    return name if _BIDS.fullmatch(stem) and len(dict(name.entities)) == len(name.entities) else None


def parse_case(case: str) -> ImageName:
    """Take apart what a case's name says, also where a dataset's name stands before it; nothing is refused.

    Examples
    --------
    >>> parse_case("zurich_sub-01_ses-02_T2w").folder
    'sub-01/ses-02/anat'
    >>> parse_case("case_7")
    ImageName(stem='case_7', entities=(), suffix='')
    """
    stem = bids_stem(case)
    return _apart(stem) if stem.startswith("sub-") else ImageName(stem, (), "")


def bids_stem(case: str) -> str:
    """Give the BIDS stem in nnU-Net's identifier ``{dataset}_{BIDS stem}``; the identifier where it holds none.

    Examples
    --------
    >>> bids_stem("zurich_sub-01_T2w")
    'sub-01_T2w'
    """
    match = _BEHIND_DATASET.search(case)
    return case if match is None else match[1]


def label_name(region: str) -> str:
    """Write a region as BIDS's entity `label`: letters and digits only."""
    return _plain(_WRITTEN.get(region, (region,))[0]) or "region"


def derivative_stem(image_stem: str, label: str, kind: str) -> str:
    """Name what was derived from an image as the BIDS validator takes it.

    A derivative may not keep its image's suffix: the contrast goes into `desc-`, or those of T1w and T2w would collide.

    Examples
    --------
    >>> derivative_stem("sub-01_acq-sag_T2w", "label-SC", "mask")
    'sub-01_acq-sag_label-SC_desc-T2w_mask'
    """
    entities, suffix = image_stem.rsplit("_", 1)
    return f"{entities}_{label}_desc-{suffix}_{kind}"


def label_stem(image_stem: str, label_class: LabelClass, dialect: Dialect) -> str:
    """Name the label of an image.

    Parameters
    ----------
    image_stem
        The image's file name without folder and ending, such as `sub-01_ses-02_acq-sag_T2w`.
    label_class
        `sc` (the cord, its lesions included) or `lesion`.

    Returns
    -------
    str
        The label's file name without folder and ending.

    Examples
    --------
    >>> label_stem("sub-01_acq-sag_T2w", "sc", Dialect.NEUROPOLY)
    'sub-01_acq-sag_T2w_label-SC_seg'
    >>> label_stem("sub-01_acq-sag_T2w", "lesion", Dialect.BIDS)
    'sub-01_acq-sag_label-lesion_desc-T2w_mask'
    """
    tail = LABEL_TAILS[dialect][label_class]
    if dialect is not Dialect.BIDS:
        return f"{image_stem}_{tail}"
    return derivative_stem(image_stem, tail, "mask")


def parse_mask_name(stem: str, regions: Iterable[str]) -> MaskName | None:
    """Take the name, without ending, of a mask of one of the regions apart; None where it is no such name.

    Entities that stand behind the image's suffix, or behind `label-`, are the mask's own, such as a rater's `desc-`,
    unless BIDS gives them to images; `pair_names` matches what is left with an image's name.

    Examples
    --------
    >>> parse_mask_name("sub-01_T2w_label-SC_seg", ["sc"])
    MaskName(case='sub-01_T2w', region='sc')
    >>> parse_mask_name("sub-01_acq-sag_label-lesion_desc-T2w_mask", ["lesion"])
    MaskName(case='sub-01_acq-sag_T2w', region='lesion')
    >>> parse_mask_name("sub-01_T2w_desc-rater3_label-lesion_seg", ["lesion"])
    MaskName(case='sub-01_T2w', region='lesion')
    >>> parse_mask_name("sub-01_T2w_lesion-manual", ["sc", "lesion"])
    MaskName(case='sub-01_T2w', region='lesion')
    """
    written = {word.lower(): region for region in regions for word in _WRITTEN.get(region, (region, _plain(region)))}
    parts = stem.split("_")
    at = next((index for index, part in enumerate(parts) if index and _LABEL.fullmatch(part)), None)
    if at is not None:
        found = written.get(parts[at].removeprefix("label-").lower())
        named = parts[-1] in _KINDS or at == len(parts) - 1
        return _mask_name(parts[:at], parts[at + 1 : -1], found) if found is not None and named else None
    tails = {f"_{word}{end}": region for word, region in written.items() for end in ("_seg", "-manual", "")}
    if _CORD in written.values():
        tails |= {"_seg-manual": _CORD, "_seg": _CORD}
    for tail in sorted(tails, key=len, reverse=True):  # `_lesion_seg` before `_seg`
        if stem.lower().endswith(tail) and len(stem) > len(tail):
            return _mask_name(stem[: -len(tail)].split("_"), [], tails[tail])
    return None


def _mask_name(before: list[str], after: list[str], region: str) -> MaskName | None:
    """Tell an image's name from what a mask's has before and after its label; what is no BIDS name has it before."""
    count = len(before) + len(after)
    subject = next((index for index, part in enumerate(before) if part.startswith("sub-")), None)
    contrast = [part.removeprefix("desc-") for part in after if part.startswith("desc-")][-1:]
    words = [] if subject is None else [part for part in (*before[subject:], *after) if "-" not in part]
    if words:
        suffix = next((at for at, part in enumerate(before) if at > (subject or 0) and "-" not in part), len(before))
        before, after, contrast = before[:suffix], [*before[suffix:], *after], words
    elif subject is not None and not contrast:
        before = [part for part in before if not part.startswith("desc-")]
    moved = [part for part in after if subject is not None and part.partition("-")[0] in IMAGE_ENTITIES]
    case = [*before, *moved, *contrast]
    return MaskName("_".join(case), region, plain=len(case) == count) if any(case) else None


def _apart(stem: str) -> ImageName:
    *parts, last = stem.split("_")
    pairs = [part.partition("-") for part in (*parts, last)]
    return ImageName(
        stem, tuple((key, value) for key, hyphen, value in pairs if hyphen), "" if "-" in last or not parts else last
    )


def _plain(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", text)
