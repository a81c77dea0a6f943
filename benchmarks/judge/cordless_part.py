"""What is found in images that hold no cord."""

from collections.abc import Iterator

from judge.bench import CORD, LESION, LOCALIZER, Bench, read_prediction
from judge.cord_parts import Figures
from judge.cordless_images import above_brainstem, beside_cord, cut, drawn_images, voxels
from judge.volumes import real_volumes
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.volume import Volume

FULL = "t2_full_fov"
FRONT = 170  # of its voxels from the front, throat and face
MODELS = (LOCALIZER, CORD, LESION)


def cordless(bench: Bench) -> Figures | None:
    """Count the voxels that each model calls cord, the localizer first where it is another's."""
    there = [model for model in MODELS if bench.has(model)]
    if not there:
        return None
    images = dict(_images(bench))
    folder = bench.root / "cordless"
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, image in images.items():
        files.append(folder / f"{name}.nii.gz")
        write_image(files[-1], image.data, image.affine)
    rows = [{"image": name} for name in images]
    for model in there:
        out = bench.predict(f"cordless-{model}", model, files, boxed=model != LOCALIZER)
        for row in rows:
            found = read_prediction(out, str(row["image"])).cord
            row[model] = voxels(found)  # type: ignore[assignment]
    counted = CORD if CORD in there else there[0]
    return {
        "images": rows,
        "images_with_cord": sum(bool(row[counted]) for row in rows),
        "voxels_of_cord": sum(int(row[counted]) for row in rows),
        "of": len(rows),
    }


def _images(bench: Bench) -> Iterator[tuple[str, Volume]]:
    yield from drawn_images(bench.seed)
    if bench.brain is not None:
        yield "head-template", above_brainstem(read_volume(bench.brain))
    for one in real_volumes(bench.real):
        labelled = one.load()
        yield from beside_cord(labelled)
        if one.name == FULL:
            front = next(index for index, letter in enumerate(labelled.image.axes) if letter in "AP")
            place = tuple(slice(0, FRONT) if axis == front else slice(None) for axis in range(3))
            yield f"front-of-{FULL}", cut(labelled.image, place)
