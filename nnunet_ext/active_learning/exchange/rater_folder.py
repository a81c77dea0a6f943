"""The folder of one rater: a BIDS derivative with images, predictions, copies to edit, lists and a protocol."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, Final

from nnunet_ext.active_learning.exchange.chosen_case import Prediction
from nnunet_ext.active_learning.exchange.marks import MARKS, blank_marks
from nnunet_ext.active_learning.exchange.place_cases import CORRECTED, PREDICTED, PlacedCase, regions_of
from nnunet_ext.active_learning.exchange.protocol import Instructions, protocol_text
from nnunet_ext.active_learning.exchange.sct_lists import list_text, sct_lists
from nnunet_ext.active_learning.exchange.viewer_commands import commands_text, itksnap_labels
from nnunet_ext.cascade.prediction.case_files import sidecar_of
from nnunet_ext.core.atomic import atomic_path, write_json, write_text
from nnunet_ext.core.bids_ignore import write_bids_ignore
from nnunet_ext.core.clean_nifti import clean_copy
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.grid import WRITTEN_FOR_IT, lies_on
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.output_place import DESCRIPTION
from nnunet_ext.core.provenance import derivative_description, generated_by
from nnunet_ext.core.target import Target
from nnunet_ext.core.volume import Volume

_TITLE: Final = "Masks to correct"


class ImagesAs(StrEnum):
    """How the images come into a rater's folder."""

    LINK = "link"
    """A relative link to the file in the pool."""

    COPY = "copy"
    """A copy of the file, byte for byte."""

    CLEAN = "clean"
    """A copy without anything in its header but the grid, see `clean_copy`."""


@dataclass(frozen=True)
class ExchangeSettings:
    """How the cases are given to people.

    Parameters
    ----------
    target
        What is segmented.
    dialect
        How masks are named; SCT's manual-correction can work with all but BIDS' own.
    images
        How the images come there.
    outside_cord
        See `Instructions`.
    seed
        Of the order in which a rater sees the cases.
    """

    target: Target
    dialect: Dialect = Dialect.NEUROPOLY
    images: ImagesAs = ImagesAs.LINK
    outside_cord: str = "refuse"
    seed: int = 0


def write_rater_folder(
    folder: Path, cases: Sequence[PlacedCase], settings: ExchangeSettings, final: Path, links: Mapping[str, Path]
) -> None:
    """Write the folder of a rater, whose cases these are, in the order in which they are to be read.

    Parameters
    ----------
    folder
        New or empty.
    final
        Where it will stand: what links are relative to.
    links
        Name and folder of each dataset that images are linked from; they become BIDS's `DatasetLinks`.

    Raises
    ------
    FileRefusedError
        Where an image or a mask cannot be read, an image is not the one that was chosen, or a mask is not on its grid.
    """
    _describe(folder, _TITLE, links, final)
    hidden = () if settings.dialect is Dialect.BIDS else ("/sub-*",)  # none of the labs' names is one of BIDS'
    _describe(folder / PREDICTED, "Predicted masks", {}, final, *hidden)
    _describe(folder / CORRECTED, _TITLE, {}, final, *hidden)
    for one in cases:
        _write_case(folder, one, settings, final)
    texts = {
        "PROTOCOL.md": protocol_text(
            Instructions(settings.target, regions_of(cases), settings.dialect, settings.outside_cord, len(cases))
        ),
        "commands.txt": commands_text(cases, settings.dialect),
        MARKS: blank_marks(one.stem for one in cases),
        **itksnap_labels(cases),
        **{name: list_text(content) for name, content in sct_lists(cases, settings.dialect).items()},
    }
    for name, text in texts.items():
        write_text(folder / name, text)


def _describe(folder: Path, title: str, links: Mapping[str, Path], final: Path, *hidden: str) -> None:
    relative = {name: _relative(place, final) for name, place in links.items()}
    sources = [{"URL": f"bids:{name}:"} for name in relative] or [{"Version": "n/a"}]
    described: dict[str, Any] = derivative_description(title) | {"SourceDatasets": sources}
    write_json(folder / DESCRIPTION, described | ({"DatasetLinks": relative} if relative else {}))
    write_bids_ignore(folder, *hidden)


def _write_case(folder: Path, one: PlacedCase, settings: ExchangeSettings, final: Path) -> None:
    image = read_volume(one.chosen.image)
    if one.chosen.image_sha256 not in ("", image.sha256):
        raise FileRefusedError(
            one.chosen.image,
            "the image that was chosen was needed, and it has changed since; fetch it again, or choose anew: "
            "nnunet_ext active query",
        )
    _place_image(one, folder / one.image, final / one.image, settings.images)
    # BIDS asks this of every anatomical image in a derivative. Nothing else of the image's own sidecar is needed here.
    write_json(sidecar_json(folder / one.image), {"SkullStripped": False})
    told = {
        "GeneratedBy": [generated_by()],
        "SpatialReference": "orig",
        "Type": "ROI",
        **({"Model": one.chosen.model_sha256} if one.chosen.model_sha256 else {}),
    }
    for region, prediction in one.chosen.masks.items():
        mask = _on_grid(prediction, image, one, region)
        for masks in (PREDICTED, CORRECTED):
            file = folder / masks / one.mask(region, settings.dialect)
            write_mask(file, mask.data > 0, image.affine, image.forms)
            write_json(sidecar_json(file), {**told, "Region": region})


def sidecar_json(mask: Path) -> Path:
    """Name the sidecar of a mask that ends in `.nii.gz` or `.nii`."""
    return sidecar_of(mask) if mask.name.endswith(".gz") else mask.with_suffix(".json")


def _on_grid(prediction: Prediction, image: Volume, one: PlacedCase, region: str) -> Volume:
    mask = prediction if isinstance(prediction, Volume) else read_mask(prediction)
    if lies_on(mask, image, WRITTEN_FOR_IT):
        return mask
    where = one.chosen.image if isinstance(prediction, Volume) else prediction
    raise FileRefusedError(where, f"the prediction of {region} does not lie on its image's grid; predict it again")


def _place_image(one: PlacedCase, file: Path, final: Path, images: ImagesAs) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if images is ImagesAs.LINK:
        file.symlink_to(_relative(one.chosen.image, final.parent))
    elif images is ImagesAs.CLEAN:
        clean_copy(one.chosen.image, file)
    else:
        with atomic_path(file) as temporary:
            shutil.copyfile(one.chosen.image, temporary)


def _relative(place: Path, start: Path) -> str:
    # A dataset's own links are kept: git-annex and DataLad replace them when content is fetched.
    return PurePosixPath(Path(os.path.relpath(place.absolute(), start.resolve()))).as_posix()
