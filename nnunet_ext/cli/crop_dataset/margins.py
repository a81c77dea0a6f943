"""The crop margins in a dataset's `spine_plan.json`: derived ones for the user to see, edited ones to use."""

import os
from typing import Final

from nnunet_ext.cascade.box import Margins
from nnunet_ext.core.environment import preprocessed_folder

_FIELD: Final = "crop_margins_mm"


def edited_margins(dataset: str) -> Margins | None:
    """Find margins that a user wrote into the spine plan of a dataset.

    Parameters
    ----------
    dataset
        Name of its folder.

    Returns
    -------
    Margins or None
        None where there are none, or they stand as they were derived, so that they are to be derived anew.
    """
    from nnunet_ext.trainers.spine_plan import read_spine_plan  # noqa: PLC0415 - for this verb alone

    folder = preprocessed_folder(dataset, os.environ)
    plan = None if folder is None else read_spine_plan(folder)
    if plan is None or not plan.crop_margins_mm:
        return None
    return Margins(**plan.crop_margins_mm) if plan.is_edited(_FIELD) else None


def keep_margins(dataset: str, margins: Margins, boxed: str) -> None:
    """Write derived margins into the spine plan of a dataset, if it has one.

    Parameters
    ----------
    dataset
        Name of its folder.
    margins
        Derived for it.
    boxed
        Name of the boxed dataset, whose `crop.json` has the figures.
    """
    from nnunet_ext.trainers.renew_spine_plan import keep_derived  # noqa: PLC0415 - as above

    folder = preprocessed_folder(dataset, os.environ)
    if folder is not None:
        why = f"keep every label voxel of the training cases, and a reserve; see crop.json of {boxed}"
        keep_derived(folder, _FIELD, margins.by_face(), why)
