"""Hold the four drawn entities against the published table, and see how well what is drawn tells them apart.

Nothing is painted, but for the contact sheet: `--sheet` writes four patients of each entity, T2w with and without the
outline of the lesion, and T1w after gadolinium where there is one.

Run: python benchmarks/entities_against_table.py [--count 400] [--seed 1] [--sheet sheet.png]
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.entities.case import Case
from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.figures import FIGURES
from nnunet_ext.phantom.entities.patient import Person, draw_entity_patient, draw_person
from nnunet_ext.phantom.entities.region import Region
from nnunet_ext.phantom.entities.sites import ENTITY_SITES
from nnunet_ext.phantom.patient import scan
from tests.phantom.entities.cohorts import NODES, draw_cohort, quartiles, read_right, told_apart

PAPER = {"kind": (96, 97), "tumour": (82, 72), "demyelination": (79, 67)}  # network and readers, percent
COUNTS = {Entity.MS: (2, 1, 3), Entity.NMOSD: (1, 1, 2)}
EACH, WIDE_MM, TILE, GAP, HEADING = 4, 74.0, (150, 380), 8, 22


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=400, help="cases of each entity (400)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sheet", type=Path, help="PNG to write")
    options = parser.parse_args()
    cohort = draw_cohort(options.count, options.seed)
    print("| drawn (published) |", " | ".join(Entity), "|\n|", " --- |" * (1 + len(Entity)))
    columns = [dict(rows(entity, cases)) for entity, cases in cohort.items()]
    for name in columns[0]:
        print(f"| {name} |", " | ".join(column[name] for column in columns), "|")
    print("\n| node | measures | and signs | published network | readers | published readers |\n|", " --- |" * 6)
    for node, (network, readers) in PAPER.items():
        right = [100 * read_right(cohort, node, reader) for reader in range(3)]
        found = [100 * told_apart(cohort, node, signs=signs) for signs in (False, True)]
        signs = "n/a" if node == "kind" else f"{found[1]:.1f} %"  # the signs of one kind are never drawn in the other
        said = ", ".join(f"{share:.0f}" for share in right)
        print(f"| {node} | {found[0]:.1f} % | {signs} | {network} % | {said} % | {readers} % |")
    everybody = [case for node in NODES["kind"] for entity in node for case in cohort[entity]]
    print(f"\nreaders disagree on {100 * np.mean([len(set(case.readers)) > 1 for case in everybody]):.0f} % (25 %)")
    if options.sheet:
        sheet(options.seed).save(options.sheet)
        print(options.sheet)


def rows(entity: Entity, cases: Sequence[Case]) -> Iterator[tuple[str, str]]:
    figures = FIGURES[entity]
    ages, volumes = [case.age for case in cases], [case.volume_ml for case in cases]
    yield "women", share([case.sex == "F" for case in cases], figures.women)
    yield "age, years", spread(ages, figures.age_years)
    for region in Region:
        yield region.label, share([case.region is region for case in cases], figures.regions.get(region, 0))
    yield "lesions", middle([len(case.lesions) for case in cases], COUNTS.get(entity, (1, 1, 1)))
    yield "vertebrae", middle([case.vertebrae for case in cases], figures.vertebrae)
    yield "volume, ml", spread(volumes, figures.volume_ml)
    yield "enhances", share([case.enhances for case in cases], figures.enhances)


def share(values: Sequence[bool], published: float) -> str:
    return f"{100 * np.mean(values):.0f} % ({100 * published:.0f} %)"


def spread(values: Sequence[float], published: tuple[float, float]) -> str:
    return f"{np.mean(values):.1f} ± {np.std(values):.1f} ({published[0]} ± {published[1]})"


def middle(values: Sequence[float], published: Sequence[float]) -> str:
    found = quartiles(values)
    return "{:.1f}, {:.1f} to {:.1f} ({:g}, {:g} to {:g})".format(*found, *published)


def sheet(seed: int) -> Image.Image:
    """Paint four patients of each entity: a row of three tiles each."""
    wide, high = EACH * (3 * TILE[0] + GAP), len(Entity) * (TILE[1] + HEADING)
    result = Image.new("RGB", (wide, high))
    people = [draw_person(number, seed, ENTITY_SITES) for number in range(1, EACH * len(Entity) + 1)]
    for row, entity in enumerate(Entity):
        for column, person in enumerate(one for one in people if one.case.entity is entity):
            corner = column * (3 * TILE[0] + GAP), row * (TILE[1] + HEADING)
            ImageDraw.Draw(result).text((corner[0], corner[1] + 4), heading(person), fill=(255, 255, 0))
            for number, tile in enumerate(tiles(person, seed)):
                result.paste(tile, (corner[0] + number * TILE[0], corner[1] + HEADING))
    return result


def heading(person: Person) -> str:
    case = person.case
    signs = " ".join(sorted(sign.split()[0] for sign in case.signs))
    enhances = "enhances" if case.enhances else ""
    return f"{case.entity}, {case.volume_ml:.1f} ml, {len(case.lesions)}: {signs} {enhances}"


def tiles(person: Person, seed: int) -> Iterator[Image.Image]:
    visit = scan(draw_entity_patient(person, seed))
    lesion = reorient(visit.lesion, "LAS").data > 0
    at = int(lesion.sum(axis=(1, 2)).argmax())
    front = int(np.argwhere(lesion)[:, 1].mean())
    for contrast, outlined in ((Contrast.T2W, False), (Contrast.T2W, True), (Contrast.T1W_GADOLINIUM, False)):
        if contrast in visit.images:
            mask = lesion[at] if outlined else np.zeros_like(lesion[at])
            yield tile(reorient(visit.images[contrast], "LAS"), mask, at, front)


def tile(image: Volume, mask: npt.NDArray[np.bool_], at: int, front: int) -> Image.Image:
    """Show a sagittal slice around a column, head up, with the outline of a mask."""
    plane = image.data[at].astype(np.float64)
    low, high = np.percentile(plane, [1, 99.5])
    grey = (np.clip((plane - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    inner = mask & np.roll(mask, 1, 0) & np.roll(mask, -1, 0) & np.roll(mask, 1, 1) & np.roll(mask, -1, 1)
    pixels = np.stack([grey] * 3, axis=-1)
    pixels[mask & ~inner] = (255, 60, 60)
    half = int(WIDE_MM / 2 / image.spacing[1])
    pixels = pixels[max(front - half, 0) : front + half].transpose(1, 0, 2)[::-1]
    tall = round(TILE[0] * pixels.shape[0] * image.spacing[2] / (pixels.shape[1] * image.spacing[1]))
    whole = Image.fromarray(pixels).resize((TILE[0], tall), Image.Resampling.BICUBIC)
    top = max((tall - TILE[1]) // 2, 0)
    return whole.crop((0, top, TILE[0], top + min(tall, TILE[1])))


if __name__ == "__main__":
    main()
