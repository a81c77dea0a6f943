"""A case's table with the Spinal Cord Toolbox's own column names, in its order, for scripts that know them."""

from typing import Final

from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.tables import table_text
from nnunet_ext.evaluation.biomarkers.measured_case import CaseStatus, MeasuredCase, MeasuredLesion

SCT_FOLDER: Final = "sct_tables"

_SIZE: Final = {
    "length [mm]": "length_mm",
    "width [mm]": "width_mm",
    "max_equivalent_diameter [mm]": "max_equivalent_diameter_mm",
    "max_axial_damage_ratio []": "max_axial_damage_ratio",
}
_PLANE: Final = {
    "interpolated_midsagittal_slice": "midsagittal_slice",
    "length_interpolated_midsagittal_slice [mm]": "midsagittal_length_mm",
    "width_interpolated_midsagittal_slice [mm]": "midsagittal_width_mm",
    "interpolated_dorsal_bridge_width [mm]": "dorsal_bridge_mm",
    "interpolated_ventral_bridge_width [mm]": "ventral_bridge_mm",
    "interpolated_total_bridge_width [mm]": "total_bridge_mm",
    "dorsal_bridge_ratio [%]": "dorsal_bridge_ratio_percent",
    "ventral_bridge_ratio [%]": "ventral_bridge_ratio_percent",
}
_SIDES: Final = ("dorsal", "ventral", "total")


def sct_file(case: str) -> str:
    """Name a case's table below the output folder."""
    return f"{SCT_FOLDER}/{case}_analysis.tsv"


def sct_table(case: MeasuredCase) -> str:
    """Write a case as `sct_analyze_lesion` names things (`<mask>_analysis.xlsx`), as tab-separated text.

    Columns of single sagittal slices follow at the end, in the order in which the lesions meet them from right to left;
    without a cord mask there are label and volume alone.
    """
    with_cord = case.status is CaseStatus.MEASURED
    shown = {f"mean_{case.image}": "mean", f"std_{case.image}": "sd"} if case.image else {}
    slices = list(dict.fromkeys(bridge.slice for bridge in case.bridges))
    by_slice = {_column(at, side): (at, side) for at in slices for side in _SIDES}
    size, plane = (_SIZE, _PLANE) if with_cord else ({}, {})
    columns = ["label", "volume [mm3]", *size, *shown, *plane, *by_slice]
    bridges = {(bridge.lesion, bridge.slice): bridge for bridge in case.bridges}
    rows = []
    for lesion in case.lesions:
        values = {name: getattr(lesion.biomarkers, field) for name, field in {**size, **plane}.items()}
        values |= {name: _shown(lesion, field) for name, field in shown.items()}
        for name, (at, side) in by_slice.items():
            bridge = bridges.get((lesion.biomarkers.lesion, at))
            values[name] = None if bridge is None else getattr(bridge, f"{side}_bridge_mm")
        values |= {"label": lesion.biomarkers.lesion, "volume [mm3]": lesion.biomarkers.volume_mm3}
        rows.append(as_row(values))
    return table_text(rows, columns)


def _column(at: int, side: str) -> str:
    return f"slice_{at}_{side}_bridge_width [mm]"


def _shown(lesion: MeasuredLesion, field: str) -> float | None:
    value: float | None = getattr(lesion.intensity, field, None)
    return value
