"""Diagnoses as the leaves of a tree of decisions, as data."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.shipped_toml import lay_over_shipped, load_toml
from nnunet_ext.core.toml_fields import AtKeyError, refuse_unknown, texts

SHIPPED: Final = "zhuo2022"
"""Name of the tree that is taken where none is named."""

_PACKAGE: Final = "nnunet_ext.classification"
_FOLDER: Final = "taxonomies"
_KEYS: Final = ("name", "extends", "root", "nodes", "synonyms")
_SHOWN: Final = 60
_NEAREST: Final = 3


class UnknownDiagnosisError(DataRefusedError):
    """A text that names no diagnosis of the tree."""


@dataclass(frozen=True)
class Decision:
    """One step down the tree: at which node which branch is taken."""

    node: str
    branch: str


@dataclass(frozen=True)
class Taxonomy:
    """A tree of decisions.

    Parameters
    ----------
    name
        Such as `zhuo2022`.
    root
        The node that comes first.
    nodes
        Each node with its branches, two or more, in their order. A branch whose name is a node's leads there; any
        other is a diagnosis.
    synonyms
        Other words for the diagnoses.
    """

    name: str
    root: str
    nodes: tuple[tuple[str, tuple[str, ...]], ...]
    synonyms: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def decisions(self) -> tuple[str, ...]:
        """The nodes from the root downwards, each before all that is below it."""
        known = dict(self.nodes)
        return tuple(name for name in self._downwards() if name in known)

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """The leaves, in the order of the branches."""
        known = dict(self.nodes)
        return tuple(name for name in self._downwards() if name not in known)

    def branches(self, node: str) -> tuple[str, ...]:
        """Give the branches of a node, in their order."""
        return dict(self.nodes)[node]

    def below(self, name: str) -> tuple[str, ...]:
        """Give the diagnoses that a node or branch leads to; of a diagnosis itself."""
        return tuple(leaf for leaf in self.diagnoses if name == leaf or name in self._names_above(leaf))

    def path(self, diagnosis: str) -> tuple[Decision, ...]:
        """Give the decisions that lead to a diagnosis, from the root.

        Examples
        --------
        >>> load_taxonomy("zhuo2022").path("MS")
        (Decision(node='kind', branch='demyelination'), Decision(node='demyelination', branch='MS'))

        Raises
        ------
        UnknownDiagnosisError
            Where the tree has no such diagnosis, to the letter.
        """
        if diagnosis not in self.diagnoses:
            raise self._unknown(diagnosis)
        steps = [*self._names_above(diagnosis), diagnosis]
        return tuple(Decision(node, branch) for node, branch in pairwise(steps))

    def diagnosis_of(self, text: str) -> str:
        """Give the diagnosis that a text means: its name or a synonym, whatever case, blanks and hyphens.

        Raises
        ------
        UnknownDiagnosisError
            Where it means none, with the nearest names. A node such as `tumour` is no diagnosis.
        """
        found = self._meanings().get(_plain(text))
        if found is None:
            raise self._unknown(text)
        return found

    def content(self) -> dict[str, Any]:
        """Give the tree as a TOML file would say it; `parse_taxonomy` reads it back."""
        return {
            "name": self.name,
            "root": self.root,
            "nodes": {node: list(branches) for node, branches in self.nodes},
            "synonyms": {diagnosis: list(words) for diagnosis, words in self.synonyms},
        }

    def _downwards(self) -> list[str]:
        known, found, open_names = dict(self.nodes), [], [self.root]
        while open_names:
            name = open_names.pop()
            found.append(name)
            open_names += reversed(known.get(name, ()))
        return found

    def _names_above(self, name: str) -> list[str]:
        parents = {branch: node for node, branches in self.nodes for branch in branches}
        above: list[str] = []
        while name in parents:
            name = parents[name]
            above.insert(0, name)
        return above

    def _meanings(self) -> dict[str, str]:
        words = [(diagnosis, (diagnosis, *dict(self.synonyms).get(diagnosis, ()))) for diagnosis in self.diagnoses]
        return {_plain(word): diagnosis for diagnosis, said in words for word in said}

    def _unknown(self, text: str) -> UnknownDiagnosisError:
        shown = f"a diagnosis of {self.name} was needed, found {text[:_SHOWN]!r}"
        node = next((name for name in self.decisions if _plain(name) == _plain(text)), None)
        if node is not None:
            return UnknownDiagnosisError(
                f"{shown}, which is a decision, not a diagnosis; write one of {', '.join(self.below(node))}, or n/a"
            )
        meanings = self._meanings()
        near = difflib.get_close_matches(_plain(text), list(meanings), n=_NEAREST, cutoff=0.6)
        names = list(dict.fromkeys(meanings[word] for word in near))
        advice = f"did you mean {' or '.join(names)}?" if names else f"known: {first_few(self.diagnoses, 12)}"
        return UnknownDiagnosisError(
            f"{shown}; {advice} Else add it as a synonym or a branch, in a taxonomy of your own with "
            f'extends = "{self.name}", or write n/a'
        )


def load_taxonomy(name_or_file: str = SHIPPED) -> Taxonomy:
    """Load a shipped tree by name, or a lab's own from a TOML file, which may extend a shipped one by `extends`.

    Raises
    ------
    UsageError
        Where there is neither.
    FileRefusedError
        Where the file is no tree, with the line and what to write.
    """
    return load_toml("taxonomy", _PACKAGE, _FOLDER, name_or_file, _parse_extended)


def parse_taxonomy(content: Mapping[str, Any]) -> Taxonomy:
    """Make a tree of what its TOML file says.

    Raises
    ------
    ValueError, KeyError, TypeError
        Where something is missing, unknown or no tree.
    """
    refuse_unknown(content, _KEYS, "taxonomy")
    taxonomy = Taxonomy(
        name=str(content["name"]),
        root=str(content["root"]),
        nodes=tuple((name, texts(content["nodes"], name, "nodes")) for name in content["nodes"]),
        synonyms=tuple((name, texts(content["synonyms"], name, "synonyms")) for name in content.get("synonyms", {})),
    )
    _check_branches(taxonomy)
    _check_reached(taxonomy)
    _check_words(taxonomy)
    return taxonomy


def _parse_extended(content: Mapping[str, Any]) -> Taxonomy:
    return parse_taxonomy(lay_over_shipped("taxonomy", _PACKAGE, _FOLDER, content))


def _check_branches(taxonomy: Taxonomy) -> None:
    parents: dict[str, str] = {}
    for node, branches in taxonomy.nodes:
        key = ("nodes", node)
        if len(branches) < 2:
            raise AtKeyError(
                key, f'two branches or more were needed, found {list(branches)}; write {node} = ["A", "B"]'
            )
        for branch in branches:
            if not _plain(branch):
                raise AtKeyError(key, f"a branch needs letters or digits in its name, found {branch!r}")
            if branch in parents:
                also = f"also one of {parents[branch]}" if parents[branch] != node else "there twice"
                raise AtKeyError(key, f"{branch} is {also}; each name stands once in the tree: rename one of them")
            parents[branch] = node
    if taxonomy.root in parents:
        raise AtKeyError(
            ("root",),
            f"the first decision can be no branch, and {taxonomy.root} is one of {parents[taxonomy.root]}; "
            f"take it out there: the tree would be a circle",
        )


def _check_reached(taxonomy: Taxonomy) -> None:
    """Refuse nodes that no path from the root leads to; as each name is a branch of one node only, circles are such."""
    known = dict(taxonomy.nodes)
    if taxonomy.root not in known:
        raise AtKeyError(("root",), f"one of the nodes {', '.join(known)} was needed, found {taxonomy.root!r}")
    reached = set(taxonomy.decisions)
    lost = [node for node in known if node not in reached]
    if not lost:
        return
    parents = {branch: node for node, branches in taxonomy.nodes for branch in branches}
    if lost[0] in parents:
        raise AtKeyError(
            ("nodes", lost[0]),
            f"a tree was needed, found a circle of {', '.join(lost)}; take one of them out of the other's branches",
        )
    raise AtKeyError(
        ("nodes", lost[0]),
        f"no branch leads here; add {lost[0]} to the branches of {' or '.join(taxonomy.decisions)}, or remove it",
    )


def _check_words(taxonomy: Taxonomy) -> None:
    """Refuse a word that means two things, and synonyms of what is no diagnosis."""
    meant: dict[str, str] = {}
    for name in (*taxonomy.decisions, *taxonomy.diagnoses):
        other = meant.setdefault(_plain(name), name)
        if other != name:
            raise AtKeyError(("nodes", taxonomy.root), f"{name} and {other} differ in spelling only; rename one")
    for diagnosis, words in taxonomy.synonyms:
        key = ("synonyms", diagnosis)
        if words and diagnosis in taxonomy.decisions:
            raise AtKeyError(key, f"a diagnosis was needed, and this is a decision here; write {diagnosis} = []")
        if words and diagnosis not in taxonomy.diagnoses:
            near = difflib.get_close_matches(diagnosis, taxonomy.diagnoses, n=1)
            advice = f"did you mean {near[0]}?" if near else "write one of them"
            raise AtKeyError(key, f"a diagnosis ({', '.join(taxonomy.diagnoses)}) was needed; {advice}")
        for word in words:
            other = meant.setdefault(_plain(word), diagnosis)
            if other != diagnosis:
                raise AtKeyError(key, f"{word!r} also means {other}; keep it at one of them")


def _plain(text: str) -> str:
    """Give a word without what people write differently: `Relapsing-Remitting  M.S.` is `relapsing remitting ms`."""
    return " ".join(re.sub(r"[\W_]+", " ", re.sub(r"[.'’]", "", text)).casefold().split())
