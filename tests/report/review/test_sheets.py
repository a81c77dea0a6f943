import numpy as np
import pytest

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Affine, Array, Volume
from nnunet_ext.report.planes import RegionMasks
from nnunet_ext.report.review.apart_sheet import apart_sheet
from nnunet_ext.report.review.sheets import case_sheets
from nnunet_ext.report.review.tile_sheet import Sheet
from tests.report.review_helpers import coloured, drawn, grey

BLUE, PURPLE, VERMILION, YELLOW = (86, 180, 233), (204, 121, 167), (213, 94, 0), (240, 228, 66)
AFFINE: Affine = np.diag([-1.0, 1.0, 3.0, 1.0])  # LAS, as it is shown


def volume() -> tuple[Volume, Array, Array]:
    """A dark cord in bright fluid; a lesion on the patient's right, at the back."""
    x, y, z = np.indices((40, 44, 20))
    cord = (x - 20) ** 2 + (y - 22) ** 2 < 40
    lesion = (abs(x - 17) < 2) & (abs(y - 19) < 2) & (z > 8) & (z < 12)
    fluid = (x - 20) ** 2 + (y - 22) ** 2 < 100
    data = 100 * fluid - 60 * cord + 30 * lesion
    return Volume(data.astype(np.float32), AFFINE), cord, lesion


def sheets(axes: str = "LAS") -> tuple[Sheet, Sheet]:
    image, cord, lesion = volume()
    turned = [reorient(Volume(one, AFFINE), axes).data.astype(np.bool_) for one in (cord, lesion)]
    masks: dict[str, RegionMasks] = {
        "sc": {"reference": turned[0], "prediction": turned[0]},
        "lesion": {"reference": turned[1], "prediction": np.zeros_like(turned[1])},
    }
    return case_sheets(reorient(image, axes), masks)


def test_there_is_a_row_of_sagittal_and_a_mosaic_of_axial_slices() -> None:
    sagittal, axial = sheets()
    assert (sagittal.kind, axial.kind) == ("sagittal", "axial")
    for sheet in (sagittal, axial):
        assert [role for role, _ in sheet.layers] == ["reference", "prediction"]
        for role in ("reference", "prediction"):
            assert drawn(sheet, role).shape[:2] == grey(sheet).shape == sheet.size[::-1]


def test_the_background_holds_no_outline() -> None:
    image, cord, lesion = volume()
    plain = case_sheets(image, {"sc": {"reference": cord}, "lesion": {"reference": lesion}})
    assert [one.background for one in plain] == [one.background for one in sheets()]
    assert [role for role, _ in plain[0].layers] == ["reference"]


