import gzip
import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.class_profile import Missing, RaterRule
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.profile import AUTO, Profile, load_profile, parse_profile, shipped_profiles
from nnunet_ext.dataset_conversion.source import Source, name_sources
from nnunet_ext.dataset_conversion.write import write_dataset

LAYOUTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "layouts"
NAMES = [AUTO, *(profile.name for profile in shipped_profiles())]
LABELS = "derivatives/labels"
T2W = {"suffixes": ["T2w"]}


def content_with(**changes: object) -> dict[str, Any]:
    """Say the least that a profile says, with changes laid over it."""
    content: dict[str, Any] = {
        "name": "mine",
        "images": {"folders": ["anat"], "suffixes": ["T2w"]},
        "classes": {"sc": {"folders": [LABELS], "templates": ["{image}_seg"]}},
    }
    for key, value in changes.items():
        content[key] = {**content.get(key, {}), **value} if isinstance(value, dict) else value
    return content


def cord(**changes: object) -> dict[str, Any]:
    return content_with(classes={"sc": {"folders": [LABELS], "templates": ["{image}_seg"], **changes}})


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_profile_comes_back_from_its_record_but_for_its_aliases(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.classes
    read = parse_profile(json.loads(json.dumps(profile.content())))
    assert read == replace(profile, aliases=())


def test_no_two_shipped_profiles_go_by_one_name() -> None:
    known = Counter(name.lower() for profile in shipped_profiles() for name in (profile.name, *profile.aliases))
    assert [name for name, count in known.items() if count > 1] == []
    assert AUTO not in known


WORDS = st.lists(st.sampled_from(["T1w", "T2w", "sub-1", "site A", "Müller"]), unique=True, max_size=3)
RULES = [{"raters": "one", "rater": "ann"}, *({"raters": rule} for rule in [*RaterRule, "each"] if rule != "one")]
CLASSES = st.fixed_dictionaries(
    {"folders": st.just([LABELS]), "templates": st.just(["{image}_{rater}_seg", "{entities}_{suffix}"])},
    optional={"missing": st.sampled_from(["error", "skip", "ignore", "empty"]),
              "threshold": st.sampled_from([0, 0.25, 127])},
).flatmap(lambda made: st.sampled_from(RULES).map(lambda rule: made | rule))  # fmt: skip
CONTENTS = st.fixed_dictionaries(
    {"name": st.just("mine"), "images": st.just(T2W | {"folders": ["anat"], "entities": {"acq": "(sag|)"}})},
    optional={
        "lesion_outside_cord": st.sampled_from(["keep", "extend_cord", "clip", "error"]),
        "include": WORDS, "exclude": WORDS, "exclude_headings": WORDS, "aliases": WORDS,
        "exclude_file": st.sampled_from(["", "lists/exclude.yml"]),
        "channels": st.dictionaries(
            st.sampled_from(["T2w", "T1w-gad"]),
            st.fixed_dictionaries({"suffixes": WORDS, "missing": st.sampled_from(["error", "skip", "zero"])}),
        ),
        "participants": st.dictionaries(st.sampled_from(["site", "pathology", "healthy", "healthy_lacks"]), WORDS),
        "sites": st.dictionaries(st.sampled_from(["train_only", "test_only", "external"]), WORDS).filter(
            lambda sites: sum(map(len, sites.values())) == len({name for names in sites.values() for name in names})
        ),
    },
)  # fmt: skip


def _holds(whole: Any, part: Any) -> bool:  # noqa: ANN401 - whatever TOML knows
    if isinstance(part, dict):
        return all(key in whole and _holds(whole[key], value) for key, value in part.items())
    return bool(whole == part)


@given(content=CONTENTS, classes=st.dictionaries(st.sampled_from(["sc", "lesion"]), CLASSES))
def test_any_profile_is_taken_as_it_is_and_comes_back_from_its_record(
    content: dict[str, Any], classes: dict[str, Any]
) -> None:
    profile = parse_profile(content | {"classes": classes})
    assert profile.aliases == tuple(content.pop("aliases", ()))
    assert _holds(profile.content(), content | {"classes": classes})
    read = parse_profile(json.loads(json.dumps(profile.content())))
    assert read == replace(profile, aliases=())


RATERS = {"templates": ["{image}_{rater}_seg"]}
FAULTS: list[tuple[dict[str, Any], str]] = [
    (content_with(lesion_outsid_cord="keep"), r"unknown keys \['lesion_outsid_cord'\]; known: .*lesion_outside_cord"),
    (content_with(images={"entites": {}}), "entites"),
    (content_with(channels={"T2w": {**T2W, "mising": "zero"}}), "mising"),
    (content_with(participants={"sites": ["site"]}), "sites"),
    (cord(treshold=0.5), r"class sc: unknown keys \['treshold'\]; known: .*threshold"),
    (content_with(lesion_outside_cord="cut"), "one of keep, extend_cord, clip, error, found 'cut'"),
    (cord(missing="zero"), "class sc: missing must be one of error, empty, ignore, skip, found 'zero'"),
    (content_with(channels={"T2w": {**T2W, "missing": "ignore"}}), "one of error, skip, zero, found 'ignore'"),
    (cord(**RATERS), "class sc: templates with {rater} need raters = one of one, highest, union, majority, staple"),
    (cord(raters="union"), "class sc: templates with {rater} need raters = .*, and only they"),
    (cord(**RATERS, raters="best"), "raters must be one of one, .*each, found 'best'"),
    (cord(**RATERS, raters="one"), 'raters = "one" needs rater = the name of that rater'),
    (cord(**RATERS, raters="union", rater="ann"), "the name of that rater, and only it"),
    (cord(templates=["{image}_{rater}_by_{rater}"], raters="union"), "rater"),
    (cord(threshold=0.5, values=[1]), "class sc: a soft mask .* is no map of several classes"),
    (cord(templates=["{stem}_seg"]), "stem"),
    (cord(templates=["{}_seg"]), "{}_seg"),
    (cord(templates=["{image_seg"]), "expected '}'"),
    (content_with(images={"entities": {"acq": "(sag"}}), r"entity acq: '\(sag' is no regular expression"),
    (content_with(images={"root": "../other"}), r"a path inside the dataset was needed, found '\.\./other'"),
    (content_with(images={"root": "/data"}), "a path inside the dataset was needed, found '/data'"),
    (content_with(exclude_file="a/../../list.yml"), "a path inside the dataset was needed"),
    (cord(folders=["../other/derivatives/labels"]), "a path inside the dataset was needed"),
    (cord(folders=["/data/labels"]), "a path inside the dataset was needed"),
    (content_with(participants={"site": "institution"}), "lists were needed, found .*institution"),
    (content_with(sites={"test_only": "geneva"}), "lists were needed, found .*geneva"),
    (content_with(sites={"test_only": ["geneva"], "train_only": ["geneva"]}), "stands under one rule"),
    (cord(templates=["seg-manual"]), "one mask for all images"),
    (content_with(images={"suffixes": "T2w"}), "T2w"),
    (content_with(images={"folders": "anat"}), "anat"),
    (cord(templates="{image}_seg"), "{image}_seg"),
    (cord(folders=LABELS), LABELS),
    (content_with(exclude="sub-1"), "sub-1"),
    ({"name": "mine", "classes": {}}, "images"),
]


@pytest.mark.parametrize(("content", "words"), FAULTS)
def test_a_faulty_profile_is_refused_with_what_is_wrong_in_it(content: dict[str, Any], words: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError), match=words):
        parse_profile(content)


