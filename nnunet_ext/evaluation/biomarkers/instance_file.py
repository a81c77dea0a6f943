"""Where a case's image of lesion numbers stands, and who the case is by its name."""

import re
from dataclasses import dataclass
from typing import Final

_SUBJECT: Final = re.compile(r"(?:^|_)sub-([0-9A-Za-z]+)")
_SESSION: Final = re.compile(r"_ses-([0-9A-Za-z]+)")
_BIDS: Final = re.compile(r"(?P<entities>sub-[0-9A-Za-z+]+(?:_[0-9A-Za-z]+-[0-9A-Za-z+]+)*)_(?P<suffix>[0-9A-Za-z]+)")

ENDING: Final = "_dseg.nii.gz"


@dataclass(frozen=True)
class CaseName:
    """What a case's name says; empty where it does not.

    Parameters
    ----------
    subject, session
        With `sub-` and `ses-`.
    contrast
        BIDS suffix.
    """

    subject: str
    session: str
    contrast: str


def read_case_name(case: str) -> CaseName:
    """Take subject, session and contrast from a case's name, also where a dataset's name stands before it.

    Examples
    --------
    >>> read_case_name("zurich_sub-01_ses-02_T2w")
    CaseName(subject='sub-01', session='ses-02', contrast='T2w')
    """
    subject, session = _SUBJECT.search(case), _SESSION.search(case)
    last = case.rsplit("_", 1)[-1]
    return CaseName(
        subject=f"sub-{subject[1]}" if subject else "",
        session=f"ses-{session[1]}" if session else "",
        contrast=last if subject and "-" not in last else "",
    )


def instance_file(case: str) -> str:
    """Name the image of a case's lesion numbers below the output folder, as a BIDS derivative.

    The contrast goes into `desc-`, or the files of two contrasts would have one name.

    Examples
    --------
    >>> instance_file("sub-01_ses-02_T2w")
    'sub-01/ses-02/anat/sub-01_ses-02_label-lesion_desc-T2wInstances_dseg.nii.gz'
    >>> instance_file("site_001")
    'site_001_label-lesion_desc-instances_dseg.nii.gz'
    """
    name = read_case_name(case)
    folder = "/".join([*filter(None, [name.subject, name.session]), "anat", ""]) if name.subject else ""
    match = _BIDS.fullmatch(case)
    if match is None:
        return f"{folder}{case}_label-lesion_desc-instances{ENDING}"
    return f"{folder}{match['entities']}_label-lesion_desc-{match['suffix']}Instances{ENDING}"
