"""The cases of a folder that is to be corrected, the worst first, and where each corrected mask goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.cli.correct.folder_images import images_of, images_without_masks
from nnunet_ext.cli.correct.folder_masks import FolderMasks, folder_masks
from nnunet_ext.cli.correct.input_digest import input_digest
from nnunet_ext.cli.correct.output_names import OutputNames
from nnunet_ext.cli.correct.split_label_map import SplitLabelMap
from nnunet_ext.cli.correct.worst_first import Standing, read_tables, standings
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.find_masks import masks_below
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import Dialect, LabelClass
from nnunet_ext.correction.desk import HIDDEN, DeskRegion
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.evaluation.mask_files import CaseMaskFiles
from nnunet_ext.report.region_names import region_name

_NO_MASK: Final = "no mask yet"
_WITH_PROBABILITIES: Final[tuple[LabelClass, ...]] = ("sc", "lesion")


@dataclass(frozen=True)
class AskedFolder:
    """What the user named.

    Parameters
    ----------
    folder
        Of masks, with their images or without.
    out
        Where corrected masks go.
    images
        Folder of images; None where they are to be looked for.
    scores
        What `evaluate` left; None for nothing.
    target
        What the masks are of; None for what the folder says.
    """

    folder: Path
    out: Path
    images: Path | None = None
    scores: Path | None = None
    target: str | None = None


@dataclass(frozen=True)
class FolderQueue:
    """What there is to do.

    Parameters
    ----------
    cases
        The worst first.
    regions
        That are drawn, outermost first.
    problems
        Of what is left out, in sentences.
    bids
        Whether the masks have BIDS' own names.
    """

    cases: tuple[DeskCase, ...]
    regions: tuple[DeskRegion, ...]
    problems: tuple[str, ...]
    bids: bool


def folder_queue(asked: AskedFolder) -> FolderQueue:
    """Find what there is to correct; of a label map the regions are taken apart, and nothing else is opened.

    Raises
    ------
    DataRefusedError
        Where there is nothing to correct.
    """
    masks = folder_masks(asked.folder, asked.target)
    found = {case.case: case for case in masks.cases}
    records = read_tables(asked.folder, asked.scores, found)
    files = {file for case in masks.cases for file in case.files}
    images = {case: record.image for case, record in records.items() if record.image is not None}
    images |= images_of(asked.folder, asked.images, list({**found, **records}), files)
    if not records:
        taken = [images[case] for case in found if case in images]
        images |= images_without_masks(asked.images or asked.folder, taken, masks.labels.names, files)
    problems = _problems(found, images, masks)
    told = standings(records)
    split = SplitLabelMap(asked.out / HIDDEN / "given", masks.labels)
    given: dict[str, Mapping[str, Path]] = {}
    for case in images:
        try:
            given[case] = _given(found.get(case), split)
        except DataRefusedError as error:
            problems.append(f"{case}: {error}")
    ranked = sorted((told.get(case, Standing()), case) for case in given)
    if not ranked:
        raise _nothing(asked, masks)
    names = OutputNames.of(asked.folder, asked.out, masks.cases)
    likely = {name: masks_below(asked.folder, name, "probseg") for name in _WITH_PROBABILITIES if name in masks.regions}
    cases = [
        DeskCase(
            number,
            case,
            images[case],
            input_digest(found[case].files[0], images[case]) if case in found else "",
            given[case],
            {region: names.of_region(case, region, found.get(case), images[case]) for region in masks.regions},
            {region: of[case][0] for region, of in likely.items() if len(of.get(case, ())) == 1},
            standing.reason if given[case] else "; ".join(filter(None, (_NO_MASK, standing.reason))),
            standing.score,
        )
        for number, (standing, case) in enumerate(ranked, start=1)
    ]
    labels = masks.labels
    regions = [DeskRegion(name, region_name(name), (labels.around(name) or ("",))[-1]) for name in masks.regions]
    return FolderQueue(tuple(cases), tuple(regions), tuple(problems), names.dialect is Dialect.BIDS)


def _problems(found: Mapping[str, CaseMaskFiles], images: Mapping[str, Path], masks: FolderMasks) -> list[str]:
    said = [
        f"{case.case}: no image of {', '.join(file.name for file in case.files)} was found; say where: --images DIR"
        for case in found.values()
        if case.case not in images
    ]
    if masks.passed_over:
        names = first_few([file.name for file in masks.passed_over])
        said.append(f"{len(masks.passed_over)} masks beside one without further entities were passed over: {names}")
    return said


def _given(case: CaseMaskFiles | None, split: SplitLabelMap) -> Mapping[str, Path]:
    if case is None:
        return {}
    if case.problem:
        raise DataRefusedError(case.problem)
    return split(case) if case.label_map is not None else dict(case.regions)


def _nothing(asked: AskedFolder, masks: FolderMasks) -> DataRefusedError:
    needed = (
        f"images with masks of {', '.join(masks.labels.names)} were needed, named such as sub-01_T2w.nii.gz and "
        "sub-01_T2w_label-lesion_seg.nii.gz"
    )
    there = "no mask and no image"
    if masks.cases:
        cases = first_few([case.case for case in masks.cases])
        there = f"masks of {len(masks.cases)} cases ({cases}) and no image of them"
    return DataRefusedError(
        f"{asked.folder}: {needed}; found {there}; name the folder of the images: nnunet_ext correct {asked.folder} "
        "--images DIR"
    )
