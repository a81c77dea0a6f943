"""The scores of every image of a pool, `scores.tsv`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.scores.fill_table import Told, fill_table
from nnunet_ext.active_learning.scores.score_case import ABOUT, COLUMNS, Scorer, score_case
from nnunet_ext.cascade.prediction.read_images import CaseImages, InputCase, read_images
from nnunet_ext.core.cell_lists import PATHS, join_list, split_list
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import Row


@dataclass(frozen=True)
class PoolImage:
    """An image of the pool.

    Parameters
    ----------
    about
        Its row in the pool's table: at least the columns `ABOUT`.
    files
        Where its channels lie.
    """

    about: Row
    files: InputCase

    @classmethod
    def of_row(cls, row: Row, root: Path) -> "PoolImage":
        """Take it from a row of the pool or of a query, whose images lie in the dataset's folder `root`."""
        images = split_list(row["image"])
        return cls(row, InputCase(row["case"], tuple(root / image for image in images), images))


def score_pool(
    images: Sequence[PoolImage],
    scorer_of: Callable[[PoolImage], Scorer],
    table: Path,
    told: Told = lambda done, of: None,
) -> dict[str, str]:
    """Score a pool, an image at a time.

    What is held at once is one image with what the model says of it; nothing but the table is written.

    Parameters
    ----------
    images
        In the order of the table.
    scorer_of
        Gives the models of an image: of those that come with the package, those that suit its contrast.
    table
        Is written after each image. A row that stands there is kept where image and models are the same.
    told
        Hears how many of how many images are done.

    Returns
    -------
    dict
        The cases that could not be scored, and why; the next run tries them again.

    Raises
    ------
    FileRefusedError
        Where another table stands under that name.
    """
    by_case = {image.about["case"]: image for image in images}
    wanted = {
        case: {**{column: image.about[column] for column in ABOUT}, "model_sha256": scorer_of(image).model_sha256}
        for case, image in by_case.items()
    }

    def make(case: str) -> Row:
        image = by_case[case]
        return score_case(image.about, read_as_planned(image).volumes, scorer_of(image))

    return fill_table(table, COLUMNS, wanted, ("image_sha256", "model_sha256"), make, told)


def read_as_planned(image: PoolImage) -> CaseImages:
    """Read an image that is still what it was when the pool was listed.

    Raises
    ------
    DataRefusedError
        Where a channel has other bytes, or cannot be read.
    """
    found = read_images(image.files)
    if join_list((channel["SHA256"] for channel in found.inputs), PATHS) != image.about["image_sha256"]:
        raise DataRefusedError(
            f"{image.about['image']}: changed on the disk since the pool was listed; run the same command again"
        )
    return found
