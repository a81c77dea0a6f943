"""`card.json`: what a default model segments, how well it was found to, what to beware of, and what its files are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.models.entry_names import DATASET_JSON, FINAL, PLANS, folds_of
from nnunet_ext.models.json_files import read_json_object
from nnunet_ext.models.model_card import escaped

CARD: Final = "card.json"
CARD_TEXT: Final = "card.md"
EMPTY: Final = "empty"
ANY: Final = "any"
SEGMENTED_BY: Final = "segmented by"
"""How the sentence begins that says by which default models a mask is: it tells of no case more than of another."""


@dataclass(frozen=True)
class DefaultCard:
    """What is known of a default model; `card.json` has the same keys.

    Parameters
    ----------
    name
        The one that `-m` takes.
    segments
        In words.
    warning
        What a user must know before relying on it.
    contrasts
        BIDS suffixes that it was trained for, or `any`.
    localizer
        Name of the default model that finds the cord for it; empty where it needs none.
    no_cord
        `empty` where an image without a cord gets an empty mask, else the whole image is segmented.
    shortest_mm, thinnest_mm2
        What is no cord: less than this along the body, or a section of less than that.
    continued_mm
        How far its images are continued along the body beyond their first and last slices, see `ContinuedImage`.
    post_processing
        What its segmentations go through, in the words of `predict`'s sidecars (`LargestCord`, `SmallestMm3` ...).
    training
        How it was made: words and value.
    figures
        Measured with `benchmarks/default_models.py`: words and value.
    files
        SHA-256 of each file, by its name in the model's folder.
    """

    name: str
    segments: str
    warning: str
    contrasts: tuple[str, ...] = (ANY,)
    localizer: str = ""
    no_cord: str = ""
    shortest_mm: float = 15.0
    thinnest_mm2: float = 25.0
    continued_mm: float = 0.0
    post_processing: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, float | str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> "DefaultCard":
        """Read what a `card.json` says; other keys are passed over.

        Raises
        ------
        UnsafeModelError
            Where something is missing or of another kind.
        """
        kinds: dict[str, type | tuple[type, ...]] = {
            "name": str, "segments": str, "warning": str, "contrasts": list, "localizer": str, "no_cord": str,
            "shortest_mm": (int, float), "thinnest_mm2": (int, float), "continued_mm": (int, float),
            "post_processing": dict, "training": dict, "figures": dict, "files": dict,
        }  # fmt: skip
        wrong = [key for key in ("name", "segments", "warning", "files") if key not in content]
        wrong += [key for key, kind in kinds.items() if key in content and not isinstance(content[key], kind)]
        if wrong:
            raise UnsafeModelError(f"{CARD}: {', '.join(wrong)} missing, or of another kind than a card has it")
        found = {key: content[key] for key in kinds if key in content}
        if "contrasts" in found:
            found["contrasts"] = tuple(map(str, found["contrasts"]))
        return cls(**found)

    def content(self) -> dict[str, Any]:
        """Give the keys of `card.json`."""
        return {**vars(self), "contrasts": list(self.contrasts)}

    def suits(self, contrast: str) -> bool:
        """Tell whether it was trained for images of a BIDS suffix; where that is not known, empty, it may have been."""
        return not contrast or ANY in self.contrasts or contrast in self.contrasts

    def refuse_changed(self, hashes: Mapping[str, str]) -> None:
        """Hold files, by their SHA-256, against the card.

        Raises
        ------
        UnsafeModelError
            Naming the first that is another, or that the card does not know.
        """
        if changed := [name for name, found in hashes.items() if self.files.get(name) != found]:
            raise UnsafeModelError(
                f"{changed[0]}: is not the file that {CARD} describes; install nnunet_ext again (pip install "
                f"--force-reinstall nnunet_ext) or, if it was you who changed it, take {CARD} away"
            )


def read_card(folder: Path) -> DefaultCard | None:
    """Read the card of a model's folder; None where it has none.

    Raises
    ------
    UnsafeModelError
        Where it is no card.
    """
    file = folder / CARD
    return DefaultCard.from_content(read_json_object(file)) if file.is_file() else None


def model_files(folder: Path) -> list[Path]:
    """List the files of a model that prediction reads, those that are there."""
    names = (PLANS, DATASET_JSON, *(f"fold_{fold}/{FINAL}" for fold in folds_of(folder)))
    return [folder / name for name in names if (folder / name).is_file()]


def write_card(folder: Path, card: DefaultCard) -> DefaultCard:
    """Write `card.json` and, to be read, `card.md` into a model's folder, with the digests of its files as they are."""
    hashes = {file.relative_to(folder).as_posix(): sha256(file) for file in model_files(folder)}
    told = replace(card, files=hashes)
    write_json(folder / CARD, told.content())
    write_text(folder / CARD_TEXT, _in_words(told))
    return told


def _in_words(card: DefaultCard) -> str:
    training, figures = (
        [f"| {escaped(words)} | {escaped(str(value))} |" for words, value in told.items()]
        for told in (card.training, card.figures)
    )
    lines = [
        f"# {escaped(card.name)}",
        f"Segments: {escaped(card.segments)}.",
        f"Contrasts: {escaped(', '.join(card.contrasts))}.",
        f"**{escaped(card.warning)}**",
        *(["\n".join(["| Made | |", "| --- | --- |", *training])] if training else []),
        "\n".join(["| Measured | |", "| --- | --- |", *figures]) if figures else "Nothing was measured yet.",
        "\n".join(["| File | SHA-256 |", "| --- | --- |", *(f"| {n} | `{d}` |" for n, d in card.files.items())]),
    ]
    return "\n\n".join(lines) + "\n"
