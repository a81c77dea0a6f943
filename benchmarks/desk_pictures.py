"""Pictures of the desk: a synthetic patient as it is opened, as it is corrected by two clicks, and in three dimensions.

Of the patient's lesions the largest is left out of the mask, though a probability of it stays, and a false one is put
in. Nothing in the pictures is of a person.

Run: python -m benchmarks.desk_pictures -o docs [--seed N] [--width 1280 --height 800]
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.target import load_target
from nnunet_ext.correction.desk import Desk, desk_regions
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.server import serve
from nnunet_ext.phantom.dataset import write_phantom
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.site import find_sites
from nnunet_ext.report.desk.assets import desk_assets
from nnunet_ext.report.region_names import region_name
from tests.report.browser import browser
from tests.report.desk.desk_window import DeskWindow

_TOUCHING: Final = np.ones((3, 3, 3))
_REASONS: Final = ("lesion: the folds disagree", "lesion: near-empty prediction", "cord: an end is uncertain")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        desk, missed, false = _desk(root, asked.seed)
        with serve(desk, desk_assets()) as serving, browser(root / "browser", webgl=True) as chromium:
            window = DeskWindow(chromium, serving.address)
            window.start()
            chromium.narrow(asked.width, asked.height)

            def shot(name: str) -> None:
                (asked.out / name).write_bytes(chromium.screenshot())

            window.press("w")
            window.run("desk.here.app.view.moveTo(arguments[0])", list(false))
            plane = window.run("return desk.here.app.settings.big")
            shot("desk-opened.png")
            window.click(false, plane)
            window.run("desk.here.app.view.moveTo(arguments[0])", list(missed))
            window.click(missed, plane)
            shot("desk-corrected.png")
            window.press("d")
            chromium.wait(lambda: window.run("return document.body.dataset.solid"), "three dimensions")
            shot("desk-solid.png")


def _desk(root: Path, seed: int) -> tuple[Desk, tuple[int, ...], tuple[int, ...]]:
    """Make a desk, and say where its first case lacks a lesion and where it has a false one."""
    (site,) = find_sites(["isotropic"])
    site = replace(site, pathologies=((Pathology.MS, 1.0),))
    write_phantom(root / "phantom", sites=[site], patients_per_site=1, seed=seed)
    (image,) = (root / "phantom").glob("sub-*/**/anat/*.nii.gz")
    cord, truth = (
        next((root / "phantom" / "derivatives").glob(f"**/*{part}*.nii.gz")) for part in ("label-SC", "lesion")
    )
    lesions, affine = read_mask(truth).data > 0, read_volume(image).affine
    inside = read_mask(cord).data > 0
    labels, count = ndimage.label(lesions, _TOUCHING)
    sizes = ndimage.sum_labels(lesions, labels, np.arange(1, count + 1))
    missed = labels == int(np.argmax(sizes)) + 1
    far = ndimage.distance_transform_edt(~lesions) * inside
    longest = int(np.argmax(far.shape))
    ends = np.indices(far.shape)[longest]
    far[(ends < 0.35 * far.shape[longest]) | (ends > 0.75 * far.shape[longest])] = 0
    middle = np.unravel_index(np.argmax(far), far.shape)
    away = np.sqrt(sum((axis - at) ** 2 for axis, at in zip(np.indices(far.shape), middle, strict=True)))
    false = (away <= 3) & inside
    probability = ndimage.gaussian_filter((0.8 * (lesions & ~missed) + 0.75 * false + 0.42 * missed), 0.7)
    given = {"sc": root / "sc.nii.gz", "lesion": root / "lesion.nii.gz"}
    write_mask(given["sc"], inside.astype(np.uint8), affine)
    write_mask(given["lesion"], ((lesions & ~missed) | false).astype(np.uint8), affine)
    write_image(root / "probability.nii.gz", probability.astype(np.float32), affine)
    cases = [
        DeskCase(
            number, f"sub-{number:02d}_T2w", image, "", given,
            {region: root / "desk" / f"{number}_{region}.nii.gz" for region in given},
            {"lesion": root / "probability.nii.gz"}, _REASONS[number % len(_REASONS)], f"{0.9 - 0.06 * number:.2f}",
        )
        for number in range(1, 9)
    ]  # fmt: skip
    regions = [replace(one, label=region_name(one.name)) for one in desk_regions(load_target("cord-lesion"))]
    desk = Desk("Round 2", "ann", tuple(cases), tuple(regions), root / "desk")
    return desk, _voxel(missed), _voxel(false)


def _voxel(mask: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    voxels = np.argwhere(mask)
    nearest = voxels[np.argmin(((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1))]
    return tuple(int(at) for at in nearest)


if __name__ == "__main__":
    main()
