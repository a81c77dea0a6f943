"""Lists of what to include or to exclude, in the shapes in which labs keep them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

import yaml

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.malformed import what_was_found
from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.text_file import read_text

_STRUCTURED: Final = frozenset({".yml", ".yaml", ".json"})
# No T2star, T2starw, T2s, MTR or T1: the field spells them in several ways, or heads lists of metrics with them.
_CONTRASTS: Final = frozenset({"t1w", "t2w", "pdw", "flair", "psir", "stir", "unit1", "megre", "dwi"})
_NOTHING: Final = frozenset({"", "~", "null"})
_COMMENT_AFTER: Final = re.compile(r"[ \t]+#[ \t]*([^\r\n]*)")
_COMMENT: Final = re.compile(r"(?:^|\s)#")


@dataclass(frozen=True)
class ListEntry:
    """One entry of a list.

    Parameters
    ----------
    text
        As it stands in the file.
    reason
        The comment that follows it on its line; may be empty.
    headings
        Keys above it, outermost first.
    line
        Where it stands, counted from 1; 0 of one that stands in no file.
    """

    text: str
    reason: str = ""
    headings: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def shown(self) -> str:
        """The text, without the folders of somebody's disk where it is an absolute path."""
        path = PurePosixPath(self.text.replace("\\", "/"))
        absolute = path.is_absolute() or re.match(r"[A-Za-z]:/", str(path))
        return path.name if absolute else self.text


@dataclass(frozen=True)
class FileList:
    """What a list names.

    An entry matches an image where it is, letter by letter,

    - leading whole parts of its name: a subject (`sub-1`, never `sub-10`), subject and session, or the whole stem,
      with or without `.nii.gz`; or a subject's bare label (`1`),
    - a site: what stands before the digits at the end of the subject's label (`beijingVerio` for
      `sub-beijingVerio01`, not for `sub-beijingVerioX01`),
    - its path, or a folder above it (`sub-1/ses-2`). Of a path that ends in a file, the file's name is what counts,
    - the name of a label of it: its stem, an underscore and more (`sub-1_T2w_lesion-manual.nii.gz`),
    - its case name, `{dataset}_{stem}`.

    One folder before the subject (`DATASET/sub-1`), or a heading that is one of `datasets`, ties an entry to that
    dataset. Longer and absolute paths say where somebody's copy lay, and tie to none, unless their last folder before
    the subject is one of `datasets`.

    Entries count under whatever heading they stand, for labs head their lists by metric, contrast or dataset, and an
    exclusion overlooked is worse than one too many. A heading narrows in one case only: it is, but for case, the
    suffix of a contrast that has one spelling (T1w, T2w, PDw, FLAIR, PSIR, STIR, UNIT1, MEGRE, dwi), and the entry
    names less than a whole image. `T2w: [sub-1]` leaves the T1w of `sub-1` alone; `t2: [sub-1]` does not.

    Parameters
    ----------
    entries
        In the order of the file.
    datasets
        Names of the datasets that are converted together.
    """

    entries: tuple[ListEntry, ...]
    datasets: frozenset[str] = frozenset()

    def matches(self, dataset: str, image: str) -> ListEntry | None:
        """Give the first entry that names an image; None where none does.

        Parameters
        ----------
        dataset
            Name of the image's dataset.
        image
            Its path relative to the dataset, with forward slashes, or its stem.
        """
        return next(iter(self.all_matches(dataset, image)), None)

    def all_matches(self, dataset: str, image: str) -> tuple[ListEntry, ...]:
        """Give every entry that names an image, see `matches`, in the order of the file."""
        path = strip_ending(image)
        stem = path.rsplit("/", 1)[-1]
        suffix = stem.rsplit("_", 1)[-1].lower()
        label = stem.split("_", 1)[0].removeprefix("sub-")
        whole = {stem, path, f"{dataset}_{stem}", f"{stem}_"}
        parts = {*_leading(stem, "_"), *_leading(path, "/"), label, label.rstrip("0123456789")} - whole
        found = set()
        for name in whole | parts:
            for meaning in self._by_name.get(name, ()):
                here = meaning.dataset in ("", dataset)
                if here and (name in whole or meaning.contrast in ("", suffix)):
                    found.add(meaning.position)
        return tuple(self.entries[position] for position in sorted(found))

    def unmatched(self, found: Iterable[tuple[str, str]]) -> tuple[ListEntry, ...]:
        """Give the entries that name none of the images found: misspelt, or moved away.

        Parameters
        ----------
        found
            Dataset and relative path of every image, see `matches`.
        """
        matched = {entry for dataset, image in found for entry in self.all_matches(dataset, image)}
        return tuple(entry for entry in self.entries if entry not in matched)

    @cached_property
    def _by_name(self) -> Mapping[str, list["_Meaning"]]:
        by_name: dict[str, list[_Meaning]] = {}
        for position, entry in enumerate(self.entries):
            name, meaning = _read_entry(position, entry, self.datasets)
            # With an underscore at the end: what an image's stem must be for this to be the name of its label.
            for key in (name, *(f"{part}_" for part in _leading(name, "_"))):
                by_name.setdefault(key, []).append(meaning)
        return by_name


