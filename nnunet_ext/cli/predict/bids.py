"""Which images of a BIDS folder are predicted, and which make one case."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.cli.wanted_labels import wanted_labels
from nnunet_ext.core.names import ImageName, parse_image_name, strip_ending
from nnunet_ext.core.target import Target
from nnunet_ext.dataset_conversion.class_profile import Missing
from nnunet_ext.dataset_conversion.group_channels import Named, group_channels
from nnunet_ext.dataset_conversion.image_filter import ImageFilter
from nnunet_ext.dataset_conversion.profile import Profile, load_profile
from nnunet_ext.dataset_conversion.walk import walk_images

_FOLDER: Final = "anat"


@dataclass(frozen=True)
class InputChoice:
    """What a user chose of an input.

    Parameters
    ----------
    participants, sessions
        Labels, with or without `sub-` and `ses-`; all where empty.
    suffixes
        Contrasts; where empty that which the model's channel is named by, or all that show anatomy.
    zero
        Whether a missing channel is taken as zero, rather than its case refused.
    """

    participants: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    zero: bool = False


def bids_cases(root: Path, channels: Sequence[str], choice: InputChoice) -> list[InputCase]:
    """List what there is in a BIDS folder: raw images below `sub-*`, never those of its derivatives.

    Parameters
    ----------
    root
        The dataset. Nothing in it is opened.
    channels
        Of the model, by name. Of a model with one channel every image is a case; for others the images of one
        subject, session and run are put together by contrast.
    choice
        Of the user's.

    Returns
    -------
    list of InputCase
        With all other images of the chosen subjects, too, and why they are left out.

    Raises
    ------
    DataRefusedError
        Where it is no BIDS folder.
    UsageError
        Where a chosen subject or session is not there.
    """
    paths = _chosen(root, walk_images(root), choice)
    cases: list[InputCase] = []
    usable: list[Named] = []
    for path in paths:
        name = parse_image_name(PurePosixPath(path).name)
        reason, refused = _why_not(path, name)
        if name is None or reason:
            cases.append(_left_out(path, reason, refused))
        else:
            usable.append((path, name))
    one = len(channels) == 1
    found = _one_channel(root, usable, channels[0], choice) if one else _grouped(root, usable, channels, choice)
    return _refuse_equal_names([*cases, *found])


def _chosen(root: Path, paths: list[str], choice: InputChoice) -> list[str]:
    """Keep the paths of the chosen subjects and sessions."""
    for flag, prefix, asked, part in (
        ("--participant-label", "sub-", choice.participants, 0),
        ("--session-label", "ses-", choice.sessions, 1),
    ):
        there = {folder for path in paths if (folder := path.split("/")[part]).startswith(prefix)}
        wanted = wanted_labels(flag, prefix, asked, there, root)
        paths = [path for path in paths if not wanted or path.split("/")[part] in wanted]
    return paths


def _why_not(path: str, name: ImageName | None) -> tuple[str, bool]:
    """Say why an image cannot be predicted, and whether that is a fault."""
    subject, *inner = path.split("/")[:-1]
    if (subject, *inner)[-1] != _FOLDER:
        return f"not an anatomical image: folder {(subject, *inner)[-1]}", False
    if name is None:
        return "not a BIDS file name: sub-LABEL, then key-value pairs, then the contrast", True
    if subject != name.subject:
        return f"the folder says {subject} and the file says {name.subject}", True
    session = name.session or "none"
    if inner[0].startswith("ses-") and inner[0] != session:
        return f"the folder says {inner[0]} and the file says {session}", True
    return "", False


def _one_channel(root: Path, images: Sequence[Named], channel: str, choice: InputChoice) -> list[InputCase]:
    anatomical = load_profile("auto").images.suffixes
    by_name = [suffix for suffix in anatomical if suffix == channel.rsplit("_", 1)[-1]]
    wanted = choice.suffixes or tuple(by_name) or anatomical
    return [
        _case(root, (path,), path)
        if name.suffix in wanted
        else _left_out(path, f"contrast {name.suffix} is none of {' '.join(wanted)}; choose with --suffix", False)
        for path, name in images
    ]


def _grouped(root: Path, images: Sequence[Named], channels: Sequence[str], choice: InputChoice) -> list[InputCase]:
    cases = []
    for group in group_channels(images, _profile(channels, choice), Target("model", (), (), channels=tuple(channels))):
        anchor = next(path for path in group.images if path)
        case = _case(root, group.images, anchor)
        cases.append(replace(case, reason=group.reason, refused=group.refused))
    return cases


def _profile(channels: Sequence[str], choice: InputChoice) -> Profile:
    """Say which contrast is which channel: as the conversion's profile has it, else the contrast of the same name."""
    auto = load_profile("auto")
    missing = Missing.ZERO if choice.zero else Missing.ERROR
    filters = {name: replace(auto.channels.get(name, ImageFilter((name,))), missing=missing) for name in channels}
    return replace(auto, channels=filters)


def _case(root: Path, paths: Sequence[str], anchor: str) -> InputCase:
    at = PurePosixPath(anchor)
    images = tuple(root / path if path else None for path in paths)
    return InputCase(strip_ending(at.name), images, tuple(paths), at.parent.as_posix())


def _left_out(path: str, reason: str, refused: bool) -> InputCase:
    return InputCase(strip_ending(PurePosixPath(path).name), (), (), "", reason, refused)


def _refuse_equal_names(cases: list[InputCase]) -> list[InputCase]:
    count = Counter(case.name for case in cases if not case.reason)
    clash = "several images would be this case, such as a .nii beside a .nii.gz; remove or rename all but one"
    return [
        replace(case, reason=clash, refused=True) if not case.reason and count[case.name] > 1 else case
        for case in cases
    ]
