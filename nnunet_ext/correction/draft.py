"""The state of a case that is not saved yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from nnunet_ext.correction.runs import Runs, read_runs
from nnunet_ext.correction.spent import Spent, read_spent

_LONGEST_COMMENT: Final = 2000


@dataclass(frozen=True, eq=False)
class Draft:
    """What a rater has drawn and said of a case so far.

    Parameters
    ----------
    masks
        Of every region that can be drawn.
    absent
        Regions of which the rater said that there is nothing.
    comment
        Whatever else was said.
    spent
        Of all sittings.
    """

    masks: Mapping[str, Runs]
    absent: tuple[str, ...] = ()
    comment: str = ""
    spent: Spent = field(default_factory=Spent)

    def same(self, other: "Draft") -> bool:
        """Tell whether the same is drawn and said, whatever it cost."""
        said = (self.absent, self.comment) == (other.absent, other.comment)
        return said and all(np.array_equal(runs, other.masks[region]) for region, runs in self.masks.items())

    def content(self) -> dict[str, Any]:
        """Give it as JSON says it; `read_draft` reads it back."""
        masks = {region: {"runs": runs.ravel().tolist()} for region, runs in self.masks.items()}
        said = {"absent": list(self.absent), "comment": self.comment}
        return {"masks": masks, "said": said, "effort": self.spent.content()}


def read_draft(content: Any, regions: Sequence[str], voxels: int) -> Draft:  # noqa: ANN401 - whatever a page sends
    """Take a draft as JSON says it.

    Parameters
    ----------
    content
        Whatever stands there.
    regions
        Those that can be drawn: a draft has a mask of each and of no other.
    voxels
        Of the image.

    Raises
    ------
    AttributeError, KeyError, TypeError, ValueError
        Where it is something else.
    """
    given, said = content["masks"], content["said"]
    if sorted(given) != sorted(regions):
        raise ValueError(f"masks of {', '.join(regions)} were needed, found {', '.join(sorted(map(str, given)))[:200]}")
    masks = {region: read_runs(given[region]["runs"], voxels) for region in regions}
    absent, comment = said["absent"], said["comment"]
    if not isinstance(absent, list) or not all(region in regions for region in absent):
        raise ValueError(f"regions of {', '.join(regions)} were needed as absent")
    if not isinstance(comment, str) or len(comment) > _LONGEST_COMMENT:
        raise ValueError(f"a comment of at most {_LONGEST_COMMENT} characters was needed")
    comment.encode("utf-8")
    return Draft(masks, tuple(dict.fromkeys(absent)), comment, read_spent(content["effort"]))
