"""The model card: what a stranger must know before relying on a model. Counts only, never patients."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nnunet_ext.core.model_name import ModelName
from nnunet_ext.core.tables import Row
from nnunet_ext.models.entry_names import CROP_METADATA
from nnunet_ext.models.manifest import ModelFacts

NOT_STATED: Final = "Not stated."
INTENDED_USE: Final = "Research on spinal-cord MRI of the kind that the model was trained on. Not a medical device."
_HEADLINES: Final = (
    "dsc",
    "dsc_in_lesion_cases",
    "nsd",
    "hd95",
    "rel_vol_error",
    "lesion_ppv",
    "lesion_sensitivity",
    "lesion_f1",
    "lesion_free_kept_clean",
)  # of the twenty that an evaluation gives for each region
_SPECIAL: Final = re.compile(r"([\\`*_\[\]|#~{}])")


@dataclass(frozen=True)
class CardSources:
    """What the card is made of, beside the model itself.

    Parameters
    ----------
    cases
        Rows of `cases.tsv`; none where the data are not stated.
    metrics
        Rows of `summary.tsv`; none where the model was not evaluated.
    licence, intended_use
        Sentences for the card; empty for the usual ones.
    """

    cases: Sequence[Row] = ()
    metrics: Sequence[Row] = ()
    licence: str = ""
    intended_use: str = ""


def model_card(name: ModelName, facts: ModelFacts, dataset: Mapping[str, Any], sources: CardSources) -> str:
    """Write the card in Markdown.

    Parameters
    ----------
    sources
        Where the figures come from. Of the cases nothing but numbers gets into the card.

    Returns
    -------
    str
        Text that comes from data is escaped: it can neither break a table nor become a link or a tag.
    """
    margins = boxed(dataset)
    licence = sources.licence or str(dataset.get("licence") or dataset.get("license") or "")
    parts = {
        "What it segments": _segments(dataset),
        "Data": _data(sources.cases),
        "Metrics": _metrics(sources.metrics),
        "Intended use": escaped(sources.intended_use) if sources.intended_use else INTENDED_USE,
        "Limits": _limits(facts, sources, margins),
        "Licence": escaped(licence) if licence else f"{NOT_STATED} Ask the authors before you use or pass it on.",
        "Use": _use(name, facts, margins),
    }
    return (
        "\n\n".join([f"# {escaped(name.dataset)}", *(f"## {title}\n\n{text}" for title, text in parts.items())]) + "\n"
    )


def boxed(dataset: Mapping[str, Any]) -> str:
    """Say how far the boxes reached that a model was trained on, face by face; empty where its images were whole."""
    crop = dataset.get("crop")
    margins = crop.get("margins_mm") if isinstance(crop, Mapping) else None
    return ", ".join(f"{face} {mm:g}" for face, mm in margins.items()) if margins else ""


def escaped(text: str) -> str:
    """Give text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))


def _segments(dataset: Mapping[str, Any]) -> str:
    channels = dataset.get("channel_names") or dataset.get("modality") or {}
    rows = [(str(label), str(values)) for label, values in dataset["labels"].items()]
    told = [
        table(("Label", "Values"), rows),
        f"Input channels: {', '.join(escaped(str(channel)) for channel in channels.values())}.",
        f"Orientation (SCT's letters): {escaped(str(dataset.get('image_orientation', NOT_STATED)))}",
    ]
    return "\n\n".join(told)


def _data(cases: Sequence[Row]) -> str:
    included = [row for row in cases if row.get("status") == "include"]
    if not included:
        return NOT_STATED
    groups = sorted({(row["site"], row["split"], row["contrast"]) for row in included})
    rows = []
    for group in groups:
        members = [row for row in included if (row["site"], row["split"], row["contrast"]) == group]
        rows.append((*group, str(_patients(members)), str(len(members))))
    trained = [row for row in included if row["split"] == "train"]
    sites = {row["site"] for row in trained}
    total = f"Trained on: images {len(trained)}, patients {_patients(trained)}, sites {len(sites)}."
    return f"{total}\n\n{table(('Site', 'Set', 'Contrast', 'Patients', 'Images'), rows)}"


def _patients(rows: Iterable[Row]) -> int:
    return len({row.get("person", f"{row['dataset']}/{row['subject']}") for row in rows})


def _metrics(metrics: Sequence[Row]) -> str:
    if not metrics:
        return NOT_STATED
    columns = ("site", "region", "metric", "n_used", "mean", "sd")
    told = [row for row in metrics if row.get("metric") in _HEADLINES] or metrics
    rows = [tuple(_rounded(row.get(column, "")) for column in columns) for row in told]
    return table(("Site", "Region", "Metric", "Cases", "Mean", "SD"), rows)


def _rounded(cell: str) -> str:
    try:
        return f"{float(cell):.4g}"
    except ValueError:
        return cell


def _limits(facts: ModelFacts, sources: CardSources, margins: str) -> str:
    sites = sorted({row["site"] for row in sources.cases if row.get("status") == "include"})
    told = [f"{escaped(warning)}" for warning in facts.warnings]
    if margins:
        told.append(
            f"Trained on boxes around the cord (beyond it, in mm: {escaped(margins)}), not on whole images. On a whole "
            f"image it takes muscle, kidney or brain for what it looks for, and nothing says so: `nnUNetv2_predict`, "
            f"and `sct_deepseg` unless the task finds the cord and crops first, segment the whole image."
        )
    if sites:
        told.append(f"Nothing is known about scanners and protocols other than those of {escaped(', '.join(sites))}.")
    if not sources.metrics:
        told.append("Its accuracy is not stated: measure it on your own data first.")
    told.append("Look at every mask before you rely on it.")
    return "\n".join(f"- {sentence}" for sentence in told)


def _use(name: ModelName, facts: ModelFacts, margins: str) -> str:
    folds = " ".join(facts.folds)
    stock = (
        f"nnUNetv2_predict -i IN -o OUT -d {name.dataset} -c {name.configuration} -tr {name.trainer} "
        f"-p {name.plans} -f {folds}\n```"
    )
    trained = f"Trained with `{facts.original_trainer}`."
    if not margins:
        return f"{trained}\n\n```\nnnunet_ext model import FILE.zip\n{stock}"
    return (
        f"{trained} It segments inside a box around the cord, which another model, a localizer, finds:\n\n"
        f"```\nnnunet_ext model import FILE.zip\n"
        f"nnunet_ext predict -i IN -o OUT -m {name.folder} --localizer LOCALIZER\n```\n\n"
        f"nnU-Net's own command, and the Spinal Cord Toolbox, need images that are boxed already: 0 everywhere but "
        f"around the cord, with these margins ({CROP_METADATA}):\n\n```\n{stock}"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown, its cells escaped."""
    lines = [header, ["---"] * len(header), *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
