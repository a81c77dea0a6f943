from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.ledger import Conversion
from nnunet_ext.dataset_conversion.participants import Participants, read_participants
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import ParticipantColumns, Profile, load_profile
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.conftest import SmallBids

COLUMNS = ParticipantColumns(
    site=("institution_id", "institution"), pathology=("pathology_M0", "pathology"), healthy=("HC", "volunteer")
)


def read(folder: Path, text: str | bytes, columns: ParticipantColumns = COLUMNS) -> Participants:
    content = text if isinstance(text, bytes) else text.encode("utf-8")
    (folder / "participants.tsv").write_bytes(content)
    return read_participants(folder, columns)


def test_the_first_column_that_has_a_value_counts(tmp_path: Path) -> None:
    found = read(tmp_path, (
        "participant_id\tinstitution\tinstitution_id\tpathology\tpathology_M0\n"
        "sub-1\tUniversity\tuni\tHC\tMS\nsub-2\tUniversity\tn/a\tHC\t\nsub-3\tn/a\t\tn/a\tn/a\n"
    ))  # fmt: skip
    assert found.sites == {"sub-1": "uni", "sub-2": "University"}
    assert found.pathologies == {"sub-1": "MS", "sub-2": "HC"}
    assert found.healthy == {"sub-2"}


@pytest.mark.parametrize(
    "cell", ["", " ", "-", "n/a", "N/A", "NA", "nan", "NaN", "None", "unknown", "Unknown", "unknwon"]
)
def test_ways_to_say_nothing_are_no_site_and_no_pathology(tmp_path: Path, cell: str) -> None:
    found = read(tmp_path, f"participant_id\tinstitution\tpathology\nsub-1\t{cell}\t{cell}\nsub-2\tuni\tHC\n")
    assert found == Participants({"sub-2": "uni"}, {"sub-2": "HC"}, frozenset({"sub-2"}))


