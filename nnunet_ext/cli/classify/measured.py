"""Reading patients, several at a time, with a bar."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from nnunet_ext.classification.cases.patient import Patient
from nnunet_ext.classification.study.lesion_probability import probability_file
from nnunet_ext.classification.study.mask_makers import MaskMaker, mask_maker
from nnunet_ext.classification.study.measured_patient import MeasuredPatient, Measuring, measure_patient
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.workers import run_all

PREDICTED: Final = "predicted"
MANUAL: Final = "manual"

_COMMON: Final = 0.1


def read_patients(patients: Sequence[Patient], measuring: Measuring, n_procs: int) -> list[MeasuredPatient]:
    """Measure patients and cut their crops; what was read of the same files before is taken as it is.

    Raises
    ------
    DataRefusedError
        For the first whose files cannot be read.
    """
    measuring.folder.mkdir(parents=True, exist_ok=True)
    with progress_bar("measuring", "patient") as progress:
        return run_all(measure_patient, patients, (measuring,), n_procs, progress)


def channels_of(patients: Sequence[Patient]) -> tuple[str, ...]:
    """Name the contrasts that a tenth of the patients have, those of the lesion masks first, then the commonest."""
    masked = Counter(name for one in patients for name in {name for case in one.usable for name in case.images})
    found = Counter(name for one in patients for name in {name for case in one.cases for name in case.images})
    common = [name for name in found if found[name] >= _COMMON * len(patients)]
    return tuple(sorted(common, key=lambda name: (-masked[name], -found[name], name)))


def have_probabilities(patients: Sequence[Patient]) -> bool:
    """Tell whether an image of probabilities lies beside every lesion mask: a network must see one kind alone."""
    files = [case.lesion.path for one in patients for case in one.usable if case.lesion is not None]
    return bool(files) and all(probability_file(file) is not None for file in files)


def masks_of(patients: Sequence[Patient]) -> tuple[str, str]:
    """Tell whose lesion masks there are, `PREDICTED` or `MANUAL`, and the models that made them."""
    files = [case.lesion.path for one in patients for case in one.usable if case.lesion is not None]
    makers = Counter(mask_maker(file) for file in files)
    named = sorted({maker.model for maker in makers if maker != MaskMaker()})
    return (PREDICTED, ", ".join(named)) if named else (MANUAL, "")
