"""What `nnunet_ext predict` left: masks, and beside each a sidecar."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.cell_lists import split_list
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.names import FIRST_CHANNEL, label_name, strip_ending
from nnunet_ext.core.raw_dataset import FILE_ENDING
from nnunet_ext.core.tables import NOTHING, TableRow, read_table
from nnunet_ext.core.target import label_values
from nnunet_ext.report.sources.found import Found
from nnunet_ext.report.sources.json_file import json_file
from nnunet_ext.report.sources.record import CaseRecord, MaskFile

TABLE: Final = "predictions*.tsv"
_FINE: Final = frozenset({"done", "kept"})


def read_predictions(folder: Path) -> Found:
    """Read the folder.

    Parameters
    ----------
    folder
        With `predictions.tsv` and the masks, named in any of the three ways. A mask without a sidecar is not ours and
        is left out.
    """
    tables = [row for path in sorted(folder.glob(TABLE)) for row in read_table(path, ["case", "status"])]
    records = {row["case"]: _of_row(row) for row in tables}
    problems = []
    facts: dict[str, str] = {}
    for path in sorted(folder.rglob("[!.]*.json")):
        try:
            sidecar = json_file(path)
            with refuse_malformed(path, "the sidecar of a mask was needed", "predict again"):
                found, told = list(_of_sidecar(path, sidecar, records)), _facts(sidecar)
        except FileRefusedError as error:
            problems.append(f"{path.relative_to(folder)}: {error.reason}")
            continue
        for record in found:
            known = records.get(record.name)
            records[record.name] = record if known is None else _joined(known, record)
        facts |= told
    return Found("predictions", tuple(records.values()), facts=facts, problems=tuple(problems))


def _of_row(row: TableRow) -> CaseRecord:
    refused = row.get("status", "done") not in _FINE
    volumes = {
        column: value for column in row if column.startswith("volume_") and (value := row.number(column)) is not None
    }
    return CaseRecord(
        row["case"],
        reason=row.get("reason", row["status"]) if refused else "",
        values={f"pred_{column}": value for column, value in volumes.items()},
        warnings=split_list(row.get("warnings", NOTHING)),
    )


def _joined(known: CaseRecord, record: CaseRecord) -> CaseRecord:
    # Tables of earlier versions cut a sentence of a sidecar in two where it held a semicolon.
    own = tuple(text for text in known.warnings if not any(text in told for told in record.warnings))
    known = replace(known, warnings=own)
    return replace(known.merged(record), prediction={**known.prediction, **record.prediction})


def _of_sidecar(path: Path, sidecar: Mapping[str, Any], known: Mapping[str, CaseRecord]) -> Iterator[CaseRecord]:
    mask = path.with_name(path.name.removesuffix(".json") + FILE_ENDING)
    inputs = sidecar.get("Inputs")
    if not mask.is_file() or not isinstance(inputs, list) or "SpatialReference" not in sidecar:
        return
    regions: dict[str, MaskFile] = {}
    if isinstance(sidecar.get("Region"), str):
        regions[sidecar["Region"]] = MaskFile(mask)
    elif isinstance(sidecar.get("Labels"), dict):
        regions = {name: MaskFile(mask, label_values(values)) for name, values in sidecar["Labels"].items()}
    if not regions:
        return
    case = _case(mask, inputs, known)
    uncertain = {region: file for region in regions if (file := _disagreement(mask, region)).is_file()}
    yield CaseRecord(
        case, prediction=regions, uncertain=uncertain, warnings=tuple(map(str, sidecar.get("Warnings", ())))
    )


def _case(mask: Path, inputs: list[Any], known: Mapping[str, CaseRecord]) -> str:
    """Name the case as `predictions.tsv` does: the image's stem, with nnU-Net's channel taken off."""
    image = str(next(iter(inputs[0].values()), "")) if inputs and isinstance(inputs[0], dict) else ""
    stem = strip_ending(Path(image).name or mask.name)
    bare = stem.removesuffix(FIRST_CHANNEL)
    return stem if stem in known else bare


def _disagreement(mask: Path, region: str) -> Path:
    """Name the image of the folds' disagreement, as `predict --disagreement` does."""
    stem = mask.name.removesuffix(FILE_ENDING)
    for ending in ("_mask", "_seg"):
        if stem.endswith(ending):
            return mask.with_name(stem.removesuffix(ending) + "_disagreement" + FILE_ENDING)
    return mask.parent / "disagreement" / f"{stem}_label-{label_name(region)}_disagreement{FILE_ENDING}"


def _facts(sidecar: Mapping[str, Any]) -> dict[str, str]:
    made = sidecar.get("GeneratedBy")
    if not isinstance(made, list) or not made or not isinstance(made[0], dict) or "Inputs" not in sidecar:
        return {}
    versions = sidecar.get("Versions", {})
    with_them = "".join(f", {name} {text}" for name, text in versions.items()) if isinstance(versions, dict) else ""
    return {"predicted by": f"{made[0].get('Name', '')} {made[0].get('Version', '')}{with_them}"}
