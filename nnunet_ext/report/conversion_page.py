"""The quality-control page of a conversion: content in, one self-contained HTML text out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.report.conversion_content import ConversionContent, SkippedImage
from nnunet_ext.report.rendering import page_environment, shareable, shipped_script

_NAMES_SHOWN: Final = 20
_GROUPS_SHOWN: Final = 25
_MISSING: Final = frozenset({"", "n/a", "-", "–"})
_NUMBER: Final = re.compile(r"[<>≈~+\-−]?\d[\d.,\s]*[^\d\s]{0,4}")  # with a sign, and a unit behind it
# What differs between images that were skipped for one reason: quoted words, names of files and subjects, and numbers
# (not the one in T1w).
_PARTICULARS: Final = re.compile(
    r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"|(?:sub|ses)-\w+\S*(?<![:;,.)])|\S+\.(?:nii|json|tsv)\S*(?<![:;,.)])"
    r"|(?<![A-Za-z\d])[+-]?\d[\d.,]*(?<![.,])"
)
_ANY: Final = "…"


@dataclass(frozen=True)
class _Group:
    """Images skipped for one kind of reason; `exact` where all the reasons are the very same."""

    reason: str
    refused: bool
    images: tuple[SkippedImage, ...]
    exact: bool


def render_conversion_page(content: ConversionContent) -> str:
    """Render the page, the same for the same content; without any case it says so.

    It opens offline and can be passed on: pictures stand inside, a content security policy forbids everything but
    them, the style and one script (by its hash) that sorts and filters; all text is escaped, and of a path only the
    file's name is left. Without the script, everything can still be read.
    """
    template = page_environment().get_template("conversion.html.j2")
    return template.render(
        content=content,
        numeric=[_is_numeric([row.cells[column] for row in content.rows]) for column in range(len(content.columns))],
        missing=_MISSING,
        places={row.case: number for number, row in enumerate(content.rows, start=1)},
        sites=sorted({row.site for row in content.rows}),
        groups=_grouped(content.skipped),
        names_shown=_NAMES_SHOWN,
        script=shipped_script("conversion.js"),
    )


def _is_numeric(cells: Sequence[str]) -> bool:
    there = [cell.strip() for cell in cells if cell.strip() not in _MISSING]
    return bool(there) and all(_NUMBER.fullmatch(cell) for cell in there)


def _grouped(skipped: Sequence[SkippedImage]) -> list[_Group]:
    """Group by the kind of reason: the refused first, then the most frequent; the rarest join in one group."""
    by_kind: dict[tuple[bool, str], list[SkippedImage]] = {}
    for image in skipped:
        by_kind.setdefault((not image.refused, _kind(image)), []).append(image)
    ordered = sorted(by_kind.items(), key=lambda item: (item[0][0], -len(item[1])))
    groups = [_group(kind, images) for (_, kind), images in ordered[:_GROUPS_SHOWN]]
    rest = [image for _, images in ordered[_GROUPS_SHOWN:] for image in images]
    if rest:
        refused = any(image.refused for image in rest)
        groups.append(_Group(f"{len(ordered) - _GROUPS_SHOWN} other reasons", refused, tuple(rest), exact=False))
    return groups


def _group(kind: str, images: Sequence[SkippedImage]) -> _Group:
    exact = len({image.reason for image in images}) == 1
    return _Group(images[0].reason if exact else kind, images[0].refused, tuple(images), exact)


def _kind(image: SkippedImage) -> str:
    """Take out of a reason what is particular to its image."""
    reason = image.reason.replace(image.name, _ANY) if image.name else image.reason
    return _PARTICULARS.sub(_ANY, shareable(reason))
