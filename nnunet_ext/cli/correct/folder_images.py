"""The images of a folder that is to be corrected: of each case, and those that nobody has drawn in yet."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.cli.predict.raw_link import RAW
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.names import FIRST_CHANNEL, image_stem, parse_case, parse_mask_name
from nnunet_ext.core.output_place import DESCRIPTION
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.report.sources.find_images import find_images, images_in, raw_dataset_above

_DERIVATIVES: Final = "derivatives"
_DERIVED: Final = frozenset({"mask", "seg", "dseg", "probseg", "disagreement", "centerline"})
_SAME_KIND: Final = frozenset({"sub", "ses", "run"})
_CHANNEL: Final = len(FIRST_CHANNEL)


def images_of(folder: Path, images: Path | None, cases: Sequence[str], masks: Collection[Path]) -> dict[str, Path]:
    """Find the image of each case: where the user says, else in the folder, else where the folder says it is from.

    Parameters
    ----------
    folder
        The folder of masks; of a derivative the dataset that it is derived from, of a folder of labels the raw dataset
        that it is in.
    images
        What the user named; None where nothing else is to be looked through.
    cases
        Names.
    masks
        Files that are no images: a label map has the very name of one.

    Returns
    -------
    dict
        Of the cases whose image was found once.
    """
    found: dict[str, Path] = {}
    for place in _places(folder) if images is None else (images,):
        there = find_images(place, [case for case in cases if case not in found])
        found |= {case: file for case, file in there.items() if file not in masks}
    return found


def images_without_masks(
    place: Path, taken: Sequence[Path], regions: Sequence[str], masks: Collection[Path]
) -> dict[str, Path]:
    """List the images of a folder that are no case's yet: of the same kinds as those that are, where there are any.

    A kind is the contrast with all that tells one acquisition from another, such as `acq-sag`, but subject, session and
    run.

    Parameters
    ----------
    place
        A raw dataset, a BIDS dataset or any folder of images.
    taken
        Images of the cases that have masks.
    regions
        That masks may be of.
    masks
        See `images_of`.
    """
    found = {stem: file for stem, file in images_in(place).items() if _is_image(stem, regions)}
    kinds = {_kind((image_stem(file.name) or "").removesuffix(FIRST_CHANNEL)) for file in taken}
    known = {*taken, *masks}
    return {
        stem: file
        for stem, file in found.items()
        if file not in known
        and not (_numbered(stem) and stem[:-_CHANNEL] in found)
        and (not kinds or _kind(stem) in kinds)
    }


def _kind(stem: str) -> tuple[str, frozenset[tuple[str, str]]]:
    name = parse_case(stem)
    return name.suffix, frozenset(pair for pair in name.entities if pair[0] not in _SAME_KIND)


def _is_image(stem: str, regions: Sequence[str]) -> bool:
    name = parse_case(stem)
    derived = name.suffix in _DERIVED or stem.rpartition("_")[2] in _DERIVED or bool(name.entity("label"))
    return not derived and parse_mask_name(stem, regions) is None


def _numbered(stem: str) -> bool:
    """Tell whether a name ends in the number of a further channel."""
    return stem[-_CHANNEL : -_CHANNEL + 1] == "_" and stem[-_CHANNEL + 1 :].isdigit()


def _places(folder: Path) -> Iterator[Path]:
    yield folder
    yield from _linked(folder)
    whole = folder.resolve()
    if _DERIVATIVES in whole.parts:
        yield next(above for above in (whole, *whole.parents) if above.name == _DERIVATIVES).parent
    if (dataset := raw_dataset_above(whole / "case")) is not None:
        yield dataset


def _linked(folder: Path) -> Iterator[Path]:
    """Give the dataset that a derivative says it is made from."""
    file = folder / DESCRIPTION
    try:
        links = read_json_object(file).get("DatasetLinks") if file.is_file() else None
    except FileRefusedError:  # what is written about masks is no reason to leave them
        return
    link = links.get(RAW) if isinstance(links, dict) else None
    if isinstance(link, str) and (folder / link).is_dir():
        yield folder / link
