from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.classification.taxonomy import (
    Decision,
    Taxonomy,
    UnknownDiagnosisError,
    load_taxonomy,
    parse_taxonomy,
)
from nnunet_ext.core.errors import FileRefusedError, UsageError

SHIPPED = load_taxonomy()

MOGAD = """name = "ours"
extends = "zhuo2022"

[nodes]
demyelination = ["MS", "NMOSD", "MOGAD"]

[synonyms]
MOGAD = ["MOG antibody disease"]
"""


def loaded(folder: Path, text: str) -> Taxonomy:
    file = folder / "tree.toml"
    file.write_text(text, encoding="utf-8")
    return load_taxonomy(str(file))


@st.composite
def trees(draw: st.DrawFn) -> Taxonomy:
    """Grow a tree: a leaf becomes a node with two to four leaves, some times over."""
    nodes: dict[str, tuple[str, ...]] = {}
    leaves, count = ["n0"], 1
    for _ in range(draw(st.integers(1, 5))):
        grown = leaves.pop(draw(st.integers(0, len(leaves) - 1)))
        fresh = tuple(f"n{count + index}" for index in range(draw(st.integers(2, 4))))
        count += len(fresh)
        nodes[grown] = fresh
        leaves += fresh
    order = draw(st.permutations(sorted(nodes)))
    return Taxonomy("drawn", "n0", tuple((node, nodes[node]) for node in order))


def test_the_shipped_tree_is_that_of_the_paper() -> None:
    assert SHIPPED.decisions == ("kind", "tumour", "demyelination")
    assert SHIPPED.diagnoses == ("astrocytoma", "ependymoma", "MS", "NMOSD")
    assert SHIPPED.path("NMOSD") == (Decision("kind", "demyelination"), Decision("demyelination", "NMOSD"))
    assert SHIPPED.below("tumour") == ("astrocytoma", "ependymoma")
    assert SHIPPED.below("MS") == ("MS",)
    assert SHIPPED.below("kind") == SHIPPED.diagnoses


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Multiple Sclerosis", "MS"),
        (" rrms", "MS"),
        ("M.S.", "MS"),
        ("relapsing_remitting  multiple-sclerosis", "MS"),
        ("Devic’s disease", "NMOSD"),
        ("ASTROCYTOMA", "astrocytoma"),
    ],
)
def test_a_diagnosis_is_known_as_people_write_it(text: str, meant: str) -> None:
    assert SHIPPED.diagnosis_of(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ependimoma", "did you mean ependymoma"),
        ("tumour", "a decision, not a diagnosis; write one of astrocytoma, ependymoma"),
        ("infarct", "known: astrocytoma, ependymoma, MS, NMOSD"),
        ("", "known: "),
    ],
)
def test_what_is_no_diagnosis_is_refused_with_the_nearest_names(text: str, said: str) -> None:
    with pytest.raises(UnknownDiagnosisError, match=said):
        SHIPPED.diagnosis_of(text)
    with pytest.raises(UnknownDiagnosisError):
        SHIPPED.path(text)


def test_a_lab_adds_a_diagnosis_in_a_few_lines(tmp_path: Path) -> None:
    tree = loaded(tmp_path, MOGAD)
    assert tree.diagnoses == ("astrocytoma", "ependymoma", "MS", "NMOSD", "MOGAD")
    assert (tree.diagnosis_of("mog antibody disease"), tree.diagnosis_of("rrms")) == ("MOGAD", "MS")


def test_a_lab_parts_a_diagnosis_and_gives_up_its_synonyms(tmp_path: Path) -> None:
    text = 'name = "ours"\nextends = "zhuo2022"\n[nodes]\nMS = ["RRMS", "PPMS"]\n[synonyms]\n'
    with pytest.raises(FileRefusedError, match=r"synonyms.MS: .* a decision here; write MS = \[\]"):
        loaded(tmp_path, text)
    tree = loaded(tmp_path, f'{text}MS = []\nRRMS = ["relapsing-remitting MS"]\n')
    assert [step.branch for step in tree.path("RRMS")] == ["demyelination", "MS", "RRMS"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "x"\nroot = "a"\n[nodes]\na = ["b"]\n', r"at line 4: nodes.a: two branches .* write a = "),
        ('name = "x"\nroot = "a"\n[nodes]\na = ["b", "b"]\n', "line 4: nodes.a: b is there twice"),
        ('name = "x"\nroot = "a"\n[nodes]\na = ["b", "c"]\nb = ["c", "d"]\n', "line 5: nodes.b: c is also one of a"),
        ('name = "x"\nroot = "a"\n[nodes]\na = ["b", "c"]\nb = ["a", "d"]\n', "line 2: root: .* circle"),
        (
            'name = "x"\nroot = "r"\n[nodes]\nr = ["s", "t"]\na = ["b", "c"]\nb = ["a", "d"]\n',
            "line 5.* circle of a, b",
        ),
        ('name = "x"\nroot = "r"\n[nodes]\nr = ["s", "t"]\na = ["b", "c"]\n', "line 5: nodes.a: no branch leads here"),
        ('name = "x"\nroot = "q"\n[nodes]\nr = ["s", "t"]\n', "line 2: root: one of the nodes r was needed"),
        ('name = "x"\nroot = "r"\n[nodes]\nr = ["MS", "m.s."]\n', "line 4: .* differ in spelling only"),
        ('name = "x"\nroot = "r"\n[nodes]\nr = ["s", "--"]\n', "line 4: .* letters or digits"),
        ('name = "x"\nroot = "r"\n[nodes]\nr = "st"\n', "for r lists were needed"),
        ('name = "x"\n[nodes]\nr = ["s", "t"]\n', "found no 'root'"),
        ('name = "x"\nroot = "r"\nnode = 1\n[nodes]\nr = ["s", "t"]\n', r"unknown keys \['node'\]"),
        ('name = "x"\nroot = "r"\n[nodes\n', "line 3"),
        (f"{MOGAD}MS = ['mog  antibody disease']\n", "line 9: synonyms.MS: .* also means MOGAD|MOGAD.* also means MS"),
        (MOGAD.replace("MOGAD = [", "MOGA = ["), "line 8: synonyms.MOGA: .* did you mean MOGAD"),
        (MOGAD.replace('"zhuo2022"', '"zhuo"'), "no shipped taxonomy: 'zhuo'"),
        (MOGAD.replace('name = "ours"', ""), "a name of its own"),
    ],
)
def test_what_is_no_tree_is_refused_by_file_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileRefusedError, match=said) as refused:
        loaded(tmp_path, text)
    assert refused.value.path == tmp_path / "tree.toml"


def test_an_unknown_name_is_answered_with_the_shipped_ones() -> None:
    with pytest.raises(UsageError, match=r"one of .*zhuo2022.*, or a TOML file; found 'nope'"):
        load_taxonomy("nope")


@given(trees())
def test_every_diagnosis_of_any_tree_is_reached_by_one_path_from_the_root(tree: Taxonomy) -> None:
    assert parse_taxonomy(tree.content()) == tree
    assert len(set(tree.diagnoses)) == len(tree.diagnoses)
    for diagnosis in tree.diagnoses:
        path = tree.path(diagnosis)
        assert (path[0].node, path[-1].branch) == (tree.root, diagnosis)
        assert all(step.branch in tree.branches(step.node) for step in path)
        assert [step.branch for step in path[:-1]] == [step.node for step in path[1:]]
        assert all(diagnosis in tree.below(step.branch) for step in path)
    for node in tree.decisions:
        parts = [leaf for branch in tree.branches(node) for leaf in tree.below(branch)]
        assert tuple(parts) == tree.below(node)
