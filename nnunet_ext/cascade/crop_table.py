"""`crop.tsv`: what was cropped of each case, and what its columns mean."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.cascade.crop_case import CroppedCase
from nnunet_ext.core.tables import NOTHING, table_text

_FACES: Final = tuple(field.name for field in fields(Margins))

COLUMNS: Final = {
    "case": "Name of the case",
    "split": "train, or test for all that is not trained on",
    "box": "Voxels that were kept along the three axes of the file, first:last+1, with ; between them",
    **{
        f"margin_{face}_mm": f"Margin drawn for the {face} face of the box around the predicted cord" for face in _FACES
    },
    "kept_share": "Share of the image's voxels that the box holds",
    "label_voxels_at_risk": "Annotated label voxels outside the box that was drawn",
    "widened": "Whether the box was widened to hold them all; only boxes that are trained on are",
    "label_voxels_in_zeros": "Annotated label voxels that nnU-Net's crop cuts as the image is zero from there outwards",
    "whole_image": "Why the whole image was kept; n/a where it was boxed",
    "fold": "Fold of the network that predicted the cord; n/a where its folder does not say",
}


@dataclass(frozen=True)
class CropCounts:
    """What became of the cases.

    Parameters
    ----------
    cases
        All of them.
    whole_image
        Those that fell back to the whole image.
    widened
        Those whose box was widened to hold their labels.
    label_voxels_at_risk
        Of training cases, outside the boxes that were drawn; none was lost.
    test_label_voxels_outside
        Of other cases, outside their box: a model cannot find these.
    label_voxels_in_zeros
        See `CroppedCase`.
    median_kept_share
        Of the boxed images' voxels; 1 where none was boxed.
    """

    cases: int
    whole_image: int
    widened: int
    label_voxels_at_risk: int
    test_label_voxels_outside: int
    label_voxels_in_zeros: int
    median_kept_share: float


def crop_row(case: CroppedCase) -> dict[str, str]:
    """Give a case's row of `crop.tsv`; a missing value is ``n/a``."""
    drawn = case.margins.by_face() if case.margins is not None else {}
    return {
        "case": case.source.case,
        "split": case.source.split,
        "box": _box_text(case.box),
        **{f"margin_{face}_mm": f"{drawn[face]:.3f}" if face in drawn else NOTHING for face in _FACES},
        "kept_share": f"{case.kept_share:.4f}",
        "label_voxels_at_risk": _number(case.label_voxels_outside),
        "widened": "yes" if case.widened else "no",
        "label_voxels_in_zeros": _number(case.label_voxels_in_zeros),
        "whole_image": case.whole_image or NOTHING,
        "fold": (case.source.cord.fold if case.source.cord is not None else "") or NOTHING,
    }


def crop_tsv(cases: Sequence[CroppedCase]) -> str:
    """Write `crop.tsv`, a row for each case in their given order."""
    return table_text((crop_row(case) for case in cases), list(COLUMNS))


def crop_counts(cases: Sequence[CroppedCase]) -> CropCounts:
    """Count what became of the cases."""
    trained = [case for case in cases if case.source.split == "train"]
    others = [case for case in cases if case.source.split != "train"]
    shares = sorted(case.kept_share for case in cases if not case.whole_image)
    return CropCounts(
        cases=len(cases),
        whole_image=sum(bool(case.whole_image) for case in cases),
        widened=sum(case.widened for case in cases),
        label_voxels_at_risk=sum(case.label_voxels_outside or 0 for case in trained),
        test_label_voxels_outside=sum(case.label_voxels_outside or 0 for case in others),
        label_voxels_in_zeros=sum(case.label_voxels_in_zeros or 0 for case in cases),
        median_kept_share=round(shares[len(shares) // 2], 4) if shares else 1.0,
    )


def _box_text(box: Box | None) -> str:
    if box is None:
        return NOTHING
    return ";".join(f"{start}:{stop}" for start, stop in box.ends)


def _number(count: int | None) -> str:
    return NOTHING if count is None else str(count)
