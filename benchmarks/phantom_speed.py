"""How long one synthetic patient takes on one core, without compression.

Run: python benchmarks/phantom_speed.py
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nnunet_ext.phantom.acquisition import Acquisition, cord_mask, lesion_mask, make_image
from nnunet_ext.phantom.anatomy import tissue_map
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.patient import Patient, draw_patient, scan
from nnunet_ext.phantom.site import SITES, Site
from nnunet_ext.phantom.slices import Plane, place_grid

_REPEATS = 5


def _best(action: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEATS):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def _stages(patient: Patient) -> None:
    grid = place_grid((24, 256, 256), (3.3, 0.9, 0.9), Plane.SAGITTAL, np.array([0, 0, -80.0]), (3, 2, 1), (0, 0, 0))
    tissue = tissue_map(patient.spine, patient.lesions, grid.fine_shape, grid.fine_to_patient)
    anatomy = _best(lambda: tissue_map(patient.spine, patient.lesions, grid.fine_shape, grid.fine_to_patient))
    masks = _best(lambda: (cord_mask(tissue, grid), lesion_mask(tissue, grid)))
    image = _best(lambda: make_image(tissue, grid, Acquisition(Contrast.T2W), np.random.default_rng(0)))
    print(
        f"256 x 256 x 24, thin slices {grid.fine_shape}: anatomy {anatomy:.2f} s, masks {masks:.2f} s, "
        f"image {image:.2f} s, together {anatomy + masks + image:.2f} s of processor time"
    )


def _whole(site: Site) -> None:
    patient = draw_patient(site, 1, 0)
    shape = scan(patient).cord.data.shape
    print(f"{site.name}: {shape}, {len(site.contrasts)} contrast(s), {_best(lambda: scan(patient)):.2f} s")


def main() -> None:
    """Print the times."""
    _stages(draw_patient(SITES[0], 1, 0))
    large = replace(SITES[0], name="sagittal-sci, large", matrix=((24, 24), (256, 256), (256, 256)))
    for site in (large, *SITES):
        _whole(site)


if __name__ == "__main__":
    main()
