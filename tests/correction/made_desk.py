"""A desk made on the fly, served, and what a page would ask of it."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from nnunet_ext.active_learning.ingest.opinion import LesionPolicy
from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.cascade.prediction.case_files import sidecar_of
from nnunet_ext.core.labels import Mask
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import read_table
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Affine, Array
from nnunet_ext.correction.desk import Desk, desk_regions
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.draft import Draft
from nnunet_ext.correction.open_case import open_case
from nnunet_ext.correction.runs import runs_of
from nnunet_ext.correction.save_case import save_case
from nnunet_ext.correction.server import serve
from nnunet_ext.correction.settle import Settled, settle
from tests.conftest import SmallBids

STEMS = ("sub-1_T2w", "sub-2_T2w")
ASSETS = {"index.html": (b"<!doctype html>", "text/html; charset=utf-8"), "desk.js": (b"1", "text/javascript")}
REGIONS = ("sc", "lesion")
NOW = datetime(2026, 1, 2, 3, 4, 5)


@dataclass(frozen=True)
class MadeDesk:
    """Cases with images, masks and probabilities below a folder."""

    root: Path
    rater: str = "ann"
    stems: tuple[str, ...] = STEMS
    policy: LesionPolicy = "refuse"
    affine: Affine | None = None

    def make(self) -> "MadeDesk":
        bids = SmallBids(self.root / "site")
        for stem in self.stems:
            bids.image(stem, self.affine)
            for region, path in bids.labels(stem, affine=self.affine).items():
                mask = read_mask(path)
                write_image(self.probability(stem, region), mask.data * np.float32(0.8), mask.affine)
        return self

    def image(self, stem: str = STEMS[0]) -> Path:
        return self.root / "site" / _subject(stem) / "anat" / f"{stem}.nii.gz"

    def given(self, stem: str = STEMS[0], region: str = "lesion") -> Path:
        return self.root / "site" / "derivatives" / "labels" / _subject(stem) / "anat" / _name(stem, region)

    def output(self, stem: str = STEMS[0], region: str = "lesion") -> Path:
        return self.place / "derivatives" / "labels" / _subject(stem) / "anat" / _name(stem, region)

    def probability(self, stem: str, region: str) -> Path:
        return self.root / "probabilities" / _name(stem, region)

    @property
    def place(self) -> Path:
        return self.root / "desk"

    @property
    def desk(self) -> Desk:
        cases = [
            DeskCase(
                number,
                stem,
                self.image(stem),
                "",
                {region: self.given(stem, region) for region in REGIONS},
                {region: self.output(stem, region) for region in REGIONS},
                {region: self.probability(stem, region) for region in REGIONS},
                reason="folds differ",
                score="0.7",
            )
            for number, stem in enumerate(self.stems, start=1)
        ]
        regions = desk_regions(load_target("cord-lesion"))
        return Desk("Round 1", self.rater, tuple(cases), regions, self.place, self.policy)

    def mask(self, region: str = "lesion", stem: str = STEMS[0]) -> Array:
        return read_mask(self.given(stem, region)).data > 0

    def save(self, masks: Mapping[str, Mask], action: Action = Action.EDIT, **said: Any) -> Settled:  # noqa: ANN401 - of a draft
        """Settle and save the first case as the server does, at a fixed time."""
        return save_on(self.desk, masks, action, **said)

    def drawn(self, lesion: Array | None = None, stem: str = STEMS[0]) -> dict[str, Mask]:
        """The masks as given, with other lesions where they are named."""
        return {"sc": self.mask("sc", stem), "lesion": self.mask("lesion", stem) if lesion is None else lesion}

    def rows(self, table: str = "marks.tsv") -> list[dict[str, str]]:
        """Rows of a table of the desk."""
        return [dict(row) for row in read_table(self.place / table)]

    def made_by(self, region: str = "lesion", stem: str = STEMS[0]) -> list[dict[str, Any]]:
        """`GeneratedBy` of the sidecar of what was saved."""
        entries = read_json_object(sidecar_of(self.output(stem, region)))["GeneratedBy"]
        assert isinstance(entries, list)
        return entries

    def more(self, at: tuple[int, int, int] = (9, 11, 10)) -> Array:
        """The lesions as given, and one voxel more, in the cord."""
        mask = self.mask().copy()
        mask[at] = True
        return mask


def save_on(desk: Desk, masks: Mapping[str, Mask], action: Action = Action.EDIT, **said: Any) -> Settled:  # noqa: ANN401 - of a draft
    """Settle and save the first case of a desk."""
    opened = open_case(desk, desk.cases[0])
    draft = Draft({region: runs_of(np.asarray(mask, np.bool_)) for region, mask in masks.items()}, **said)
    settled = settle(desk, opened, draft, action, NOW)
    save_case(desk, opened, settled)
    return settled


@dataclass(frozen=True)
class Said:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever it is
        return json.loads(self.content)


@dataclass(frozen=True)
class Tab:
    """What a tab asks, over a real socket."""

    address: str
    name: str = "tab-1"
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Said:
        place = urlsplit(self.address)
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
        try:
            sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
            connection.request(method, place.path + path, body, sent)
            answer = connection.getresponse()
            return Said(answer.status, dict(answer.headers.items()), answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Said:
        return self.ask("GET", path, None, **headers)

    def post(self, path: str, content: object, **headers: str) -> Said:
        return self.ask("POST", path, json.dumps(content).encode(), **{"Content_Type": "application/json", **headers})

    def open(self, number: int = 1) -> Said:
        return self.post(f"case/{number}/open", {"tab": self.name})

    def draft(self, masks: Mapping[str, Mask], number: int = 1, **more: object) -> Said:
        return self.post(f"case/{number}/draft", self.body(masks, **more))

    def save(self, masks: Mapping[str, Mask], action: str = "edit", number: int = 1, **more: object) -> Said:
        return self.post(f"case/{number}/save", self.body(masks, action=action, **more))

    def body(self, masks: Mapping[str, Mask], **more: object) -> dict[str, object]:
        return {
            "tab": self.name,
            "masks": {region: {"runs": runs_of(mask).ravel().tolist()} for region, mask in masks.items()},
            "said": {"absent": [], "comment": ""},
            "effort": {"seconds": 0.0, "clicks": 3, "strokes": 2, "tools": {"brush": 2, "remove": 1}},
            **more,
        }


@contextmanager
def served(made: MadeDesk, **more: Any) -> Iterator[Tab]:  # noqa: ANN401 - what `serve` takes
    """Serve a desk while the block runs."""
    with serve(made.desk, ASSETS, **more) as serving:
        yield Tab(serving.address)


@dataclass(frozen=True)
class Apart:
    """A server in a process of its own."""

    tab: Tab
    process: BaseProcess

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.join()


@contextmanager
def served_apart(made: MadeDesk) -> Iterator[Apart]:
    """Serve a desk from another process while the block runs."""
    forking = get_context("fork")
    told, telling = forking.Pipe(duplex=False)
    process = forking.Process(target=_serve_on, args=(made, telling))
    process.start()
    try:
        yield Apart(Tab(told.recv()), process)
    finally:
        process.kill()
        process.join()


def _serve_on(made: MadeDesk, telling: Connection) -> None:
    with serve(made.desk, ASSETS) as serving:
        telling.send(serving.address)
        serving.wait()


def _subject(stem: str) -> str:
    return stem.partition("_")[0]


def _name(stem: str, region: str) -> str:
    return f"{stem}_label-{'SC' if region == 'sc' else region}_seg.nii.gz"
