"""A classifier's model card: what a stranger must know before relying on it. Counts only, never patients."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.models.classifier.description import Description
from nnunet_ext.models.model_card import NOT_STATED, escaped, table

INTENDED_USE: Final = (
    "Research on lesions of the spinal cord in patients of the kind that the classifier was trained on. Not a medical "
    "device: no diagnosis, and no treatment, may rest on it."
)
_MOST: Final = 200
_DIGITS: Final = 4


@dataclass(frozen=True)
class ClassifierSources:
    """What the card is made of, beside the classifier itself.

    Parameters
    ----------
    figures
        Rows of `figures.tsv` of an evaluation, in its columns; none where it was not evaluated.
    licence, intended_use
        Sentences for the card; empty for the usual ones.
    """

    figures: Sequence[Mapping[str, str]] = ()
    licence: str = ""
    intended_use: str = ""


def classifier_card(name: str, described: Description, sources: ClassifierSources) -> str:
    """Write the card in Markdown; text that comes from data is escaped."""
    parts = {
        "What it tells apart": _tells(described),
        "Data": _data(described),
        "Figures": _figures(sources.figures),
        "Intended use": escaped(sources.intended_use) if sources.intended_use else INTENDED_USE,
        "Limits": _limits(described, sources),
        "Licence": escaped(sources.licence)
        if sources.licence
        else f"{NOT_STATED} Ask the authors before you use or pass it on.",
        "Use": f"```\nnnunet_ext model import FILE.zip\nnnunet_ext classify predict -m {name} --help\n```",
    }
    return "\n\n".join([f"# {escaped(name)}", *(f"## {title}\n\n{text}" for title, text in parts.items())]) + "\n"


def _tells(described: Description) -> str:
    tree = described.tree
    return "\n\n".join(
        [
            table(("Decision", "Branches"), [(node, ", ".join(tree.branches(node))) for node in tree.decisions]),
            f"Taxonomy: {escaped(described.name)}. Images: {_list(described.channels)}.",
            f"Evidences: {_list(described.evidences)}; recommended: {escaped(described.recommended)}. "
            f"Mean of the models of {described.folds} folds.",
            f"Measures: {_list(described.columns)}.",
        ]
    )


def _data(described: Description) -> str:
    rows = [(diagnosis, str(number)) for diagnosis, number in described.patients.items()]
    masks = f"{described.masks} lesion masks"
    segmentation = f", of {escaped(described.segmentation)}" if described.segmentation else ""
    total = sum(described.patients.values())
    return (
        f"Trained on: patients {total}, sites {described.sites}; {masks}{segmentation}.\n\n"
        f"{table(('Diagnosis', 'Patients'), rows)}"
    )


def _figures(figures: Sequence[Mapping[str, str]]) -> str:
    if not figures:
        return NOT_STATED
    columns = list(figures[0])
    told = table(columns, [[_rounded(row.get(column, "")) for column in columns] for row in figures[:_MOST]])
    more = f"\n\nAnd {len(figures) - _MOST} more rows of the evaluation." if len(figures) > _MOST else ""
    return told + more


def _limits(described: Description, sources: ClassifierSources) -> str:
    told = [escaped(warning) for warning in described.warnings]
    if not sources.figures:
        told.append("Its accuracy is not stated: measure it on your own patients first.")
    told.append("It knows no diagnosis but these, and gives each patient one of them or none.")
    return "\n".join(f"- {sentence}" for sentence in told)


def _list(items: Iterable[str]) -> str:
    return ", ".join(map(escaped, items)) or "none"


def _rounded(cell: str) -> str:
    try:
        return f"{float(cell):.{_DIGITS}g}"
    except ValueError:
        return cell
