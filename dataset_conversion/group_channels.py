"""Which images belong to one case: the contrasts of one subject, session and run."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.names import ImageName
from nnunet_ext.core.target import ANY_CONTRAST, Target
from nnunet_ext.dataset_conversion.class_profile import Missing
from nnunet_ext.dataset_conversion.profile import Profile

Named = tuple[str, ImageName]
"""Path and name of an image."""


@dataclass(frozen=True)
class ImageGroup:
    """The images of one case.

    Parameters
    ----------
    images
        For each channel the path, empty where there is none.
    name
        Of the image whose grid the case has.
    reason
        Why it cannot be a case, or is none; empty where it is one.
    refused
        Whether that is a fault, rather than left out knowingly.
    """

    images: tuple[str, ...]
    name: ImageName
    reason: str = ""
    refused: bool = False


def group_channels(images: Sequence[Named], profile: Profile, target: Target) -> list[ImageGroup]:
    """Put the images together that make a case.

    Of several images that could be one channel of a case, that of the same acquisition and chunk is taken. Every
    image stands in at least one group.

    Parameters
    ----------
    images
        Those of one dataset.
    profile
        Says which image is which channel.
    target
        Says which channels a case has.

    Raises
    ------
    UsageError
        Where the profile does not know a channel of the target.
    """
    if target.channels == (ANY_CONTRAST,):
        return [ImageGroup((path,), name, profile.images.why_not(name)) for path, name in images]
    unknown = [channel for channel in target.channels if channel not in profile.channels]
    if unknown:
        raise UsageError(
            f"target {target.name} needs the channels {', '.join(target.channels)}, and profile {profile.name} does "
            f"not say which images are {', '.join(unknown)}; write one with [channels.{unknown[0]}]"
        )
    by_channel: dict[str, dict[tuple[str, ...], list[Named]]] = {name: defaultdict(list) for name in target.channels}
    groups = []
    for path, name in images:
        channel = next((one for one in target.channels if not profile.channels[one].why_not(name)), None)
        if channel is None:
            groups.append(ImageGroup((path,), name, f"it is none of the channels {', '.join(target.channels)}"))
        else:
            by_channel[channel][_visit(name)].append((path, name))
    for visit in sorted({visit for found in by_channel.values() for visit in found}):
        groups += _group_visit({channel: found.get(visit, []) for channel, found in by_channel.items()}, profile)
    return groups


def _visit(name: ImageName) -> tuple[str, ...]:
    return name.subject, name.entity("ses"), name.entity("run")


def _group_visit(found: Mapping[str, list[Named]], profile: Profile) -> list[ImageGroup]:
    """Group the images of one subject, session and run around those of the first channel that there is."""
    anchor = next(channel for channel, images in found.items() if images)
    groups = [_group_around(path, name, anchor, found, profile) for path, name in found[anchor]]
    used = {image for group in groups for image in group.images}
    left = [(channel, named) for channel, images in found.items() for named in images if named[0] not in used]
    groups += [ImageGroup((path,), name, f"a further image of channel {channel}") for channel, (path, name) in left]
    return groups


def _group_around(
    path: str, name: ImageName, anchor: str, found: Mapping[str, list[Named]], profile: Profile
) -> ImageGroup:
    images = []
    for channel, there in found.items():
        if channel == anchor:
            images.append(path)
            continue
        candidates = [one for one in there if _place(one[1]) == _place(name)] if len(there) > 1 else there
        candidates = candidates or there
        if len(candidates) > 1:
            listed = " and ".join(candidate for candidate, _ in candidates)
            reason = f"several images could be its channel {channel}: {listed}; name one by entities in the profile"
            return ImageGroup((path,), name, reason, refused=True)
        policy = profile.channels[channel].missing
        if not candidates and policy is not Missing.ZERO:
            reason = f"no image of channel {channel} of the same subject, session and run"
            return ImageGroup((path,), name, reason, refused=policy is Missing.ERROR)
        images.append(candidates[0][0] if candidates else "")
    return ImageGroup(tuple(images), name)


def _place(name: ImageName) -> tuple[str, ...]:
    return name.entity("acq"), name.entity("chunk")
