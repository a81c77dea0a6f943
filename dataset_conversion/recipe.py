"""How the cases of one dataset are converted."""

from dataclasses import dataclass
from typing import Any

from nnunet_ext.core.target import Target
from nnunet_ext.dataset_conversion.profile import Profile


@dataclass(frozen=True)
class Recipe:
    """How the cases of one dataset are converted.

    Parameters
    ----------
    profile
        Thresholds, rules for raters, policies.
    target
        What is segmented.
    resample
        Whether a mask on another grid is resampled to its image, rather than refused.
    register
        Whether a further channel on another grid is registered to the first, rather than refused.
    """

    profile: Profile
    target: Target
    resample: bool = False
    register: bool = False

    def content(self) -> dict[str, Any]:
        """Give it as plain values: two recipes with equal content convert a case alike."""
        return {
            "profile": self.profile.content(),
            "target": self.target.content(),
            "resample": self.resample,
            "register": self.register,
        }
