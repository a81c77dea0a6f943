"""`nnunet_ext agreement --raters`: masks of the same cases by several raters."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from pathlib import Path

from nnunet_ext.cli.agreement.inputs import method_names
from nnunet_ext.cli.agreement.methods import Agreement
from nnunet_ext.cli.agreement.place import claim, write_agreement
from nnunet_ext.cli.agreement.publish import left_out_row
from nnunet_ext.cli.agreement.words import Columns, cells, figure, left_out_words, rater_lines
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import ADOPTED_WITHIN, apart
from nnunet_ext.core.mask import refuse_several
from nnunet_ext.core.names import image_stem
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.output_place import OutputPlace
from nnunet_ext.core.tables import Row
from nnunet_ext.core.volume import Array
from nnunet_ext.core.workers import run_all
from nnunet_ext.dataset_conversion.raters import CONSENSUS
from nnunet_ext.evaluation.agreement.align import LeftOut
from nnunet_ext.evaluation.agreement.rater_summary import rater_summary, volume_agreement
from nnunet_ext.evaluation.agreement.raters import OF_OTHERS, RaterAgreement, rater_agreement
from nnunet_ext.report.agreement_page import AgreementContent
from nnunet_ext.report.plots.raincloud import raincloud
from nnunet_ext.report.section import Picture, Section


@dataclass(frozen=True)
class AgreementOfRaters:
    """Compare raters.

    Parameters
    ----------
    agreement
        Its inputs are folders of a rater each, two at least, with masks of the same names; how values of methods are
        compared says nothing here.
    n_procs
        Processes.
    """

    agreement: Agreement
    n_procs: int

    def run(self) -> int:
        """Compare, write, and say what was found; 3 where a mask was refused."""
        asked = self.agreement
        place = claim(asked.out, asked.inputs, {"raters": asked.inputs, "names": asked.names}, force=asked.force)
        raters = dict(zip(method_names(asked.inputs, asked.names), map(_masks, asked.inputs), strict=True))
        every = sorted(set().union(*raters.values()))
        without = {case: [name for name, masks in raters.items() if case not in masks] for case in every}
        cases = [(case, {name: masks[case] for name, masks in raters.items()}) for case in every if not without[case]]
        if not cases:
            raise DataRefusedError(
                "masks of the same names in every rater's folder were needed, found none in all of them: "
                f"{', '.join(every[:5]) or 'no mask'}"
            )
        with progress_bar("agreement of raters", "case") as progress:
            done = run_all(_compare, cases, (), self.n_procs, progress)
        rows = [row for result in done if not isinstance(result, LeftOut) for row in result]
        refused = [result for result in done if isinstance(result, LeftOut)]
        missing = [
            LeftOut(case, "", "", "", "", f"no mask of {', '.join(names)}") for case, names in without.items() if names
        ]
        summary = _publish(place, list(raters), rows, [*missing, *refused])
        self._tell(summary, [*missing, *refused])
        return DataRefusedError.exit_code if refused else 0

    def _tell(self, summary: Sequence[Row], left_out: Sequence[LeftOut]) -> None:
        for case in left_out:
            print(f"nnunet_ext agreement: warning: {case.case}: not compared: {case.reason}", file=sys.stderr)
        if self.agreement.json:
            print(json.dumps({"out": str(self.agreement.out), "raters_summary.tsv": list(summary)}, ensure_ascii=False))
            return
        print("\n".join(rater_lines(summary)))
        print(f"{self.agreement.out}: tables, a figure, and everything on one page in agreement.html")


def _masks(folder: Path) -> dict[str, Path]:
    """Find the masks of a rater, by their place in the folder without ending."""
    if not folder.is_dir():
        raise DataRefusedError(f"{folder}: a folder of masks was needed")
    found: dict[str, Path] = {}
    for file in sorted(path for path in folder.rglob("*") if image_stem(path.name) is not None):
        case = file.relative_to(folder).with_name(image_stem(file.name) or "").as_posix()
        if case in found:
            raise DataRefusedError(f"{folder}: one mask a case was needed, found two of {case}")
        found[case] = file
    return found


def _compare(case: tuple[str, Mapping[str, Path]]) -> list[RaterAgreement] | LeftOut:
    name, files = case
    try:
        masks, voxel_volume_mm3 = _read(files)
    except DataRefusedError as error:
        reason = f"{error.path.name}: {error.reason}" if isinstance(error, FileRefusedError) else str(error)
        return LeftOut(name, "", "", "", "", reason)
    return rater_agreement(name, masks, CONSENSUS, voxel_volume_mm3)


def _read(files: Mapping[str, Path]) -> tuple[dict[str, Array], float]:
    volumes = {rater: read_mask(path) for rater, path in files.items()}
    first, *_ = volumes.values()
    for rater, volume in volumes.items():
        refuse_several(files[rater], volume.data, "region", f" in the mask of {rater}")
        off = apart(volume, first)
        if off is None:
            shapes = f"{volume.data.shape}, not {first.data.shape}"
            raise FileRefusedError(files[rater], f"{rater}: one grid was needed, found a shape of {shapes}")
        if off.rms_voxels > ADOPTED_WITHIN:
            found = f"found one {off.rms_voxels:.2f} voxels away"
            raise FileRefusedError(files[rater], f"{rater}: one grid was needed, {found}")
    return {rater: volume.data for rater, volume in volumes.items()}, first.voxel_volume_mm3


def _publish(
    place: OutputPlace, raters: Sequence[str], rows: Sequence[RaterAgreement], left_out: Sequence[LeftOut]
) -> list[dict[str, str]]:
    summary = rater_summary(rows)
    icc, between = volume_agreement([row for row in rows if row.against == next(iter(CONSENSUS))])
    tables: dict[str, Sequence[Row]] = {
        "raters.tsv": [as_row(asdict(row)) for row in rows],
        "raters_summary.tsv": summary,
        "not_compared.tsv": [left_out_row(case) for case in left_out],
    }
    figures = _figures(raters, rows)
    agreed = "–" if icc is None else f"{icc:.3f}"
    if between.low is not None and between.high is not None:
        agreed += f" [{between.low:.3f}, {between.high:.3f}]"
    problems = left_out_words({f"{case.case}: {case.reason}": 1 for case in left_out})
    columns: Columns = {
        "Rater": itemgetter("rater"),
        "Against": lambda row: row["against"].replace("_", " "),
        "Cases": itemgetter("n_cases"),
        "Both empty": itemgetter("n_both_empty"),
        "Dice": lambda row: f"{figure(row['mean_dice'])} ± {figure(row['sd_dice'])}",
        "Dice where drawn": lambda row: figure(row["mean_dice_drawn"]),
        "Volume difference (mm³)": lambda row: figure(row["mean_volume_difference_mm3"]),
    }
    drawn = tuple(figures.values())
    note = (
        "A rater is part of majority and staple, and agrees with himself there; those of others are the fair measure."
    )
    page = AgreementContent(
        title="Agreement of raters",
        lead=f"{', '.join(raters)}, on the same {len({row.case for row in rows})} cases.",
        findings=(f"Volumes of all raters, one rater and one image each: ICC(A,1) {agreed}.",),
        problems=tuple(problems),
        sections=(Section("raters", "Raters", "", tuple(columns), cells(columns, summary), note, drawn),),
    )
    facts = {
        "raters": list(raters),
        "volume_icc": {
            "icc": icc,
            "low": between.low,
            "high": between.high,
            "kind": "ICC(A,1) of one rater and one image, McGraw and Wong 1996",
        },
        "majority": "drawn by more than half of the raters; a tie is not drawn",
        "staple": "SimpleITK, whole image, probability above 0.5; it depends on how much background the image has",
        "notes": problems,
    }
    write_agreement(place, tables, figures, page, facts)
    return summary


def _figures(raters: Sequence[str], rows: Sequence[RaterAgreement]) -> dict[str, Picture]:
    drawn = {}
    for consensus in CONSENSUS:
        against = f"{consensus}{OF_OTHERS}"
        dice = {rater: [row.dice for row in rows if (row.rater, row.against) == (rater, against)] for rater in raters}
        title = f"Dice against the {consensus} of the other raters"
        svg = raincloud(dice, ["all"] * len(dice[raters[0]]), title=title, axis="Dice")
        drawn[f"raincloud_dice_{against}.svg"] = Picture(title, title, svg)
    return drawn