def test_a_faulty_file_is_refused_by_its_name_and_a_missing_one_with_a_list(tmp_path: Path) -> None:
    for text in ("a = [", 'name = "mine"\n', 'name = "mine"\nextends = "auto"\n[channels]\nT2w = 1\n'):
        write_text(tmp_path / "mine.toml", text)
        with pytest.raises(DataRefusedError, match=r"mine\.toml"):
            load_profile(str(tmp_path / "mine.toml"))
    with pytest.raises(UsageError, match="one of auto, canproco, .*found 'nope'"):
        load_profile("nope")


@pytest.mark.parametrize("threshold", ["nan", "inf", "true", '"0.5"', "[0.5]"])
def test_a_threshold_is_a_finite_number(tmp_path: Path, threshold: str) -> None:
    file = tmp_path / "mine.toml"
    write_text(file, f'name = "mine"\nextends = "auto"\n[classes.sc]\nthreshold = {threshold}\n')
    with pytest.raises(DataRefusedError, match=r"mine\.toml: a profile in TOML was needed, found a number was needed"):
        load_profile(str(file))


def test_what_extends_lays_tables_over_tables_and_replaces_lists(tmp_path: Path) -> None:
    text = 'name = "mine"\nextends = "auto"\n[images]\nsuffixes = ["T2w"]\n[classes.lesion]\nmissing = "empty"\n'
    write_text(tmp_path / "mine.toml", text)
    mine, auto = load_profile(str(tmp_path / "mine.toml")), load_profile(AUTO)
    lesion = replace(auto.classes["lesion"], missing=Missing.EMPTY)
    images = replace(auto.images, suffixes=("T2w",))
    assert mine == replace(auto, name="mine", images=images, classes={**auto.classes, "lesion": lesion})


