"""The folder of one rater: a BIDS derivative with images, predictions, copies to edit, lists and a protocol."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from nnunet_ext.active_learning.exchange.chosen_case import Prediction
from nnunet_ext.active_learning.exchange.marks import MARKS, blank_marks
from nnunet_ext.active_learning.exchange.place_cases import PlacedCase, masks_of, regions_of, trees_of
from nnunet_ext.active_learning.exchange.protocol import Instructions, protocol_text
from nnunet_ext.active_learning.exchange.sct_lists import list_text, sct_lists
from nnunet_ext.active_learning.exchange.viewer_commands import commands_text, itksnap_labels
from nnunet_ext.core.atomic import atomic_path, write_json, write_text
from nnunet_ext.core.bids_ignore import write_bids_ignore
from nnunet_ext.core.clean_nifti import clean_copy
from nnunet_ext.core.errors import EnvironmentProblemError, FileRefusedError
from nnunet_ext.core.grid import WRITTEN_FOR_IT, lies_on
from nnunet_ext.core.names import Dialect, strip_ending
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.output_place import DESCRIPTION
from nnunet_ext.core.provenance import derivative_description, generated_by
from nnunet_ext.core.tables import NOTHING
from nnunet_ext.core.target import Target
from nnunet_ext.core.volume import Volume


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
    folder: Path, cases: Sequence[PlacedCase], settings: ExchangeSettings, final: Path, datasets: Mapping[str, Path]
) -> None:
    """Write the folder of a rater, whose cases these are, in the order in which they are to be read.

    Parameters
    ----------
    folder
        New or empty.
    final
        Where it will stand: what links are relative to.
    datasets
        Folder of each dataset of the pool by its name; of those that images are linked from BIDS's `DatasetLinks` tell.

    Raises
    ------
    FileRefusedError
        Where an image or a mask cannot be read, an image is not the one that was chosen, or a mask is not on its grid.
    EnvironmentProblemError
        Where no link can be made.
    """
    for tree, own in trees_of(cases).items():
        names = {one.chosen.dataset for one in own} if settings.images is ImagesAs.LINK else set()
        links = {name: _relative(place, final / tree) for name, place in datasets.items() if name in names}
        _describe(folder / tree, "Masks to correct", links)
        describe_masks(folder / masks_of(tree), "Masks to correct", settings.dialect)
        for name, content in sct_lists(own, settings.dialect).items():
            write_text(folder / tree / name, list_text(content))
    for one in cases:
        _write_case(folder, one, settings, final)
    told = Instructions(settings.target, regions_of(cases), settings.dialect, settings.outside_cord, len(cases))
    texts = {
        "PROTOCOL.md": protocol_text(told),
        "commands.txt": commands_text(cases, settings.dialect),
        MARKS: blank_marks(one.mark for one in cases),
        **itksnap_labels(cases),
    }
    for name, text in texts.items():
        write_text(folder / name, text)


def describe_masks(folder: Path, title: str, dialect: Dialect) -> None:
    """Make a folder of masks a BIDS derivative."""
    hidden = () if dialect is Dialect.BIDS else ("/sub-*",)  # none of the labs' names is one of BIDS'
    _describe(folder, title, {}, *hidden)


def write_prediction(file: Path, one: PlacedCase, region: str, image: Volume) -> dict[str, Any]:
    """Write a predicted mask, and give what its sidecar says of it.

    Raises
    ------
    FileRefusedError
        Where it cannot be read, or does not lie on its image's grid.
    """
    mask = _on_grid(one.chosen.masks[region], image, one, region)
    write_mask(file, mask.data > 0, image.affine, image.forms)
    model = {"Model": one.chosen.model_sha256} if one.chosen.model_sha256 else {}
    return {"GeneratedBy": [generated_by()], "SpatialReference": "orig", "Type": "ROI", "Region": region, **model}


def read_chosen(one: PlacedCase) -> Volume:
    """Read the image that masks are drawn on, once it is known that all images are those that were chosen.

    Raises
    ------
    FileRefusedError
        Where one is not, or cannot be read.
    """
    volumes = [read_volume(image) for image in one.chosen.images]
    for image, volume, chosen in zip(one.chosen.images, volumes, one.chosen.image_sha256, strict=False):
        if chosen != volume.sha256:
            raise FileRefusedError(
                image,
                "the image that was chosen was needed, and it has changed since; fetch it again, or choose anew: "
                "nnunet_ext active query",
            )
    return volumes[0]


def sidecar_json(image: Path) -> Path:
    """Name the sidecar of an image or mask that ends in `.nii.gz` or `.nii`."""
    return image.with_name(f"{strip_ending(image.name)}.json")


def _describe(folder: Path, title: str, links: Mapping[str, str], *hidden: str) -> None:
    sources = [{"URL": f"bids:{name}:"} for name in links] or [{"Version": NOTHING}]
    described = derivative_description(title) | {"SourceDatasets": sources}
    write_json(folder / DESCRIPTION, described | ({"DatasetLinks": dict(links)} if links else {}))
    write_bids_ignore(folder, *hidden)


def _write_case(folder: Path, one: PlacedCase, settings: ExchangeSettings, final: Path) -> None:
    image = read_chosen(one)
    for source, place in zip(one.chosen.images, one.images, strict=True):
        _place_image(source, folder / place, final / place, settings.images)
        # BIDS asks this of every anatomical image in a derivative; nothing else of the image's sidecar is needed here.
        write_json(sidecar_json(folder / place), {"SkullStripped": False})
    for region in one.chosen.masks:
        file = folder / one.mask(region, settings.dialect)
        write_json(sidecar_json(file), write_prediction(file, one, region, image))


def _on_grid(prediction: Prediction, image: Volume, one: PlacedCase, region: str) -> Volume:
    mask = prediction if isinstance(prediction, Volume) else read_mask(prediction)
    if lies_on(mask, image, WRITTEN_FOR_IT):
        return mask
    where = one.chosen.images[0] if isinstance(prediction, Volume) else prediction
    raise FileRefusedError(where, f"the prediction of {region} does not lie on its image's grid; predict it again")


def _place_image(source: Path, file: Path, final: Path, images: ImagesAs) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if images is ImagesAs.LINK:
        try:
            file.symlink_to(_relative(source, final.parent))
        except OSError as error:  # Windows without the right to, and some network drives
            raise EnvironmentProblemError(
                f"{final}: no link can be made here ({error.strerror}); try: --copy"
            ) from error
    elif images is ImagesAs.CLEAN:
        clean_copy(source, file)
    else:
        with atomic_path(file) as temporary:
            shutil.copyfile(source, temporary)


def _relative(place: Path, start: Path) -> str:
    # A dataset's own links are kept: git-annex and DataLad replace them when content is fetched.
    return PurePosixPath(Path(os.path.relpath(place.absolute(), start.resolve()))).as_posix()
