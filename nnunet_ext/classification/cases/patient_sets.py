"""Who trains and who tests the classifier, in agreement with the segmentation that made the lesion masks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from nnunet_ext.classification.cases.draw_folds import Folds, Member, draw_folds, draw_site_folds
from nnunet_ext.classification.cases.patient import Patient, PatientStatus
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few

CaseFolds = Sequence[Mapping[str, Sequence[str]]]
"""A `splits_final.json`: for each fold the cases under `train` and `val`."""


@dataclass(frozen=True)
class PatientSets:
    """Every patient who can be trained or tested on, in one set.

    Parameters
    ----------
    folds
        For each fold the persons that it is validated on; the segmentation's own folds where it has some.
    test
        Persons that the segmentation's dataset tests on.
    external
        Persons of external sites.
    """

    folds: Folds
    test: tuple[str, ...] = ()
    external: tuple[str, ...] = ()


def patient_sets(
    patients: Iterable[Patient],
    segmenter: CaseFolds = (),
    external_sites: Collection[str] = (),
    folds: int = 5,
    seed: int = 0,
    *,
    whole_sites: bool = False,
) -> PatientSets:
    """Put the patients into sets.

    A patient of an external site, or of the dataset's test set, is tested on. The others are in the fold that the
    segmentation validated them in, so that their lesion masks come out of fold; those that it has not seen are dealt
    out beside them.

    Parameters
    ----------
    patients
        Of whom those that are included count, with at least one case each.
    segmenter
        Folds of the segmentation that predicts the masks; empty where it was trained on none of the patients.
    external_sites
        Sites, whatever their case, whose patients are all tested on, apart.
    folds, seed
        How many folds are drawn where the segmentation has none, and of which draw.
    whole_sites
        Whether a site's patients are all in one fold, so that every fold is validated on sites it was not trained on.

    Raises
    ------
    DataRefusedError
        Where a person who trained the segmentation would be tested on, is in two of its folds, or an external site has
        no patient; and where whole sites are asked for beside a segmentation's folds, which no site need agree with.
    """
    included = [patient for patient in patients if patient.status is PatientStatus.INCLUDE]
    outside = {site.casefold() for site in external_sites}
    if lost := sorted(outside - {patient.site.casefold() for patient in included}):
        raise DataRefusedError(
            f"patients at the external sites were needed, found none at {', '.join(lost)}; mend the name"
        )
    fold_of = segmenter_folds(included, segmenter)
    external = [patient.person for patient in included if patient.site.casefold() in outside]
    test = [patient.person for patient in included if patient.split == "test" and patient.person not in set(external)]
    trained = {patient.person for patient in included if segmenter and patient.split == "train"}
    refuse_trained([*external, *test], trained | set(fold_of))
    apart = {*external, *test}
    members = [Member(one.person, one.diagnosis, one.site) for one in included if one.person not in apart]
    if whole_sites and segmenter:
        raise DataRefusedError(
            "folds of the segmentation are of patients, not of sites: take whole sites out of training instead, to be "
            "tested (--test-sites), or predict with a segmentation that has seen none of the patients"
        )
    drawn = (
        draw_site_folds(members, folds, seed)
        if whole_sites
        else draw_folds(members, len(segmenter) or folds, seed, fold_of)
    )
    return PatientSets(drawn, tuple(sorted(test)), tuple(sorted(external)))


def segmenter_folds(patients: Iterable[Patient], segmenter: CaseFolds) -> dict[str, int]:
    """Say in which fold the segmentation validated each person.

    Parameters
    ----------
    patients
        Whose cases are looked for; cases of nobody are passed over.
    segmenter
        Its folds.

    Raises
    ------
    DataRefusedError
        Where a person is validated in two folds, in none that others are, or trained on in the very fold that validates
        them: their masks would not come out of fold.
    """
    person_of = {case.case: patient.person for patient in patients for case in patient.cases}
    fold_of: dict[str, int] = {}
    torn: dict[str, str] = {}
    trained_on: set[str] = set()
    for number, fold in enumerate(segmenter):
        trained, validated = (
            {person_of[case] for case in fold[part] if case in person_of} for part in ("train", "val")
        )
        trained_on |= trained
        for person in validated:
            if fold_of.setdefault(person, number) != number:
                torn[person] = f"validated in folds {fold_of[person]} and {number}"
            elif person in trained:
                torn[person] = f"trained on and validated in fold {number}"
    torn |= dict.fromkeys(trained_on - set(fold_of), "trained on and validated in no fold")
    if torn:
        shown = [f"{person} ({why})" for person, why in sorted(torn.items())]
        raise DataRefusedError(
            f"each person in one fold of the segmentation was needed, for masks that come out of fold, found "
            f"{first_few(shown)}; convert the dataset again, so that its folds know who is one person, and train anew"
        )
    return fold_of


def refuse_trained(tested: Collection[str], trained: Collection[str]) -> None:
    """Refuse test patients of the classifier whom the segmentation, which makes their lesion masks, was trained on.

    Masks of patients who were trained on are better than those of new ones will be, and so are all figures from them.

    Raises
    ------
    DataRefusedError
        With their names.
    """
    leaked = sorted(set(tested) & set(trained))
    if leaked:
        raise DataRefusedError(
            f"test patients that the segmentation was not trained on were needed, found {len(leaked)} that it was: "
            f"{first_few(leaked)}; take them out of the test set, or predict with a segmentation that has not seen them"
        )
