"""The models that come with the package: which there are, where they lie, and whether they are what they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import EnvironmentProblemError, UnsafeModelError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.models.default_card import DefaultCard, model_files, read_card
from nnunet_ext.models.entry_names import PLANS

LOCALIZER: Final = "cord-localizer"
CORD: Final = "cord"
CORD_LESION: Final = "cord-lesion"
NAMES: Final = (LOCALIZER, CORD, CORD_LESION)

PLACE: Final = "nnUNet_extModels"
"""Variable that names another folder of default models, such as `nnunet_ext train-default` makes."""


@dataclass(frozen=True)
class DefaultModel:
    """A default model as it is installed.

    Parameters
    ----------
    name, folder
        Its name, and where it lies or should lie.
    card
        None where there is no model.
    size
        Of its files, in bytes.
    problem
        Why it cannot be used; empty where it can.
    """

    name: str
    folder: Path
    card: DefaultCard | None
    size: int
    problem: str = ""


def default_place(environment: Mapping[str, str]) -> Path:
    """Name the folder of the default models: the package's own, unless the variable names another."""
    named = environment.get(PLACE, "").strip()
    return Path(named) if named else Path(str(files("nnunet_ext.models"))) / "default"


def find_default(name: str, environment: Mapping[str, str]) -> Path:
    """Find a default model's folder; `load_model` then holds its files against its card.

    Raises
    ------
    EnvironmentProblemError
        Where the installation lacks it.
    """
    folder = default_place(environment) / name
    if name in NAMES and (folder / PLANS).is_file():
        return folder
    raise EnvironmentProblemError(
        f"the model {name}, which comes with nnunet_ext, was needed and is not in {folder.parent}; install nnunet_ext "
        f"again (pip install --force-reinstall nnunet_ext), make it anew (nnunet_ext train-default OUT, then export "
        f"{PLACE}=OUT/models), or name a model of your own with -m"
    )


def default_models(environment: Mapping[str, str]) -> list[DefaultModel]:
    """Look at every default model, file by file."""
    return [_looked_at(name, environment) for name in NAMES]


def _looked_at(name: str, environment: Mapping[str, str]) -> DefaultModel:
    folder = default_place(environment) / name
    try:
        find_default(name, environment)
        card = read_card(folder)
        if card is None:
            raise UnsafeModelError("has no card.json")
        there = model_files(folder)
        card.refuse_changed({file.relative_to(folder).as_posix(): sha256(file) for file in there})
        if missing := sorted(set(card.files) - {file.relative_to(folder).as_posix() for file in there}):
            raise UnsafeModelError(f"{missing[0]} is missing; install nnunet_ext again")
    except (EnvironmentProblemError, UnsafeModelError) as error:
        return DefaultModel(name, folder, None, 0, str(error))
    return DefaultModel(name, folder, card, sum(file.stat().st_size for file in there))
