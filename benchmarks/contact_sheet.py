"""Painted images, as training draws them, beside real ones: a look at what the shipped models learn from.

Each tile is a sagittal and an axial slice of one patch, at one scale. The upper rows are drawn by the very functions
that the trainer calls, with the recipe of a shipped model; the lower ones are windows of the same size in real images,
around the cord where people drew it, else around the middle of the image. Images whose licence lets nobody show them
to others are left out, but for --private.

Run: python benchmarks/contact_sheet.py -o docs/contact-sheet.jpg [--recipe cord] [--count 28] [--seed 1]
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from judge.volumes import CREDITS, REAL, Labelled, may_be_shown, real_volumes
from PIL import Image, ImageDraw

from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from nnunet_ext.phantom.painting.look import draw_look
from nnunet_ext.phantom.painting.paint import paint
from nnunet_ext.phantom.painting.warp import warped
from nnunet_ext.phantom.tissue_maps import MapKind, draw_tissue_map
from nnunet_ext.phantom.tissues import CORD_TISSUES
from nnunet_ext.trainers.synthetic_recipe import RECIPES, Recipe, Triple

Pixels = npt.NDArray[np.float32]

PIXELS_PER_MM = 1.5
COLUMNS, GAP, HEADING = 7, 4, 18
SHOWN_PERCENT = (0.5, 99.5)
FROM_CORD = 0.85  # of the patches; the others lie anywhere
QUALITY = 72


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("-o", dest="out", type=Path, required=True, help="JPEG")
    add("--recipe", default="cord", choices=[recipe.name for recipe in RECIPES], help="of the painted images (cord)")
    add("--count", type=int, default=4 * COLUMNS, help=f"painted images ({4 * COLUMNS})")
    add("--seed", type=int, default=1, help="of the painted images (1)")
    add("--real", type=Path, default=REAL, help="folder of the real data (beside the checkout)")
    add("--private", action="store_true", help="all real images: not to be published")
    options = parser.parse_args()
    recipe = next(recipe for recipe in RECIPES if recipe.name == options.recipe)
    extent = tuple(size * mm for size, mm in zip(recipe.patch, recipe.spacing, strict=True))
    groups = [(f"painted, as {recipe.name} is trained", list(painted(recipe, options.count, options.seed)))]
    if options.real.is_dir():
        shown = list(real(options.real, (extent[0], extent[1], extent[2]), private=options.private))
        groups.append((f"real: {'; '.join(dict.fromkeys(CREDITS.values()))}", shown))
    sheet(groups).save(options.out, quality=QUALITY)
    print(f"{options.out}: {options.out.stat().st_size // 1024} KiB")


def painted(recipe: Recipe, count: int, seed: int) -> Iterator[Image.Image]:
    """Draw patches; every one is of a patient of its own."""
    up, front, left = (size * step for size, step in zip(recipe.patch, recipe.pool, strict=True))
    fine: Triple = (up, front, left)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        tissue = draw_tissue_map(MapKind(recipe.map_shape, recipe.map_spacing, recipe.pathologies), rng)
        cord = np.argwhere(np.isin(tissue, CORD_TISSUES))
        at = cord[rng.integers(len(cord))] if len(cord) and rng.random() < FROM_CORD else rng.integers(tissue.shape)
        piece = tissue[_window(at, [size + more for size, more in zip(fine, recipe.margin, strict=True)], tissue.shape)]
        body = warped(piece, fine, recipe.map_spacing, recipe.warp, rng)
        found = paint(body, recipe.pool, recipe.spacing, draw_look(rng, recipe.contrasts), recipe.fields, rng)
        middle = np.argwhere(found.cord).mean(axis=0) if found.cord.any() else np.array(recipe.patch) / 2
        yield tile(found.image, recipe.spacing, middle.astype(int), recipe.patch)


def real(folder: Path, extent: tuple[float, float, float], *, private: bool) -> Iterator[Image.Image]:
    """Cut windows of real images, turned as the painted ones are: upwards, forwards, leftwards."""
    volumes = [one.load() for one in real_volumes(folder) if private or may_be_shown(one.image, folder)]
    for file in sorted((folder / "mt").glob("*.nii.gz")):
        image = read_volume(file)
        nothing = np.zeros(image.data.shape, np.bool_)
        volumes.append(Labelled(file.name, image, nothing, nothing))
    for one in volumes:
        image = reorient(one.image, "LAS")
        truth = reorient(Volume(one.truth.astype(np.uint8), one.image.affine), "LAS").data.transpose(2, 1, 0)
        data, mm = image.data.transpose(2, 1, 0).astype(np.float32), image.spacing[::-1]
        middle = np.argwhere(truth).mean(axis=0) if truth.any() else np.array(data.shape) / 2
        shape = tuple(max(1, round(length / step)) for length, step in zip(extent, mm, strict=True))
        yield tile(data, mm, middle.astype(int), shape)


def tile(data: Pixels, spacing: Sequence[float], middle: npt.NDArray[np.int_], shape: Sequence[int]) -> Image.Image:
    """Show the sagittal and the axial slice through the middle, in a window of a shape around it."""
    place = _window(middle, shape, data.shape)
    low, high = np.percentile(data[place], SHOWN_PERCENT)
    up, front, left = (round(size * mm * PIXELS_PER_MM) for size, mm in zip(shape, spacing, strict=True))
    result = Image.new("L", (front + left, up))
    slices = ((data[place[0], place[1], middle[2]], 0), (data[middle[0], place[1], place[2]], 1))
    for pixels, axial in slices:
        grey = np.clip((pixels - low) / max(float(high - low), 1e-6) * 255, 0, 255).astype(np.uint8)[::-1]
        mm = (spacing[1], spacing[2]) if axial else (spacing[0], spacing[1])
        size = (round(grey.shape[1] * mm[1] * PIXELS_PER_MM), round(grey.shape[0] * mm[0] * PIXELS_PER_MM))
        at = (front if axial else 0, (up - size[1]) // 2)
        result.paste(Image.fromarray(grey).resize(size, Image.Resampling.NEAREST), at)
    return result


def sheet(groups: Sequence[tuple[str, Sequence[Image.Image]]]) -> Image.Image:
    """Set the tiles of each group below its name."""
    width, height = (max(one.size[side] for _, tiles in groups for one in tiles) + GAP for side in (0, 1))
    rows = [-(-len(tiles) // COLUMNS) for _, tiles in groups]
    result = Image.new("L", (COLUMNS * width, sum(rows) * height + len(groups) * HEADING))
    top = 0
    for (name, tiles), count in zip(groups, rows, strict=True):
        ImageDraw.Draw(result).text((GAP, top + 3), name, fill=255)
        for number, one in enumerate(tiles):
            result.paste(one, (number % COLUMNS * width, top + HEADING + number // COLUMNS * height))
        top += HEADING + count * height
    return result


def _window(middle: npt.ArrayLike, size: Sequence[int], shape: Sequence[int]) -> tuple[slice, slice, slice]:
    """Place a window of a size about a point, moved into an array, as far as it fits."""
    around = zip(np.asarray(middle), size, shape, strict=True)
    starts = [max(0, min(int(at) - want // 2, have - want)) for at, want, have in around]
    up, front, left = (slice(start, start + want) for start, want in zip(starts, size, strict=True))
    return up, front, left


if __name__ == "__main__":
    main()
