"""Where a case's image of lesion numbers stands."""

from typing import Final

from nnunet_ext.core.names import parse_case, parse_image_name

ENDING: Final = "_dseg.nii.gz"


def instance_file(case: str) -> str:
    """Name the image of a case's lesion numbers below the output folder, as a BIDS derivative.

    It has no `label-`, which BIDS keeps for images of one. The contrast goes into `desc-`, or the files of two
    contrasts would have one name.

    Examples
    --------
    >>> instance_file("sub-01_ses-02_T2w")
    'sub-01/ses-02/anat/sub-01_ses-02_desc-T2wInstances_dseg.nii.gz'
    >>> instance_file("site_001")
    'site_001_desc-instances_dseg.nii.gz'
    """
    folder = parse_case(case).folder
    name = parse_image_name(case)
    stem = f"{case}_desc-instances"
    if name is not None:
        stem = name.fill("{entities}_desc-{suffix}Instances")
    return "/".join(filter(None, [folder, stem + ENDING]))