@dataclass(frozen=True)
class _Meaning:
    position: int
    dataset: str
    contrast: str


def load_file_list(path: Path, datasets: Iterable[str] = ()) -> FileList:
    """Read a list of subjects, sessions, sites or files.

    YAML and JSON may hold a list, or lists under headings, to any depth; every value is read as text, so that `01`
    stays `01`. Any other ending is plain text, one entry a line. A comment after an entry is its reason.

    Parameters
    ----------
    path
        The file.
    datasets
        Names of the datasets that are converted together, see `FileList`.

    Returns
    -------
    FileList
        Without entries where the file has none.

    Raises
    ------
    FileRefusedError
        Where there is no such file, it is no text or no YAML, or a subject stands as a heading.
    """
    text = read_text(path, "a list was needed")
    structured = path.suffix.lower() in _STRUCTURED
    entries = _entries_of_yaml(path, text) if structured else _entries_of_lines(text)
    return FileList(tuple(entries), frozenset(datasets))


def _entries_of_lines(text: str) -> Iterator[ListEntry]:
    for number, line in enumerate(text.splitlines(), start=1):
        entry, *comment = _COMMENT.split(line, maxsplit=1)
        if entry.strip():
            yield ListEntry(entry.strip(), "".join(comment).strip(), line=number)


def _entries_of_yaml(path: Path, text: str) -> Iterator[ListEntry]:
    try:
        # Nodes rather than values: they keep a heading that occurs twice, and where on its line an entry ends.
        root = yaml.compose(text, yaml.BaseLoader)
        aliased = any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, yaml.BaseLoader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FileRefusedError(path, f"YAML was needed, found: {what_was_found(error)}; fix it there") from error
    if aliased:
        raise FileRefusedError(path, "entries were needed, found an alias (*name); write the entries out")
    if isinstance(root, yaml.ScalarNode) and root.value not in _NOTHING:
        raise FileRefusedError(
            path, f"a list was needed, found the text {root.value[:60]!r}; name a list of one entry a line .txt"
        )
    if root is not None:
        yield from _entries_of_node(path, text, root, ())


def _entries_of_node(path: Path, text: str, node: yaml.Node, headings: tuple[str, ...]) -> Iterator[ListEntry]:
    if isinstance(node, yaml.ScalarNode):
        if node.value.strip() not in _NOTHING:
            comment = _COMMENT_AFTER.match(text, node.end_mark.index)
            reason = comment[1].strip() if comment else ""
            yield ListEntry(node.value.strip(), reason, headings, node.start_mark.line + 1)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            heading = key.value if isinstance(key, yaml.ScalarNode) else None
            if heading is None or heading.startswith("sub-"):
                raise FileRefusedError(
                    path,
                    f"line {key.start_mark.line + 1}: a heading with a list below was needed, "
                    f"found {heading or 'a list'} as the heading; write: - sub-01  # reason",
                )
            yield from _entries_of_node(path, text, value, (*headings, heading))
    else:
        for value in node.value:
            yield from _entries_of_node(path, text, value, headings)


def _read_entry(position: int, entry: ListEntry, datasets: frozenset[str]) -> tuple[str, _Meaning]:
    """Read the name that an entry stands for, and what it is tied to."""
    parts = PurePosixPath(strip_ending(entry.text.replace("\\", "/"))).parts
    start = next((index for index, part in enumerate(parts) if part.startswith("sub-")), max(len(parts) - 1, 0))
    folders, named = parts[:start], parts[start:]
    is_file = bool(named) and named[-1].startswith("sub-") and "_" in named[-1]
    tied = [heading for heading in entry.headings if heading in datasets][-1:]
    if folders and (len(folders) == 1 or folders[-1] in datasets):
        tied = [folders[-1]]
    contrasts = [heading.lower() for heading in entry.headings if heading.lower() in _CONTRASTS][-1:]
    name = named[-1] if is_file else "/".join(named)
    return name, _Meaning(position, "".join(tied), "".join(contrasts))


def _leading(text: str, separator: str) -> Iterator[str]:
    """Give `a`, `a_b` and `a_b_c` for `a_b_c`."""
    parts = text.split(separator)
    return (separator.join(parts[:count]) for count in range(1, len(parts) + 1))