def test_what_extends_something_unknown_or_has_no_name_of_its_own_is_refused(tmp_path: Path) -> None:
    """Under the name `auto` it would be replaced by what is recognised."""
    for text, words in (
        ('name = "mine"\nextends = "nope"\n', "no shipped profile: 'nope'"),
        ('extends = "auto"', "name"),
    ):
        write_text(tmp_path / "mine.toml", text)
        with pytest.raises(DataRefusedError, match=words):
            load_profile(str(tmp_path / "mine.toml"))


def test_policies_are_changed_by_name_and_nothing_else_is() -> None:
    auto = load_profile(AUTO)
    changed = auto.with_missing({"lesion": "ignore", "T1w-gad": "zero"})
    assert (changed.classes["lesion"].missing, changed.channels["T1w-gad"].missing) == ("ignore", "zero")
    assert changed.with_missing({"lesion": "error", "T1w-gad": "skip"}) == auto


@pytest.mark.parametrize(
    ("name", "policy", "words"),
    [
        ("lesions", "empty", "found lesions=empty: it names none of sc, lesion"),
        ("lesion", "zero", "found lesion=zero: .*one of error, empty, ignore, skip"),
        ("T1w-gad", "ignore", "found T1w-gad=ignore: .*one of error, skip, zero"),
    ],
)
def test_an_unknown_class_or_policy_is_refused(name: str, policy: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_profile(AUTO).with_missing({name: policy})


@dataclass(frozen=True)
class Example:
    """A dataset as its makers name it: its files, those it shall be read from, and what shall be refused."""

    profile: str
    folder: str
    target: str
    files: str
    taken: Mapping[str, str]
    refused: tuple[str, ...] = ()
    split_by: str = ""
    tables: Mapping[str, str] | None = None


SPINE_GENERIC = """
sub-amu01/anat/sub-amu01_T1w sub-amu01/anat/sub-amu01_T2star sub-amu01/anat/sub-amu01_T2w
sub-amu01/anat/sub-amu01_flip-1_mt-off_MTS sub-amu01/anat/sub-amu01_flip-1_mt-on_MTS
derivatives/labels/sub-amu01/anat/sub-amu01_T2w_label-SC_seg sourcedata/sub-amu01/anat/sub-amu01_T2w
derivatives/labels/sub-amu01/anat/sub-amu01_T2w_label-canal_seg
derivatives/labels/sub-amu01/anat/sub-amu01_flip-1_mt-on_MTS_label-SC_seg
derivatives/labels_softseg/sub-amu01/anat/sub-amu01_T2w_label-SC_softseg
derivatives/labels_softseg_bin/sub-amu01/anat/sub-amu01_T2w_desc-softseg_label-SC_seg"""
EXCLUDE = {"exclude.yml": "csa_t1:\n- sub-amu02  # moved\nmtr:\n- sub-amu01\n"}
EXAMPLES = [
    Example("sci-zurich", "sci-zurich", "cord-lesion", """
        sub-zh01/ses-01/anat/sub-zh01_ses-01_acq-sag_T2w sub-zh01/ses-01/anat/sub-zh01_ses-01_acq-ax_T2w
        sub-zh01/ses-02/anat/sub-zh01_ses-02_acq-sag_T2w sub-zh110/ses-01/anat/sub-zh110_ses-01_acq-sag_T2w
        sub-zh01/ses-01/anat/sub-zh01_ses-01_acq-sag_T1w sub-zh11/ses-01/anat/sub-zh11_ses-01_acq-sag_T2w
        derivatives/labels/sub-zh01/ses-01/anat/sub-zh01_ses-01_acq-sag_T2w_seg-manual
        derivatives/labels/sub-zh01/ses-01/anat/sub-zh01_ses-01_acq-sag_T2w_lesion-manual
        derivatives/labels/sub-zh01/ses-01/anat/sub-zh01_ses-01_acq-ax_T2w_seg-manual
        derivatives/labels/sub-zh01/ses-01/anat/sub-zh01_ses-01_acq-ax_T2w_lesion-manual
        derivatives/labels/sub-zh110/ses-01/anat/sub-zh110_ses-01_acq-sag_T2w_seg-manual
        derivatives/labels/sub-zh110/ses-01/anat/sub-zh110_ses-01_acq-sag_T2w_lesion-manual""",
        {name: f"{name}_seg-manual {name}_lesion-manual" for name in (
            "sub-zh01_ses-01_acq-sag_T2w", "sub-zh01_ses-01_acq-ax_T2w", "sub-zh110_ses-01_acq-sag_T2w")}),
    Example("sci-colorado", "sci-colorado", "cord-lesion", """
        sub-5416/anat/sub-5416_T2w sub-5425/anat/sub-5425_T2w sub-5416/anat/sub-5416_T1w
        derivatives/labels/sub-5416/anat/sub-5416_T2w_seg-manual derivatives/labels/sub-5416_T2w_lesion-manual
        derivatives/labels/sub-5425/anat/sub-5425_T2w_seg-manual""",
        {"sub-5416_T2w": "sub-5416_T2w_seg-manual sub-5416_T2w_lesion-manual"}, ("sub-5425_T2w",)),
    Example("sci-paris", "sci-paris-rpi", "cord-lesion", """
        sub-045/anat/sub-045_T2w sub-072/anat/sub-072_T2w
        derivatives/labels/sub-045/anat/sub-045_T2w_seg-manual
        derivatives/labels/sub-045/anat/sub-045_T2w_lesion-manual
        derivatives/labels/sub-072/anat/sub-072_T2w_seg derivatives/labels/sub-072/anat/sub-072_T2w_lesion-manual""",
        {"sub-045_T2w": "sub-045_T2w_seg-manual sub-045_T2w_lesion-manual",
         "sub-072_T2w": "sub-072_T2w_seg sub-072_T2w_lesion-manual"}, split_by="train-only site"),
    Example("dcm-zurich", "dcm-zurich-lesions", "cord-lesion", """
        sub-01/anat/sub-01_acq-ax_T2w
        derivatives/labels/sub-01/anat/sub-01_acq-ax_T2w_label-SC_mask-manual
        derivatives/labels/sub-01/anat/sub-01_acq-ax_T2w_label-lesion""",
        {"sub-01_acq-ax_T2w": "sub-01_acq-ax_T2w_label-SC_mask-manual sub-01_acq-ax_T2w_label-lesion"},
        split_by="train-only site"),
    Example("dcm-zurich", "dcm-zurich", "cord", """
        sub-250791/anat/sub-250791_acq-axial_T2w sub-250791/anat/sub-250791_acq-sagittal_T2w
        raw/sub-250791/anat/sub-250791_acq-axialTop_T2w
        derivatives/labels/sub-250791/anat/sub-250791_acq-axial_T2w_label-SC_mask-manual
        derivatives/labels/sub-250791/anat/sub-250791_acq-axial_T2w_labels-manual""",
        {"sub-250791_acq-axial_T2w": "sub-250791_acq-axial_T2w_label-SC_mask-manual"}),
    Example("praxis", "site_014", "cord-lesion", """
        sub-que002/anat/sub-que002_acq-sagittal_run-01_T2w sub-que004/anat/sub-que004_acq-sagittal_run-03_T2w
        sub-que004/anat/sub-que004_acq-sagittal_run-04_T2w
        derivatives/labels/sub-que002/anat/sub-que002_acq-sagittal_run-01_T2w_label-SC_seg
        derivatives/labels/sub-que002/anat/sub-que002_acq-sagittal_run-01_T2w_lesion
        derivatives/labels/sub-que004/anat/sub-que004_acq-sagittal_run-04_T2w_seg
        derivatives/labels/sub-que004/anat/sub-que004_acq-sagittal_run-04_T2w_lesion""",
        {"sub-que002_acq-sagittal_run-01_T2w":
            "sub-que002_acq-sagittal_run-01_T2w_label-SC_seg sub-que002_acq-sagittal_run-01_T2w_lesion",
         "sub-que004_acq-sagittal_run-04_T2w":
            "sub-que004_acq-sagittal_run-04_T2w_seg sub-que004_acq-sagittal_run-04_T2w_lesion"},
        split_by="test-only site"),
    Example("praxis", "site_007", "cord-lesion", """
        sub-007009/anat/sub-007009_acq-sag_T2w sub-007004/anat/sub-007004_acq-STIRsag_run-01_T2w
        sub-007081/anat/sub-007081_acq-sag_T2w
        derivatives/labels/sub-007009/anat/sub-007009_acq-sag_T2w_label-SC_seg
        derivatives/labels/sub-007009/anat/sub-007009_acq-sag_T2w_lesion
        derivatives/labels/sub-007009/anat/sub-007009_acq-sag_T2w_lesion_hemorrhage
        derivatives/labels/sub-007081/anat/sub-007081_acq-sag_T2w_label-SC_seg
        derivatives/labels/sub-007081/anat/sub-007081_acq-sag_T2w_lesion""",
        {"sub-007009_acq-sag_T2w": "sub-007009_acq-sag_T2w_label-SC_seg sub-007009_acq-sag_T2w_lesion"}),
    Example("spine-generic", "data-multi-subject", "cord", SPINE_GENERIC,
        {"sub-amu01_T2w": "sub-amu01_T2w_label-SC_seg",
         "sub-amu01_flip-1_mt-on_MTS": "sub-amu01_flip-1_mt-on_MTS_label-SC_seg"}, tables=EXCLUDE),
    Example("spine-generic-softseg", "data-multi-subject", "cord", SPINE_GENERIC,
        {"sub-amu01_T2w": "sub-amu01_T2w_label-SC_softseg"}, tables=EXCLUDE),
    Example("canproco", "canproco", "cord-lesion", """
        sub-cal056/ses-M0/anat/sub-cal056_ses-M0_STIR sub-edm011/ses-M0/anat/sub-edm011_ses-M0_PSIR
        sub-edm011/ses-M0/anat/sub-edm011_ses-M0_T2w sub-edm011/ses-M12/anat/sub-edm011_ses-M12_PSIR
        sub-van900/ses-M0/anat/sub-van900_ses-M0_PSIR
        derivatives/labels/sub-cal056/ses-M0/anat/sub-cal056_ses-M0_STIR_seg-manual
        derivatives/labels/sub-cal056/ses-M0/anat/sub-cal056_ses-M0_STIR_lesion-manual
        derivatives/labels-ms-spinal-cord-only/sub-cal056/ses-M0/anat/sub-cal056_ses-M0_STIR_lesion-manual
        derivatives/labels/sub-edm011/ses-M0/anat/sub-edm011_ses-M0_PSIR_seg-manual
        derivatives/labels/sub-edm011/ses-M0/anat/sub-edm011_ses-M0_T2w_seg-manual
        derivatives/labels/sub-van900/ses-M0/anat/sub-van900_ses-M0_PSIR_seg-manual
        derivatives/labels-ms-spinal-cord-only/sub-edm011/ses-M0/anat/sub-edm011_ses-M0_PSIR_lesion-manual""",
        {"sub-cal056_ses-M0_STIR": "sub-cal056_ses-M0_STIR_seg-manual sub-cal056_ses-M0_STIR_lesion-manual",
         "sub-edm011_ses-M0_PSIR": "sub-edm011_ses-M0_PSIR_seg-manual sub-edm011_ses-M0_PSIR_lesion-manual",
         "sub-van900_ses-M0_PSIR": "sub-van900_ses-M0_PSIR_seg-manual"},  # healthy: no lesion
        tables={"participants.tsv": "participant_id\tinstitution_id_M0\tpathology_M0\nsub-van900\tvan\tHC\n"}),
    Example("lemay-tumor", "SCT_Tumor", "tumor-only", """
        sub-Astr144/anat/sub-Astr144_T2w sub-Astr144/anat/sub-Astr144_T1w sub-Hema264/anat/sub-Hema264_T2w
        derivatives/labels/sub-Astr144_T2w_seg-tumor derivatives/labels/sub-Astr144_T1w_seg-tumor
        derivatives/labels/sub-Astr144_T2w_seg-edema derivatives/labels/sub-Astr144_T2w_seg-cavity
        derivatives/labels/sub-Astr144/anat/sub-Astr144_T2w_seg-whole-tumor
        derivatives/labels/sub-Hema264/anat/sub-Hema264_T2w_seg-tumor""",
        {"sub-Astr144_T2w": "sub-Astr144_T2w_seg-whole-tumor sub-Astr144_T2w_seg-edema "
                            "sub-Astr144_T2w_seg-cavity sub-Astr144_T2w_seg-tumor"}),
]  # fmt: skip


def plant(root: Path, example: Example) -> None:
    """Write the example's files: images with a bright tube, masks of it, soft ones where they are called so."""
    tube = np.zeros((6, 7, 4), np.uint8)
    tube[2:4, 3:5, :] = 1
    affine = np.diag([-1.0, 1.0, 2.0, 1.0])
    for stem in example.files.split():
        path = root / f"{stem}.nii.gz"
        if not stem.startswith("derivatives/"):
            write_image(path, (50 + 100 * tube).astype(np.int16), affine)
        elif stem.endswith("_softseg"):
            write_image(path, 0.8 * tube.astype(np.float32), affine)
        else:
            write_mask(path, tube, affine)
    for name, text in (example.tables or {}).items():
        write_text(root / name, text)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.folder}-{example.profile}")
