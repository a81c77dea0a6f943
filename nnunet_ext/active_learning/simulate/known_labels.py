"""What is known of a pool whose images have labels: the truth that simulated raters go by."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnunet_ext.core.labels import Masks
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.volume import Volume
from nnunet_ext.dataset_conversion.convert_case import read_masks
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.settle_outside import settle_outside


@dataclass(frozen=True, eq=False)
class Truth:
    """The masks of an image.

    Parameters
    ----------
    image
        Whose grid they are on.
    masks
        Of each region of the target.
    """

    image: Volume
    masks: Masks


@dataclass(frozen=True)
class KnownLabels:
    """Labels of a pool, found and read as a conversion would.

    Parameters
    ----------
    plan
        Of the folders of the pool, with labels.
    cases
        Those with a mask of every class, or the word that the class is absent, by their names, which are those of
        `pool.tsv`. An image that every rater's mask makes a case of has no one truth, and is none of them.
    """

    plan: Plan
    cases: Mapping[str, PlannedCase]

    @classmethod
    def of_plan(cls, plan: Plan) -> "KnownLabels":
        """Take the labels that a plan has found; none is opened."""
        whole = (case for case in plan.cases if not case.reason and not case.not_annotated)
        return cls(plan, {case.case: case for case in whole})

    def truth(self, name: str) -> Truth:
        """Read the masks of a case, as training would see them.

        Raises
        ------
        FileRefusedError, DataRefusedError
            Where a conversion would refuse the case.
        """
        case = self.cases[name]
        image = read_volume(case.source.root / case.image)
        masks, _, _ = read_masks(case, image, self.plan)
        settled, _ = settle_outside(masks, self.plan.profiles[case.source.name].lesion_outside_cord)
        drawn = self.plan.target.fuse(settled)
        return Truth(image, {name: np.isin(drawn, values) for name, values in self.plan.target.regions})
