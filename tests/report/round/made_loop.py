"""A loop whose first round was given out, made on the fly: a small pool, predictions, tables, a journal."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.exchange.chosen_case import ChosenCase
from nnunet_ext.active_learning.exchange.rater_folder import ExchangeSettings
from nnunet_ext.active_learning.exchange.write_exchange import write_exchange
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.query.choose import QUERY_COLUMNS
from nnunet_ext.active_learning.query.round_choice import RoundChoice
from nnunet_ext.active_learning.round_state import BEGUN, EXCHANGED
from nnunet_ext.active_learning.scores.score_case import COLUMNS as SCORES
from nnunet_ext.active_learning.scores.suspects import COLUMNS as SUSPECTS
from nnunet_ext.active_learning.settings import ActiveSettings, write_settings
from nnunet_ext.active_learning.training.forgetting import FORGETTING_COLUMNS
from nnunet_ext.active_learning.training.matrix import MATRIX_COLUMNS
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import Row, table_text
from nnunet_ext.core.target import load_target
from tests.conftest import SmallBids

STEMS: Final = ("sub-1_T2w", "sub-2_T2w", "sub-3_T2w")
WHY: Final = "the 5 folds disagree about the lesion (score 0.2, number 1 of 9)"


@dataclass(frozen=True)
class MadeLoop:
    """Folders of a loop.

    Parameters
    ----------
    root
        Of all.
    raters
        Every case goes to all of them.
    """

    root: Path
    raters: tuple[str, ...] = ()

    @property
    def rounds(self) -> Rounds:
        return Rounds(self.root / "rounds")

    @property
    def one(self) -> Round:
        return self.rounds.round(1)

    @property
    def pool(self) -> SmallBids:
        return SmallBids(self.root / "zurich")

    def make(self) -> "MadeLoop":
        settings = ActiveSettings(
            "cord-lesion", (f"zurich={self.pool.root}",), model="cord-lesion", raters=self.raters, every_rater=True
        )
        write_settings(self.rounds.settings, settings)
        journal = Journal(self.rounds.journal)
        journal.append(BEGUN, {"persons": [], "cases": [], "plans": {}})
        rows = [row for number, stem in enumerate(STEMS, start=1) for row in self._asked(number, stem)]
        write_text(self.one.query, table_text(rows, QUERY_COLUMNS))
        scores = [{**dict.fromkeys(SCORES, "n/a"), **self._about(stem), "cord_mm3": "900"} for stem in STEMS]
        scores[0]["alarms"] = "broken cord"
        write_text(self.one.scores, table_text(scores, SCORES))
        RoundChoice(self.rounds, self.one).write_down({"scored": 3, "notes": ["one place stays empty"], "unscored": {}})
        how = ExchangeSettings(load_target("cord-lesion"))
        write_exchange(self.one.to_correct, self._given(rows), how, {"zurich": self.pool.root})
        journal.append(EXCHANGED, {"round": 1})
        return self

    def folder(self, rater: str = "") -> Path:
        return self.one.to_correct / rater

    def edit(self, stem: str, rater: str = "", at: tuple[int, int, int] = (7, 9, 3)) -> None:
        """Let a rater save one voxel more of lesion, in place."""
        (path,) = [file for file in self.folder(rater).rglob(f"{stem}*lesion*.nii.gz") if "predicted" not in file.parts]
        mask = read_mask(path)
        data = mask.data.copy()
        data[at] = 1 - data[at]
        write_mask(path, data, mask.affine)

    def mark(self, marks: Mapping[str, str], rater: str = "") -> None:
        """Let a rater save `qc.json`."""
        cases = [{"case": f"zurich_{stem}", "mark": mark, "regions": [], "comment": ""} for stem, mark in marks.items()]
        write_json(self.folder(rater) / "qc.json", {"cases": cases})

    def trained(self, matrix: Sequence[Row], forgetting: Sequence[Row]) -> None:
        """Write what training leaves."""
        write_text(self.rounds.matrix, table_text(matrix, MATRIX_COLUMNS))
        write_text(self.rounds.forgetting, table_text(forgetting, FORGETTING_COLUMNS))
        write_json(self.one.folder / "train.json", {"minutes": 42.0})

    def suspected(self, reasons: Mapping[str, str]) -> None:
        """Write `suspects.tsv`."""
        about = {"fold": "0", "missing_lesion_mm3": "54", "site": "north"}
        rows = [
            {**dict.fromkeys(SUSPECTS, "n/a"), **about, "case": case, "reason": why} for case, why in reasons.items()
        ]
        write_text(self.one.suspects, table_text(rows, SUSPECTS))

    def embedded(self, page: Path) -> list[Mapping[str, object]]:
        """Give what the page's script knows of the cases."""
        text = page.read_text(encoding="utf-8")
        data = text.partition('<script type="application/json" id="data">')[2].partition("</script>")[0]
        cases: list[Mapping[str, object]] = json.loads(data)["cases"]
        return cases

    def _about(self, stem: str) -> dict[str, str]:
        image = next(self.pool.root.glob(f"sub-*/anat/{stem}.nii.gz"), None) or self.pool.image(stem)
        return {
            "case": f"zurich_{stem}", "dataset": "zurich", "subject": stem.partition("_")[0], "session": "n/a",
            "site": "zurich", "contrast": "T2w", "image": image.relative_to(self.pool.root).as_posix(),
            "image_sha256": sha256(image), "model_sha256": "ab" * 32,
        }  # fmt: skip

    def _asked(self, number: int, stem: str) -> list[dict[str, str]]:
        why = f"{WHY}; to be checked: broken cord" if number == 1 else WHY
        row = {"rank": str(number), "stratum": "lesion", "strategy": "strata", "score": "0.2", "reason": why}
        return [{**self._about(stem), **row, "rater": rater or "n/a"} for rater in self.raters or ("",)]

    def _given(self, rows: Sequence[Row]) -> list[ChosenCase]:
        drawn = {stem: self.pool.labels(stem) for stem in STEMS}
        masks = {stem: {region: read_mask(file) for region, file in files.items()} for stem, files in drawn.items()}
        shutil.rmtree(self.pool.root / "derivatives")
        return [
            ChosenCase.of_row(row, self.pool.root, masks[row["case"].removeprefix("zurich_")], "ab" * 32)
            for row in rows
        ]
