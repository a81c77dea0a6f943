from pathlib import Path

import pytest

from nnunet_ext.cli.correct.corrected_place import CorrectedPlace
from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import ConflictError, UsageError
from tests.conftest import SmallBids


@pytest.fixture
def lab(tmp_path: Path) -> SmallBids:
    lab = SmallBids(tmp_path / "lab")
    lab.case("sub-1_T2w")
    return lab


def test_it_lies_beside_the_masks_unless_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CorrectedPlace.beside(tmp_path / "masks").out == tmp_path / "masks-corrected"
    (tmp_path / "masks").mkdir()
    monkeypatch.chdir(tmp_path / "masks")
    assert CorrectedPlace.beside(Path()).out == tmp_path / "masks-corrected"


@pytest.mark.parametrize("bids", [True, False])
def test_masks_of_the_labs_names_are_hidden_from_the_bids_validator(lab: SmallBids, *, bids: bool) -> None:
    place = CorrectedPlace.beside(lab.root)
    place.begin(bids=bids)
    assert ("/sub-*" in (place.out / ".bidsignore").read_text().splitlines()) is not bids


def test_it_is_gone_on_in_for_the_same_masks_alone(lab: SmallBids, tmp_path: Path) -> None:
    place = CorrectedPlace(tmp_path / "out", lab.root)
    place.begin(bids=False)
    write_text(place.out / "marks.tsv", "case\taction\n")
    before = (place.out / "dataset_description.json").read_bytes()
    place.refuse_other()
    place.begin(bids=False)
    assert (place.out / "dataset_description.json").read_bytes() == before
    with pytest.raises(ConflictError, match=f"holds corrections of {lab.root}, and those of {tmp_path / 'other'} were"):
        CorrectedPlace(place.out, tmp_path / "other").refuse_other()


def test_a_folder_of_other_things_and_one_in_the_masks_own_are_refused_before_anything_is_written(
    lab: SmallBids, tmp_path: Path
) -> None:
    write_text(tmp_path / "taken" / "notes.txt", "mine")
    assert main(["correct", str(lab.root), "-o", str(tmp_path / "taken")]) == ConflictError.exit_code
    assert main(["correct", str(lab.root), "-o", str(lab.root / "inside")]) == UsageError.exit_code
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["notes.txt"]
    assert not (lab.root / "inside").exists()