def test_the_patients_right_is_on_the_left_and_the_back_at_the_bottom() -> None:
    _, axial = sheets()
    lesion = coloured(drawn(axial, "reference"), PURPLE)
    cord = coloured(drawn(axial, "reference"), BLUE)
    tile = axial.size[1] // 2
    assert lesion.any()
    for column in range(7):
        part = slice(0, tile), slice(column * axial.size[0] // 7, (column + 1) * axial.size[0] // 7)
        if lesion[part].any():
            rows, columns = np.nonzero(lesion[part])
            cord_rows, cord_columns = np.nonzero(cord[part])
            assert columns.mean() < cord_columns.mean()
            assert rows.mean() > cord_rows.mean()


@pytest.mark.parametrize("axes", ["RAS", "PSR", "IRP", "ASL"])
def test_pictures_do_not_depend_on_the_orientation_of_the_file(axes: str) -> None:
    for one, other in zip(sheets(), sheets(axes), strict=True):
        assert one.layers == other.layers
        differs = abs(grey(one).astype(int) - grey(other)) > 40
        assert differs.mean() < 0.01  # only the slice numbers, which are those of the file


def test_reference_and_prediction_differ_in_colour_and_in_line() -> None:
    _, axial = sheets()
    reference = coloured(drawn(axial, "reference"), BLUE)
    prediction = coloured(drawn(axial, "prediction"), VERMILION)
    assert 0.3 < prediction.sum() / reference.sum() < 0.8  # the same mask, drawn in dashes


def test_thick_slices_keep_their_true_proportions() -> None:
    sagittal, _ = sheets()
    tile = (sagittal.size[0] - 8) / 5
    assert sagittal.size[1] / tile == pytest.approx(60 / 44, rel=0.03)


def test_what_the_mosaic_leaves_out_is_said() -> None:
    image, cord, lesion = volume()
    astray = lesion.copy()
    astray[:3, :3, 10] = True
    masks: dict[str, RegionMasks] = {"sc": {"reference": cord}, "lesion": {"reference": astray}}
    _, axial = case_sheets(image, masks)
    assert "cord: 14 of its 20 slices shown" in axial.note
    assert "lesion: 9 voxels of the shown slices lie outside of the pictures" in axial.note


def test_a_case_without_any_mask_is_shown_plain() -> None:
    image, _, _ = volume()
    sagittal, axial = case_sheets(image, {})
    assert sagittal.layers == axial.layers == ()
    assert grey(axial).max() > 200


def test_a_single_slice_is_shown() -> None:
    image = Volume(np.arange(100.0).reshape(10, 10, 1), AFFINE)
    masks: dict[str, RegionMasks] = {"sc": {"reference": np.ones((10, 10, 1), dtype=np.bool_)}}
    for sheet in case_sheets(image, masks):
        assert coloured(drawn(sheet, "reference"), BLUE).any()


def test_a_mask_of_another_shape_is_refused() -> None:
    image, cord, _ = volume()
    with pytest.raises(DataRefusedError, match="region sc"):
        case_sheets(image, {"sc": {"reference": cord[:-1]}})


def false_cord() -> tuple[Volume, dict[str, RegionMasks]]:
    """A prediction that lies in fat, 16 mm behind the cord, with a lesion in it."""
    image, cord, lesion = volume()
    wide = [np.pad(one, ((0, 0), (40, 0), (0, 0))) for one in (image.data, cord, lesion)]
    back = [np.roll(one, -30, axis=1) for one in wide[1:]]
    masks: dict[str, RegionMasks] = {
        "sc": {"reference": wide[1], "prediction": back[0]},
        "lesion": {"reference": wide[2], "prediction": back[1]},
    }
    return Volume(wide[0], AFFINE), masks


def tiles(sheet: Sheet) -> list[tuple[slice, slice]]:
    """Cut a mosaic of 160 pixels a tile."""
    columns, rows = (size // 160 for size in sheet.size)
    return [
        (slice(162 * row, 162 * row + 160), slice(162 * column, 162 * column + 160))
        for row in range(rows)
        for column in range(columns)
    ]


def test_every_axial_picture_shows_the_cord_where_the_prediction_lies_in_fat() -> None:
    image, masks = false_cord()
    _, axial = case_sheets(image, masks)
    reference = coloured(drawn(axial, "reference"), BLUE)
    assert len(tiles(axial)) == 14
    for tile in tiles(axial):
        rows, columns = np.nonzero(reference[tile])
        assert abs(rows.mean() - 80) < 12
        assert abs(columns.mean() - 80) < 12
    assert not coloured(drawn(axial, "prediction"), VERMILION).any()


def test_the_false_cord_is_drawn_where_it_is_in_a_picture_of_its_own() -> None:
    image, masks = false_cord()
    apart = apart_sheet(image, masks)
    assert apart is not None
    axial, sagittal = tiles(apart)
    for tile in (axial, sagittal):
        assert coloured(drawn(apart, "prediction"), VERMILION)[tile].any()
        assert coloured(drawn(apart, "prediction"), YELLOW)[tile].any()  # through its lesion
    assert apart.note.startswith("1 of 1 pieces")


def test_nothing_lies_apart_where_all_is_connected() -> None:
    image, cord, lesion = volume()
    assert apart_sheet(image, {"sc": {"reference": cord}, "lesion": {"prediction": lesion}}) is None
    assert apart_sheet(image, {}) is None


def test_a_leak_out_of_the_cord_is_drawn_as_well_as_what_is_not_connected() -> None:
    image, cord, _ = volume()
    leak = cord.copy()
    leak[20:22, :22, 10] = True
    far = leak.copy()
    far[:2, :2, 3] = True
    wide, narrow = (np.pad(one, ((0, 0), (20, 0), (0, 0))) for one in (far, cord))
    wide[20:22, 2:40, 10] = True
    shown = Volume(np.pad(image.data, ((0, 0), (20, 0), (0, 0))), AFFINE)
    apart = apart_sheet(shown, {"sc": {"reference": narrow, "prediction": wide}})
    assert apart is not None
    assert apart.note.startswith("2 of 2 pieces")


def test_each_lesion_has_its_number_in_the_pictures() -> None:
    image, cord, _ = volume()
    numbers = np.zeros(cord.shape, dtype=np.uint8)
    for number, level in enumerate(range(0, 20, 2), start=1):
        numbers[19:21, 21:23, level] = number
    numbers[0, 0, 0] = 11  # and one far from the cord
    masks: dict[str, RegionMasks] = {"sc": {"reference": cord}, "lesion": {"prediction": numbers > 0}}
    sagittal, axial = case_sheets(image, masks, numbers)
    assert axial.lesions == frozenset(range(1, 11))
    assert sagittal.lesions == frozenset(range(1, 11))
    apart = apart_sheet(image, masks, axial.lesions, numbers)
    assert apart is not None
    assert 11 in apart.lesions
    plain = case_sheets(image, masks)[1]
    assert plain.lesions == frozenset()
    written = coloured(drawn(axial, "prediction"), YELLOW) & ~coloured(drawn(plain, "prediction"), YELLOW)
    assert written.sum() > 100  # yellow, but no outline


def test_lesions_that_no_slice_has_room_for_are_drawn_with_what_lies_apart() -> None:
    shape = (40, 44, 40)
    x, y, _ = np.indices(shape)
    cord = (x - 20) ** 2 + (y - 22) ** 2 < 40
    numbers = np.zeros(shape, dtype=np.uint8)
    for number, level in enumerate(range(0, 40, 2), start=1):
        numbers[16 + number // 3, 22, level] = number
    masks: dict[str, RegionMasks] = {"sc": {"reference": cord}, "lesion": {"prediction": numbers > 0}}
    image = Volume(cord.astype(np.float32), AFFINE)
    shown = frozenset[int]().union(*(sheet.lesions for sheet in case_sheets(image, masks, numbers)))
    apart = apart_sheet(image, masks, shown, numbers)
    assert shown != frozenset(range(1, 21))
    assert apart is not None
    assert shown | apart.lesions == frozenset(range(1, 21))
