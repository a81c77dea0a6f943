"""Pictures of where the networks looked, one a patient."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nnunet_ext.classification.classifier.classifier import Classifier
from nnunet_ext.classification.classifier.write_predictions import MAPS
from nnunet_ext.classification.network.crop import Crop
from nnunet_ext.classification.network.crop_file import read_crop
from nnunet_ext.classification.network.grad_cam import grad_cam
from nnunet_ext.classification.network.network import Network
from nnunet_ext.classification.network.picture import write_map
from nnunet_ext.classification.study.measured_patient import MeasuredPatient, file_name
from nnunet_ext.core.workers import Progress


def draw_maps(classifier: Classifier, patients: Sequence[MeasuredPatient], out: Path, progress: Progress) -> None:
    """Draw for each patient what spoke for the diagnosis that the networks find likeliest: the mean of their Grad-CAMs.

    Parameters
    ----------
    classifier
        With networks.
    patients
        With crops.
    out
        Folder of the predictions; pictures go to `maps` in it.
    progress
        Told how many of how many are drawn.
    """
    (out / MAPS).mkdir(parents=True, exist_ok=True)
    for number, patient in enumerate(patients, start=1):
        if patient.crop is not None:
            _draw(
                classifier.networks,
                read_crop(patient.crop),
                patient.person,
                out / MAPS / f"{file_name(patient.person)}.png",
            )
        progress(number, len(patients))


def _draw(networks: Sequence[Network], crop: Crop, person: str, path: Path) -> None:
    said = np.mean([network.predict([crop])[0] for network in networks], axis=0)
    likeliest = int(said.argmax())
    shown = np.mean([grad_cam(network, crop, likeliest) for network in networks], axis=0).astype(np.float32)
    write_map(path, crop, shown, f"{person}\nnetworks: {networks[0].diagnoses[likeliest]}, {said[likeliest]:.2f}")
