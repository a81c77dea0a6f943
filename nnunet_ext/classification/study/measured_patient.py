"""What is known of a patient once their images have been read: measures, and a crop about the lesions."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.classification.cases.patient import Patient
from nnunet_ext.classification.cases.read_case import ReadCase
from nnunet_ext.classification.measures.lesion_sizes import Values
from nnunet_ext.classification.measures.measure_case import CaseMeasures, measure_case
from nnunet_ext.classification.measures.measure_dictionary import measure_dictionary
from nnunet_ext.classification.measures.patient_measures import patient_measures
from nnunet_ext.classification.network.crop import crop_case
from nnunet_ext.classification.network.crop_file import write_crop
from nnunet_ext.classification.network.settings import CropSettings
from nnunet_ext.classification.study.lesion_probability import probability_file, read_probability
from nnunet_ext.classification.study.with_companions import read_with_companions
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.read_json import read_json

NO_LESION: Final = "no_lesion"
NO_CORD: Final = "no_cord"

_NO_PROBABILITY: Final = "no image of probabilities beside the lesion mask: the network is shown the mask"
_SCHEMA: Final = 1
_ENDING: Final = ".npz"


@dataclass(frozen=True)
class MeasuredPatient:
    """A patient in numbers.

    Parameters
    ----------
    person
        Who.
    values
        For each column of `measure_dictionary` a number; None where it is missing.
    channels
        Contrasts that there is an image of.
    flags
        `NO_LESION` where no voxel of a lesion was found, `NO_CORD` where none of a cord.
    notes
        What a reader of the numbers should know.
    crop
        File of the crop; None where it was not asked for.
    """

    person: str
    values: Values
    channels: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    crop: Path | None = None


@dataclass(frozen=True)
class Measuring:
    """How patients are read.

    Parameters
    ----------
    channels
        Contrasts, the first of them that of which the lesion masks are.
    folder
        Where what was read is kept, so that an interrupted run need not read it again.
    crop
        How a crop is cut; None where no network is to look at it.
    probability
        Whether the crop shows a lesion's probability, where there is an image of it beside the mask, else the mask.
    """

    channels: tuple[str, ...]
    folder: Path
    crop: CropSettings | None = None
    probability: bool = False


def measure_patient(patient: Patient, measuring: Measuring) -> MeasuredPatient:
    """Read a patient's cases, measure them, and cut the crop, unless the same files were read before.

    The case with the largest volume of lesions speaks for the patient, as in `patient_measures`, and the crop is of it.

    Raises
    ------
    DataRefusedError
        As `read_case`, naming the patient.
    """
    file = measuring.folder / f"{file_name(patient.person)}.json"
    key = _key(patient, measuring)
    kept = _kept(file, key, patient.person)
    if kept is not None:
        return kept
    try:
        read = {case.case: read_with_companions(patient, case, measuring.channels) for case in patient.usable}
        measured = {name: measure_case(name, one.lesion, one.cord, one.images) for name, one in read.items()}
    except DataRefusedError as error:
        raise DataRefusedError(f"{patient.person}: {error}") from error
    probabilities = _probabilities(patient) if measuring.probability else {}
    columns = [column.name for column in measure_dictionary(measuring.channels)]
    spoken = max(sorted(measured), key=lambda name: measured[name].values.get("total_volume_mm3") or 0.0)
    lacking = measuring.probability and spoken not in probabilities
    found = MeasuredPatient(
        person=patient.person,
        values=patient_measures([*measured.values()], columns, patient.age, patient.sex),
        channels=tuple(name for name in measuring.channels if name in read[spoken].images),
        flags=_flags(read.values()),
        notes=(*_notes(read, measured), *((_NO_PROBABILITY,) if lacking else ())),
        crop=_cut(read[spoken], probabilities.get(spoken), measuring, file),
    )
    write_json(file, {"schema": _SCHEMA, "key": key, **_plain(found)})
    return found


def file_name(person: str) -> str:
    """Give a person's name as part of a file's: `zurich/sub-01` is `zurich__sub-01`."""
    return person.replace("/", "__")


def _flags(read: Collection[ReadCase]) -> tuple[str, ...]:
    no_lesion = not any(bool((one.lesion.data > 0).any()) for one in read)
    no_cord = not any(one.cord is not None and bool((one.cord.data > 0).any()) for one in read)
    return tuple(flag for flag, true in ((NO_LESION, no_lesion), (NO_CORD, no_cord)) if true)


def _notes(read: Mapping[str, ReadCase], measured: Mapping[str, CaseMeasures]) -> tuple[str, ...]:
    said = [f"{name}: {note}" for name, one in read.items() for note in (*one.notes, *measured[name].notes)]
    return tuple(dict.fromkeys(said))


def _probabilities(patient: Patient) -> dict[str, Path]:
    files = {case.case: probability_file(case.lesion.path) for case in patient.usable if case.lesion is not None}
    return {name: file for name, file in files.items() if file is not None}


def _cut(read: ReadCase, probability: Path | None, measuring: Measuring, file: Path) -> Path | None:
    if measuring.crop is None:
        return None
    images = {name: np.nan_to_num(image.astype(np.float32)) for name, image in read.images.items()}
    shown = None if probability is None else read_probability(probability, read.lesion)
    crop = crop_case(replace(read, images=images), measuring.channels, measuring.crop, shown)
    path = file.with_suffix(_ENDING)
    write_crop(path, crop)
    return path


def _key(patient: Patient, measuring: Measuring) -> str:
    """Tell what the numbers depend on: files by name, size and time, age and sex, channels and crop."""
    files: list[Path] = []
    for case in patient.cases:
        masks = [] if case.lesion is None else [case.lesion.path, *([case.lesion.cord] if case.lesion.cord else [])]
        files += [*case.images.values(), *masks]
    files += _probabilities(patient).values() if measuring.probability else ()
    there = sorted({file.resolve() for file in files if file.is_file()})
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in there]
    crop = None if measuring.crop is None else asdict(measuring.crop)
    person = [case.case for case in patient.usable], patient.age, patient.sex
    told = [_SCHEMA, stats, *person, measuring.channels, crop, measuring.probability]
    return hashlib.sha256(json.dumps(told).encode("utf-8")).hexdigest()


def _plain(found: MeasuredPatient) -> dict[str, Any]:
    crop = None if found.crop is None else found.crop.name
    return {**asdict(found), "crop": crop}


def _kept(file: Path, key: str, person: str) -> MeasuredPatient | None:
    if not file.is_file():
        return None
    told = read_json(file)
    if told.get("key") != key or told.get("person") != person:
        return None
    crop = None if told["crop"] is None else file.with_name(told["crop"])
    if crop is not None and not crop.is_file():
        return None
    texts: dict[str, Sequence[str]] = {name: told[name] for name in ("channels", "flags", "notes")}
    return MeasuredPatient(person, told["values"], **{name: tuple(said) for name, said in texts.items()}, crop=crop)