@given(word=st.sampled_from(["HC", "volunteer"]), upper=st.booleans(), blanks=st.sampled_from(["", " ", "  "]))
def test_healthy_is_healthy_in_any_case_and_with_blanks(
    tmp_path_factory: pytest.TempPathFactory, word: str, upper: bool, blanks: str
) -> None:
    written = f"{blanks}{word.upper() if upper else word.lower()}{blanks}"
    found = read(tmp_path_factory.mktemp("table"), f"participant_id\tpathology\nsub-1\t{written}\nsub-2\tHCM\n")
    assert found.healthy == {"sub-1"}
    assert found.pathologies["sub-1"] == written.strip()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("separator", ["\t", ",", ";"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_table_saved_by_a_spreadsheet_program_is_read_alike(
    tmp_path: Path, encoding: str, ending: str, separator: str
) -> None:
    lines = [separator.join(cells) for cells in (["participant_id", "institution"], ["sub-1", "Genève"], ["sub-2"])]
    found = read(tmp_path, ending.join(lines).encode(encoding))
    assert found.sites == {"sub-1": "Genève"}


def test_participants_without_the_prefix_and_rows_cut_short_are_understood(tmp_path: Path) -> None:
    found = read(tmp_path, "participant_id\tinstitution\tpathology\n01\tuni\tHC\n sub-2 \tuni\n\nsub-3\n\tuni\tHC\n")
    assert found.sites == {"sub-01": "uni", "sub-2": "uni"}
    assert found.healthy == {"sub-01"}


def test_a_row_without_a_participant_is_left_out_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = read(tmp_path, 'participant_id\tinstitution\nsub-1\tuni "A\n\tclinic\nsub-3\tuni\n')
    assert found.sites == {"sub-1": 'uni "A', "sub-3": "uni"}
    assert "participants.tsv: left out, as it has no participant_id: line 3" in caplog.text


AUTO = load_profile("auto").participants


@pytest.mark.parametrize(
    "column",
    [
        *("site", "Site", "SITE ", '"Site"', "Center", "centre", "scanner_site", "Scanner Site", "scan-site"),
        *("institution", "Institution ID", "Hospital", "Site [name]", "site (where)", " Imaging  site"),
    ],
)
def test_a_column_of_sites_is_known_however_it_is_spelt(tmp_path: Path, column: str) -> None:
    found = read(tmp_path, f"participant_id\t{column}\nsub-1\tuni\nsub-2\tn/a\n", AUTO)
    assert found.sites == {"sub-1": "uni"}
    literal = column in AUTO.site
    assert found.said == (() if literal else (f"site: column {column!r} of participants.tsv",))


@pytest.mark.parametrize("column", ["pathology", "Pathology", "DIAGNOSIS", "disease ", "Group"])
def test_a_column_of_pathologies_is_known_however_it_is_spelt(tmp_path: Path, column: str) -> None:
    assert read(tmp_path, f"participant_id\t{column}\nsub-1\tMS\n", AUTO).pathologies == {"sub-1": "MS"}


@pytest.mark.parametrize("column", ["sex", "Sex", "GENDER", "Sex [M/F]", '"sex"'])
def test_a_column_of_sexes_is_known_however_it_is_spelt(tmp_path: Path, column: str) -> None:
    assert read(tmp_path, f"participant_id\t{column}\nsub-1\tFemale\nsub-2\tM\n").sexes == {"sub-1": "f", "sub-2": "m"}


@pytest.mark.parametrize("column", ["Participant_ID", "participant id", "PARTICIPANT-ID ", '"participant_id"'])
@pytest.mark.parametrize("identifier", ["sub-1", "1", "Sub-1", '"sub-1"'])
def test_the_participant_is_known_however_the_column_is_spelt(tmp_path: Path, column: str, identifier: str) -> None:
    assert read(tmp_path, f"{column}\tsite\n{identifier}\tuni\n", AUTO).sites == {"sub-1": "uni"}


def test_units_in_brackets_are_no_part_of_a_column_s_name(tmp_path: Path) -> None:
    columns = ParticipantColumns(site=("field_strength",))
    assert read(tmp_path, "participant_id\tField Strength [T]\nsub-1\t1.5\n", columns).sites == {"sub-1": "1.5"}


def test_of_two_columns_that_could_be_meant_the_profile_s_first_counts_and_that_is_said(tmp_path: Path) -> None:
    table = "participant_id\tHospital\tSite\nsub-1\ta\tb\nsub-2\ta\tB\nsub-3\tb\tb\n"
    found = read(tmp_path, table, AUTO)
    assert found.sites == {"sub-1": "b", "sub-2": "B", "sub-3": "b"}
    assert found.said == (
        "site: column 'Site' of participants.tsv",
        "site: column 'Site' of participants.tsv goes before 'Hospital', which says otherwise of 2 participants",
    )


def test_sites_that_differ_in_case_and_blanks_are_one_site(bids: SmallBids, profile: Profile) -> None:
    spelt = {"sub-1": "Zurich", "sub-2": "zurich ", "sub-3": "Zurich", "sub-4": "ZURICH", "sub-5": "New  York"}
    for subject in spelt:
        bids.case(f"{subject}_T2w")
    bids.participants([{"participant_id": subject, "site": site} for subject, site in spelt.items()])
    done, rows = convert(bids, profile)
    assert {subject: rows[subject]["site"] for subject in spelt} == dict.fromkeys(list(spelt)[:4], "Zurich") | {
        "sub-5": "New York"
    }
    assert done.counts.test == 2  # one of four, and the only one of the other site


def test_without_a_table_or_without_its_columns_nothing_is_known(tmp_path: Path) -> None:
    nothing = Participants({}, {}, frozenset())
    assert read_participants(tmp_path, COLUMNS) == nothing
    assert read(tmp_path, "participant_id\tage\nsub-1\t30\n") == nothing
    assert read(tmp_path, "participant_id\tinstitution\n") == nothing
    assert read(tmp_path, "") == nothing
    assert read(tmp_path, "participant_id\tinstitution\nsub-1\tuni\n", ParticipantColumns()) == nothing


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"subject\tinstitution\nsub-1\tuni\n", "a column participant_id was needed, found subject, institution"),
        (b"subject\tinstitution\nsub-1\tuni\tmore\n", "a column participant_id was needed, found subject, institution"),
        (b"participant_id\tinstitution\nsub-1\tuni\tmore\n", "line 2: as many cells as there are columns"),
        (b"PK\x03\x04participant_id", "found a zip file, such as an .xlsx workbook; save it as UTF-8 text"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DataRefusedError, match=rf"participants\.tsv: .*{words}"):
        read(tmp_path, content)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """`auto`, with healthy people who have no lesions."""
    write_text(tmp_path / "mine.toml", (
        'name = "mine"\nextends = "auto"\n[participants]\npathology = ["pathology"]\nhealthy = ["HC"]\n'
        'healthy_lacks = ["lesion"]\n'
    ))  # fmt: skip
    return load_profile(str(tmp_path / "mine.toml"))


def convert(bids: SmallBids, profile: Profile) -> tuple[Conversion, dict[str, dict[str, str]]]:
    plan = make_plan(name_sources([str(bids.root)]), profile, load_target("cord-lesion"), PlanOptions())
    done = write_dataset(RawDataset.named(bids.root.parent / "raw", 7, "Cord"), plan)
    return done, {row["subject"]: row for row in read_cases(done.dataset.folder)}


def test_a_healthy_person_without_a_lesion_mask_has_none_and_a_patient_s_is_missing(
    bids: SmallBids, profile: Profile
) -> None:
    pathologies = {"sub-1": "HC", "sub-2": "hc", "sub-3": "MS", "sub-4": "n/a", "sub-5": "HC", "sub-6": "HC"}
    for subject in pathologies:
        bids.case(f"{subject}_T2w")
        if subject != "sub-5":
            (bids.root / f"derivatives/labels/{subject}/anat/{subject}_T2w_label-lesion_seg.nii.gz").unlink()
    (bids.root / "derivatives/labels/sub-6/anat/sub-6_T2w_label-SC_seg.nii.gz").unlink()
    bids.case("sub-7_T2w")
    bids.participants([{"participant_id": s, "pathology": p} for s, p in pathologies.items()])
    done, rows = convert(bids, profile)
    for subject, word in (("sub-1", "HC"), ("sub-2", "hc")):
        row = rows[subject]
        assert (row["status"], row["pathology"], row["voxels_lesion"], row["not_annotated"]) == (
            "include",
            word,
            "0",
            "n/a",
        )
        assert f"lesion: no file, and participants.tsv says healthy ({word})" in row["geometry"]
        label = read_mask(done.dataset.label(row["case"], row["split"]))
        assert set(label.data.ravel()) == {0, 1}
    assert all("no lesion mask" in rows[subject]["reason"] for subject in ("sub-3", "sub-4"))
    assert rows["sub-5"]["voxels_lesion"] == "12"  # what somebody drew counts, whatever the table says
    assert "no sc mask" in rows["sub-6"]["reason"]  # healthy people have a cord
    assert (rows["sub-7"]["status"], rows["sub-7"]["pathology"]) == ("include", "n/a")
    assert done.counts.refused == 3


def test_healthy_goes_before_the_policy_for_a_missing_mask(bids: SmallBids, profile: Profile) -> None:
    for subject in ("sub-1", "sub-2", "sub-3"):
        bids.case(f"{subject}_T2w")
    for subject in ("sub-1", "sub-2"):
        (bids.root / f"derivatives/labels/{subject}/anat/{subject}_T2w_label-lesion_seg.nii.gz").unlink()
    bids.participants([{"participant_id": s, "pathology": p} for s, p in (("sub-1", "HC"), ("sub-2", "MS"))])
    rows = convert(bids, profile.with_missing({"lesion": "ignore"}))[1]
    assert (rows["sub-1"]["not_annotated"], rows["sub-1"]["voxels_lesion"]) == ("n/a", "0")
    assert (rows["sub-2"]["not_annotated"], rows["sub-2"]["voxels_lesion"]) == ("lesion", "n/a")


def test_a_profile_that_says_nothing_of_healthy_people_takes_no_mask_as_empty(
    bids: SmallBids, profile: Profile
) -> None:
    for subject in ("sub-1", "sub-2"):
        bids.case(f"{subject}_T2w")
    (bids.root / "derivatives/labels/sub-1/anat/sub-1_T2w_label-lesion_seg.nii.gz").unlink()
    bids.participants([{"participant_id": "sub-1", "pathology": "HC"}])
    silent = replace(profile, participants=replace(profile.participants, healthy_lacks=()))
    assert "no lesion mask" in convert(bids, silent)[1]["sub-1"]["reason"]
