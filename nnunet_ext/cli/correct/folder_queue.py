"""The cases of a folder that is to be corrected, the worst first, and where each corrected mask goes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.exchange.mask_names import mask_stem
from nnunet_ext.cascade.prediction.case_files import NEUROPOLY_FOLDER
from nnunet_ext.cli.correct.folder_images import images_of, images_without_masks
from nnunet_ext.cli.correct.folder_masks import FolderMasks, folder_masks
from nnunet_ext.cli.correct.input_digest import input_digest
from nnunet_ext.cli.correct.worst_first import Standing, read_tables, standings
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.names import Dialect, image_stem, parse_case
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.correction.desk import DeskRegion
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.evaluation.biomarkers.mask_names import masks_below
from nnunet_ext.evaluation.mask_files import CaseMaskFiles, is_tree

_NO_MASK: Final = "no mask yet"


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
    """

    cases: tuple[DeskCase, ...]
    regions: tuple[DeskRegion, ...]
    problems: tuple[str, ...]


Split = Callable[[CaseMaskFiles], Mapping[str, Path]]
"""Gives a mask of each region for a case that has one label map."""


def folder_queue(asked: AskedFolder, split: Split) -> FolderQueue:
    """Find what there is to correct; of a label map the regions are taken apart, and nothing else is opened.

    Raises
    ------
    DataRefusedError
        Where there is nothing to correct.
    """
    masks = folder_masks(asked.folder, asked.target)
    found = {case.case: case for case in masks.cases}
    records = read_tables(asked.folder, asked.scores)
    wanted = list(dict.fromkeys([*found, *(record.name for record in records)]))
    images = {record.name: record.image for record in records if record.image is not None}
    images |= images_of(asked.folder, asked.images, wanted)
    if not records:
        taken = [images[case] for case in found if case in images]
        images |= images_without_masks(asked.images or asked.folder, taken, masks.labels.names)
    problems = _problems(found, images, masks)
    told = standings(list(images), records)
    given: dict[str, Mapping[str, Path]] = {}
    for case in images:
        try:
            given[case] = _given(found.get(case), split)
        except DataRefusedError as error:
            problems.append(f"{case}: {error}")
    ranked = sorted((told.get(case, Standing()), case) for case in given)
    if not ranked:
        raise _nothing(asked, masks, problems)
    place = _Places(asked, masks, _probabilities(asked.folder, masks.regions))
    cases = [
        place.case(number, case, found.get(case), given[case], images[case], standing)
        for number, (standing, case) in enumerate(ranked, start=1)
    ]
    labels = masks.labels
    regions = [DeskRegion(name, name, (labels.around(name) or ("",))[-1]) for name in masks.regions]
    return FolderQueue(tuple(cases), tuple(regions), tuple(problems))


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


def _given(case: CaseMaskFiles | None, split: Split) -> Mapping[str, Path]:
    if case is None:
        return {}
    if case.problem:
        raise DataRefusedError(case.problem)
    return split(case) if case.label_map is not None else dict(case.regions)


def _nothing(asked: AskedFolder, masks: FolderMasks, problems: Sequence[str]) -> DataRefusedError:
    needed = (
        f"images with masks of {', '.join(masks.labels.names)} were needed, named such as sub-01_T2w.nii.gz and "
        "sub-01_T2w_label-lesion_seg.nii.gz"
    )
    there = f"masks of {len(masks.cases)} cases" if masks.cases else "no mask"
    lacking = f"found {there} and no image that goes with it" if masks.cases else f"found {there} and no image"
    return DataRefusedError(
        f"{asked.folder}: {needed}; {lacking} ({first_few(list(problems)) or 'nothing else'}); name the folder of the "
        f"images: nnunet_ext correct {asked.folder} --images DIR"
    )


def _probabilities(folder: Path, regions: Sequence[str]) -> dict[str, dict[str, list[Path]]]:
    """List by region and case what `predict --save_probabilities` left."""
    return {name: masks_below(folder, name, "probseg") for name in ("sc", "lesion") if name in regions}


@dataclass(frozen=True)
class _Places:
    """Names the files of a case."""

    asked: AskedFolder
    masks: FolderMasks
    probabilities: Mapping[str, Mapping[str, list[Path]]]

    def case(
        self,
        number: int,
        name: str,
        files: CaseMaskFiles | None,
        given: Mapping[str, Path],
        image: Path,
        standing: Standing,
    ) -> DeskCase:
        beside, own = self._beside(name, files, image), dict(files.regions) if files is not None else {}
        output = {
            region: self._same(own[region]) if region in own else beside / self._new_name(name, region)
            for region in self.masks.regions
        }
        likely = {region: of[name][0] for region, of in self.probabilities.items() if len(of.get(name, ())) == 1}
        reason = standing.reason if given else "; ".join(filter(None, (_NO_MASK, standing.reason)))
        digest = input_digest(files.files[0], image) if files is not None else ""
        case = DeskCase(number, name, image, digest, given, output, likely)
        return replace(case, reason=reason, score=standing.score)

    def _same(self, mask: Path) -> Path:
        return self.asked.out / mask.relative_to(self.asked.folder)

    def _beside(self, name: str, files: CaseMaskFiles | None, image: Path) -> Path:
        """Give the folder of a mask that is new: that of the case's others, else where the labs keep labels."""
        if files is not None:
            return self._same(files.files[0]).parent
        if is_tree(self.asked.folder) and parse_case(name).folder:
            return self.asked.out / self._labels() / parse_case(name).folder
        inside = image.is_relative_to(self.asked.folder)
        return self._same(image).parent if inside else self.asked.out

    def _labels(self) -> str:
        """Give the folder of the subjects of other masks; where there is none, that of the labs."""
        for case in self.masks.cases:
            place, own = self._same(case.files[0]).parent.relative_to(self.asked.out), parse_case(case.case).folder
            if own and place.as_posix().endswith(own):
                return place.as_posix().removesuffix(own)
        return NEUROPOLY_FOLDER.as_posix()

    def _new_name(self, name: str, region: str) -> str:
        stems = [image_stem(file.name) or "" for case in self.masks.cases for _, file in case.regions]
        bids = bool(stems) and all(stem.endswith("_mask") for stem in stems) and bool(parse_case(name).suffix)
        return mask_stem(name, region, Dialect.BIDS if bids else Dialect.NEUROPOLY) + FILE_ENDING