def test_a_shipped_profile_finds_exactly_the_masks_of_its_dataset(example: Example, tmp_path: Path) -> None:
    root = tmp_path / example.folder
    plant(root, example)
    plan = make_plan(
        name_sources([str(root)]), load_profile(example.profile), load_target(example.target), PlanOptions()
    )
    done = write_dataset(RawDataset.named(tmp_path / "raw", 7, "Cord"), plan)
    rows = {row["case"].removeprefix(f"{example.folder}_"): row for row in read_cases(done.dataset.folder)}
    taken = {case: row["label"] for case, row in rows.items() if row["status"] == "include"}
    found = {case: " ".join(Path(f).name.removesuffix(".nii.gz") for f in f.split(";")) for case, f in taken.items()}
    assert found == example.taken
    assert {case.case.removeprefix(f"{example.folder}_") for case in plan.cases if case.refused} == {*example.refused}
    assert done.counts.refused == len(example.refused)
    if example.split_by:
        assert {rows[case]["split_by"] for case in taken} == {example.split_by}
    if example.profile == "canproco":
        assert all("labels-ms-spinal-cord-only/" in rows[case]["label"] for case in taken if "van" not in case)
        assert (rows["sub-van900_ses-M0_PSIR"]["site"], rows["sub-van900_ses-M0_PSIR"]["voxels_lesion"]) == ("van", "0")


