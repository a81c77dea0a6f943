"""Pictures of the shipped models' results on real volumes: what people drew, what was found, and the Dice of both.

One strip a volume: a sagittal slice and three axial ones, the outline of people's mask in green, that of the prediction
in magenta. Volumes without a mask (mt) show the prediction alone. With --worst the changed volumes of the robustness
part with the lowest Dice follow, for pictures of failures; with --invented a cord found where none is, and lesions
found in healthy synthetic cords, from what default_models.py left in the root. Images whose licence lets nobody show
them to others are left out, but for --private; whoever publishes a picture names its sources, see CREDITS in
judge/volumes.py.

Run: python benchmarks/result_pictures.py --models DIR --root DIR -o docs [--worst 4]
(finished predictions in the root are kept; those of benchmarks/default_models.py are the same)
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from judge.bench import CORD, LESION, Bench, read_prediction
from judge.changes import CHANGES
from judge.cord_score import score_cord
from judge.robustness_part import changed_stem, predict_changed
from judge.volumes import REAL, BoolArray, Labelled, RealVolume, may_be_shown, real_volumes
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.tube import largest_tube
from nnunet_ext.core.volume import Volume
from nnunet_ext.report.planes import choose_planes

TRUTH, FOUND = "#2ecc40", "#ff2fd0"
SHOWN_PERCENT = (1.0, 99.7)
AXIAL = 3
INCHES = (9.0, 2.0)  # of one strip
DPI, QUALITY = 110, 82


@dataclass(frozen=True, eq=False)
class Result:
    """One volume with its prediction; `labelled.scored` is empty where nobody drew a mask."""

    labelled: Labelled
    found: BoolArray
    title: str

    @classmethod
    def of(cls, labelled: Labelled, found: BoolArray, about: str = "") -> "Result":
        """Give it a title with its Dice."""
        dice = f"Dice {score_cord(labelled, found).dice:.3f}" if labelled.scored.any() else "no mask to compare with"
        apart = np.count_nonzero(found & ~largest_tube(Volume(found, labelled.image.affine)))
        elsewhere = f"{apart} voxels found apart from the cord" if apart else ""
        return cls(labelled, found, ", ".join(filter(None, (labelled.name, about, dice, elsewhere))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--models", type=Path, required=True, help="folder that holds cord-localizer and cord")
    add("--root", type=Path, required=True, help="folder of the predictions")
    add("--real", type=Path, default=REAL, help="folder of the real data (beside the checkout)")
    add("-o", dest="out", type=Path, required=True, help="folder of the pictures")
    add("--worst", type=int, default=0, help="changed volumes to show (0)")
    add("--invented", type=int, default=0, help="images with an invented cord, and with invented lesions, to show (0)")
    add("--private", action="store_true", help="all real images: not to be published")
    options = parser.parse_args()
    mpl.use("Agg")
    bench = Bench(options.models, options.root, options.real, None, 0)
    options.out.mkdir(parents=True, exist_ok=True)
    volumes = [one for one in real_volumes(bench.real) if options.private or may_be_shown(one.image, bench.real)]
    draw(list(labelled_results(bench, volumes)), options.out / "real-results.jpg")
    draw(list(unlabelled_results(bench)), options.out / "real-results-unlabelled.jpg")
    if options.worst:
        draw(worst_results(bench, volumes, options.worst), options.out / "real-failures.jpg")
    if options.invented:
        results = [*invented(bench, "cordless", CORD, "sc", options.invented)]
        results += invented(bench, "healthy", LESION, "lesion", options.invented)
        draw(results, options.out / "invented.jpg")


def labelled_results(bench: Bench, volumes: Sequence[RealVolume]) -> Iterator[Result]:
    out = bench.predict("real", CORD, [one.image for one in volumes])
    for one in volumes:
        yield Result.of(one.load(), read_prediction(out, one.name).cord)


def unlabelled_results(bench: Bench) -> Iterator[Result]:
    files = sorted((bench.real / "mt").glob("*.nii.gz"))
    out = bench.predict("mt", CORD, files)
    for file in files:
        image = read_volume(file)
        nothing = np.zeros(image.data.shape, np.bool_)
        yield Result.of(
            Labelled(strip_ending(file.name), image, nothing, nothing),
            read_prediction(out, strip_ending(file.name)).cord,
        )


def worst_results(bench: Bench, volumes: Sequence[RealVolume], count: int) -> list[Result]:
    out = predict_changed(bench, volumes)
    scored = []
    for one in volumes:
        labelled = one.load()
        for change, work in CHANGES.items():
            changed, found = work(labelled), read_prediction(out, changed_stem(one, change)).cord
            scored.append((score_cord(changed, found).dice, one, change))
    worst = sorted(scored, key=lambda row: row[0])[:count]
    return [
        Result.of(CHANGES[change](one.load()), read_prediction(out, changed_stem(one, change)).cord, change)
        for _, one, change in worst
    ]


def invented(bench: Bench, part: str, model: str, region: str, count: int) -> list[Result]:
    """Show the images of a part in which most voxels of a region were found, where there is nothing to find."""
    out = bench.root / "predicted" / (part if part == "healthy" else f"{part}-{model}")
    files = [file for file in sorted((bench.root / part).rglob("*.nii.gz")) if "derivatives" not in file.parts]
    found = [(file, read_prediction(out, strip_ending(file.name)).regions[region]) for file in files]
    most = sorted(found, key=lambda one: -np.count_nonzero(one[1]))[:count]
    results = []
    for file, voxels in most:
        image, name = read_volume(file), strip_ending(file.name)
        nothing = np.zeros(image.data.shape, np.bool_)
        title = f"{name} (synthetic, {part}): {np.count_nonzero(voxels)} voxels of {region} invented"
        results.append(Result(Labelled(name, image, nothing, nothing), voxels, title))
    return results


def draw(results: list[Result], file: Path) -> None:
    """Draw one strip below the other."""
    figure = Figure(figsize=(INCHES[0], INCHES[1] * len(results)), layout="compressed", facecolor="black")
    for result, row in zip(results, figure.subplots(len(results), 1 + AXIAL, squeeze=False), strict=True):
        strip(result, list(row))
    figure.savefig(file, dpi=DPI, bbox_inches="tight", pil_kwargs={"quality": QUALITY})
    print(f"{file}: {file.stat().st_size // 1024} KiB", flush=True)


def strip(result: Result, panels: list[Axes]) -> None:
    """Fill a row: sagittal first, then axial slices from the head down."""
    affine = result.labelled.image.affine
    image = reorient(result.labelled.image, "RAS")
    truth, found, scored = (
        reorient(Volume(mask.astype(np.uint8), affine), "RAS").data > 0
        for mask in (result.labelled.truth, result.found, result.labelled.scored)
    )
    # What was found far from the cord would make every window that of the whole body: the title tells of it.
    seen = truth if scored.any() else largest_tube(Volume(found, image.affine))
    planes = choose_planes(image.data.shape, image.spacing, [seen])
    low, high = np.percentile(image.data[:, planes.sagittal_box[0], planes.sagittal_box[1]], SHOWN_PERCENT)
    right, front, up = image.spacing
    places = [((planes.sagittal, *planes.sagittal_box), up / front)]
    chosen = np.linspace(0, len(planes.axial) - 1, min(AXIAL, len(planes.axial))).round().astype(int)
    places += [((*planes.axial_boxes[at], planes.axial[at]), front / right) for at in chosen]
    for panel, place in zip(panels, [*places, *[None] * (len(panels) - len(places))], strict=True):
        panel.set_axis_off()
        if place is not None:
            at, aspect = place
            panel.imshow(image.data[at].T, cmap="gray", origin="lower", vmin=low, vmax=high, aspect=aspect)
            for mask, colour in ((truth, TRUTH), (found, FOUND)):
                if mask[at].any() and not mask[at].all():
                    panel.contour(mask[at].T, levels=[0.5], colors=colour, linewidths=0.8)
    panels[0].set_title(result.title, color="white", fontsize=8, loc="left")
    panels[0].set_zorder(1)  # its title reaches over the next


if __name__ == "__main__":
    main()
