"""The masks in a folder that came back, whatever dialect they are named in."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nnunet_ext.active_learning.ingest.downloaded import mask_stem_of
from nnunet_ext.active_learning.ingest.given_cases import GivenCases
from nnunet_ext.active_learning.ingest.read_said import files_below
from nnunet_ext.core.names import parse_mask_name
from nnunet_ext.core.pair_names import pair_names

MaskFiles = Mapping[str, Mapping[str, tuple[Path, ...]]]
"""For each case and region every file that may be its mask."""


@dataclass(frozen=True)
class FoundMasks:
    """What was found.

    Parameters
    ----------
    files
        See `MaskFiles`.
    unsure
        For a case the files that may be its masks or another's.
    strange
        Masks of no case that was given out.
    """

    files: MaskFiles = field(default_factory=dict)
    unsure: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    strange: tuple[str, ...] = ()


def find_masks(folder: Path, given: GivenCases, others: Collection[str] = ()) -> FoundMasks:
    """List the masks below a folder; none is opened.

    Parameters
    ----------
    folder
        Of any layout. A folder in it that is named as a dataset says which dataset the masks below are of.
    given
        The cases that were given out.
    others
        Raters whose masks are not meant, where they are told by `desc-` in the names of one folder.
    """
    named: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    foreign = {f"desc-{re.sub('[^0-9A-Za-z]', '', rater)}".lower() for rater in others}
    for path in files_below(folder):
        stem = mask_stem_of(path.name)
        name = None if stem is None else parse_mask_name(stem, given.regions)
        if name is None or foreign & set(path.name.lower().split("_")):
            continue
        within = [part for part in path.relative_to(folder).parts[:-1] if part in given.datasets]
        named["_".join([*within[-1:], name.case])].append((name.region, path))
    pairs = pair_names(named, given.cases)
    files: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for key, case in pairs.partners.items():
        for region, path in named[key]:
            files[case][region].append(path)
    unsure: dict[str, list[str]] = defaultdict(list)
    for key, cases in pairs.unsure.items():
        for case in cases:
            unsure[case] += [path.name for _, path in named[key]]
    of_none = named.keys() - pairs.partners.keys() - pairs.unsure.keys()
    strange = (path.name for key in of_none for _, path in named[key])
    return FoundMasks(
        {case: {region: tuple(paths) for region, paths in found.items()} for case, found in files.items()},
        {case: tuple(sorted(names)) for case, names in unsure.items()},
        tuple(sorted(strange)),
    )


def join_masks(several: Iterable[FoundMasks]) -> FoundMasks:
    """Put together what was found in several folders."""
    files: dict[str, dict[str, tuple[Path, ...]]] = defaultdict(dict)
    unsure: dict[str, tuple[str, ...]] = {}
    strange: tuple[str, ...] = ()
    for found in several:
        for case, regions in found.files.items():
            for region, paths in regions.items():
                files[case][region] = (*files[case].get(region, ()), *paths)
        unsure |= {case: (*unsure.get(case, ()), *names) for case, names in found.unsure.items()}
        strange += found.strange
    return FoundMasks(files, unsure, strange)
