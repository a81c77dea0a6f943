"""What `evaluate` compares: both sides found, labelled, paired, and known by site and contrast."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nnunet_ext.cli.no_row import no_row
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.names import FIRST_CHANNEL, bids_stem, parse_image_name
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.core.tables import Row, filled, read_table
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.participants import read_participants
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.evaluation.evaluate_pair import Comparison
from nnunet_ext.evaluation.label_maps import holds_label_maps, labelling_of
from nnunet_ext.evaluation.mask_files import MaskFolder, find_masks, is_tree
from nnunet_ext.evaluation.pairs import CaseAbout, CasePair, pair_cases
from nnunet_ext.evaluation.region import Scoring
from nnunet_ext.trainers.region_knowledge import knowledge_where_ignored

_TARGET: Final = "cord-lesion"
_CASES: Final = "cases.tsv"
_PARTICIPANTS: Final = "participants.tsv"
_ANCESTORS: Final = 4  # from derivatives/labels/sub-01/anat up to the dataset
_KNOWN: Final = ("subject", "session", "site", "contrast", "not_annotated")
_SHOWN: Final = 5


@dataclass(frozen=True)
class Asked:
    """What the user named."""

    reference: Path
    prediction: Path
    target: str | None
    regions: tuple[str, ...]
    cases: Path | None


@dataclass(frozen=True)
class GatheredPairs:
    """Everything that is compared.

    Parameters
    ----------
    pairs
        Every case of either side.
    comparison
        How.
    remarks
        What was found and is not compared, in words.
    not_scored
        Regions that one side has and the other has not.
    """

    pairs: tuple[CasePair, ...]
    comparison: Comparison
    remarks: tuple[str, ...]
    not_scored: tuple[str, ...]


def gather_pairs(asked: Asked, scoring: Scoring, threshold: float | None, *, missing_as_empty: bool) -> GatheredPairs:
    """Find, label and pair both sides; no mask is opened.

    Raises
    ------
    DataRefusedError
        Where a side holds no mask, or a table or `dataset.json` cannot be read.
    UsageError
        Where a region is asked for that the target has not, or a threshold for label maps.
    """
    of_reference = labelling_of(asked.reference, asked.target)
    of_prediction = labelling_of(asked.prediction, asked.target)
    reference_labels = of_reference or Labelling.of_target(load_target(_TARGET))
    prediction_labels = of_prediction or reference_labels
    sides = (
        find_masks(asked.reference, list(reference_labels.values), label_maps=holds_label_maps(asked.reference)),
        find_masks(asked.prediction, list(prediction_labels.values), label_maps=holds_label_maps(asked.prediction)),
    )
    if threshold is not None and not any(side.per_region for side in sides):
        raise UsageError("--threshold is for soft masks of one region each, and these are label maps; leave it out")
    regions, remarks, missing = _regions(asked, (reference_labels, prediction_labels), sides)
    if asked.reference.is_file() and asked.prediction.is_file():  # one pair, whatever their names
        pairs = [CasePair(sides[0].cases[0].case, sides[0].cases[0], sides[1].cases[0])]
    else:
        pairs = pair_cases(sides[0].cases, sides[1].cases)
    known = _known_cases(asked)
    remarks += [
        f"{place.name}: {len(side.other_files)} images whose names name no region were left out: "
        f"{', '.join(file.name for file in side.other_files[:_SHOWN])}"
        for place, side in zip((asked.reference, asked.prediction), sides, strict=True)
        if side.other_files and not is_tree(place)
    ]
    rowless = [pair.case for pair in pairs if pair.case not in known and bids_stem(pair.case) not in known]
    if asked.cases is not None and rowless:
        remarks.append(no_row(asked.cases, rowless, len(pairs)))
    remarks += [
        f"{place.name}: {len(side.passed_over)} masks were passed over, as one without further entities in its name "
        f"stands beside each: {first_few([file.name for file in side.passed_over])}"
        for place, side in zip((asked.reference, asked.prediction), sides, strict=True)
        if side.passed_over
    ]
    roots = [*_roots(asked.reference), *_roots(asked.prediction)]
    sites = _sites(roots)
    told = tuple(_about(pair, known, sites, reference_labels, asked, roots) for pair in pairs)
    comparison = Comparison(
        regions, reference_labels, prediction_labels, scoring, threshold, missing_as_empty=missing_as_empty
    )
    return GatheredPairs(told, comparison, tuple(remarks), tuple(missing))


def _regions(
    asked: Asked, labels: tuple[Labelling, Labelling], sides: tuple[MaskFolder, MaskFolder]
) -> tuple[tuple[str, ...], list[str], list[str]]:
    """Choose the regions that both sides have, and name those that only one has."""
    strange = [region for region in asked.regions if region not in labels[0].values]
    if strange:
        raise UsageError(f"--regions: one of {', '.join(labels[0].values)} was needed, found {', '.join(strange)}")
    there = [
        {region for case in side.cases for region, _ in case.regions}
        | (set(labelling.values) if any(case.label_map is not None for case in side.cases) else set())
        for labelling, side in zip(labels, sides, strict=True)
    ]
    wanted = asked.regions or tuple(labels[0].values)
    common = tuple(region for region in wanted if all(region in side for side in there))
    remarks, missing = [], []
    for region in wanted:
        lacking = [name for name, side in zip(("references", "predictions"), there, strict=True) if region not in side]
        if len(lacking) == 1:
            remarks.append(f"region {region} is not scored: none of the {lacking[0]} has it")
            missing.append(region)
    if not common:
        raise DataRefusedError(
            f"no region stands on both sides: references have {', '.join(sorted(there[0])) or 'none'}, predictions "
            f"{', '.join(sorted(there[1])) or 'none'}; name what they hold with --target"
        )
    return common, remarks, missing


def _known_cases(asked: Asked) -> dict[str, Row]:
    """Read cases.tsv: by case, and by BIDS stem where one case alone has it."""
    folder = asked.reference if asked.reference.is_dir() else asked.reference.parent
    found = [file for file in (folder / _CASES, folder.parent / _CASES) if file.is_file()]
    table = asked.cases or (found[0] if found else None)
    if table is None:
        return {}
    rows = read_table(table, ["case"], _KNOWN)
    stems = [bids_stem(row["case"]) for row in rows]
    by_stem = {stem: row for stem, row in zip(stems, rows, strict=True) if stems.count(stem) == 1}
    return {**by_stem, **{row["case"]: row for row in rows}}


def _roots(place: Path) -> list[Path]:
    """List the folder and those above it that may be the root of a BIDS dataset."""
    folder = (place if place.is_dir() else place.parent).resolve()
    return [folder, *list(folder.parents)[:_ANCESTORS]]


def _sites(roots: Sequence[Path]) -> dict[str, str]:
    """Read the site of each subject from the nearest participants.tsv."""
    for root in roots:
        if (root / _PARTICIPANTS).is_file():
            return dict(read_participants(root, load_profile("auto").participants).sites)
    return {}


def _about(
    pair: CasePair,
    known: Mapping[str, Row],
    sites: Mapping[str, str],
    labels: Labelling,
    asked: Asked,
    roots: Sequence[Path],
) -> CasePair:
    stem = bids_stem(pair.case)
    row = known.get(pair.case) or known.get(stem) or {}
    name = parse_image_name(stem)
    subject = filled(row, "subject") or (name.subject if name else "")
    about = CaseAbout(
        site=filled(row, "site") or sites.get(subject) or "unknown",
        subject=subject,
        session=filled(row, "session") or (name.entity("ses") if name else ""),
        contrast=filled(row, "contrast") or (name.suffix if name else ""),
    )
    may_be, note = _ignored_may_be(row, labels)
    image = next((file for file in _images(pair, stem, asked, roots) if file.is_file()), None)
    return replace(pair, about=about, image=image, ignored_may_be=may_be, ignored_note=note)


def _ignored_may_be(row: Row, labels: Labelling) -> tuple[frozenset[int] | None, str]:
    """Work out which values an ignored voxel may have, from the classes that nobody annotated in this case."""
    if labels.ignore is None or not labels.classes:
        return None, ""
    told = filled(row, "not_annotated")
    # Without cases.tsv: a class that lies within another is the one that a lab may not have drawn.
    lacking = told.split(";") if row else [name for name, _ in labels.within]
    lacking = [name for name in lacking if name in dict(labels.classes)]
    if not lacking:
        return None, ""
    values = sorted(labels.every_value)
    means = knowledge_where_ignored([(value,) for value in values], dict(labels.classes), dict(labels.within), lacking)
    out = [known and not inside for known, inside in zip(means.known, means.inside, strict=True)]
    note = "" if row else f"not in cases.tsv: its ignored voxels were taken for ones where {', '.join(lacking)} may be"
    return frozenset(value for value, never in zip(values, out, strict=True) if not never), note


def _images(pair: CasePair, stem: str, asked: Asked, roots: Sequence[Path]) -> Iterator[Path]:
    """Name the places where the image of a case may lie."""
    folder = asked.reference if asked.reference.is_dir() else asked.reference.parent
    for images in ("imagesTr", "imagesTs"):
        yield folder.parent / images / f"{pair.case}{FIRST_CHANNEL}{FILE_ENDING}"
    for masks in (pair.reference, pair.prediction):
        if masks is not None and masks.regions:
            yield masks.files[0].parent / f"{stem}{FILE_ENDING}"
    if (name := parse_image_name(stem)) is not None:
        yield from (root / name.folder / f"{stem}{FILE_ENDING}" for root in roots)