@pytest.fixture(scope="module")
def spine_generic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The names of the whole Spine Generic dataset; its files are empty, for a plan opens none."""
    if not LAYOUTS.is_dir():
        pytest.skip("no list of files beside the checkout")
    root = tmp_path_factory.mktemp("layout") / "data-multi-subject"
    with gzip.open(LAYOUTS / "spine_generic_multi_subject.txt.gz", "rt") as stream:
        files = [line.strip() for line in stream if line.strip().endswith(".nii.gz")]
    for folder in {Path(file).parent for file in files}:
        (root / folder).mkdir(parents=True)
    for file in files:
        (root / file).touch()
    shutil.copy(LAYOUTS / "spine_generic_exclude.yml", root / "exclude.yml")
    shutil.copy(LAYOUTS / "spine_generic_participants.tsv", root / "participants.tsv")
    return root


def cord_plan(root: Path, profile: Profile) -> list[PlannedCase]:
    return list(make_plan([Source("sg", root)], profile, load_target("cord"), PlanOptions()).cases)


@pytest.mark.parametrize(
    ("name", "folder", "tail", "total"),
    [("spine-generic", "labels", "label-SC_seg", 1313),
     ("spine-generic-softseg", "labels_softseg", "label-SC_softseg", 1215)],
)  # fmt: skip
def test_spine_generic_s_masks_are_all_found(
    spine_generic: Path, name: str, folder: str, tail: str, total: int
) -> None:
    below = spine_generic / "derivatives" / folder
    expected = {
        path.name.removesuffix(f"_{tail}.nii.gz")
        for path in below.glob(f"sub-*/anat/*_{tail}.nii.gz")
        if (spine_generic / path.relative_to(below).with_name(path.name.replace(f"_{tail}", ""))).exists()
    }
    cases = cord_plan(spine_generic, replace(load_profile(name), exclude_file=""))
    assert {case.case.removeprefix("sg_") for case in cases if not case.reason} == expected
    assert len(expected) == total
    assert not any(case.refused for case in cases)


def test_spine_generic_s_own_list_leaves_out_the_people_under_the_headings_that_count(spine_generic: Path) -> None:
    cases = cord_plan(spine_generic, load_profile("spine-generic"))
    listed = {case.patient[1] for case in cases if "on the exclude list" in case.reason}
    assert len(listed) == 15
    assert {"sub-beijingVerio01", "sub-amu03", "sub-balgrist01"} <= listed
    assert "sub-geneva02" not in listed  # under mtr only
    assert not any(case.patient[1] in listed for case in cases if not case.reason)
