"""`nnunet_ext predict --list-models`: what comes with the package, what it is for, and how good it was found to be."""

import json
import os
from dataclasses import dataclass

from nnunet_ext.core.errors import EnvironmentProblemError
from nnunet_ext.models.default_models import DefaultModel, default_models


@dataclass(frozen=True)
class ListModels:
    """Tell of the default models; `json` for the answer in JSON."""

    json: bool

    def run(self) -> int:
        """Look at each, tell, and answer 4 where none can be used."""
        models = default_models(os.environ)
        if self.json:
            print(json.dumps([_facts(model) for model in models], indent=1))
        else:
            print("\n\n".join(_in_words(model) for model in models))
        return EnvironmentProblemError.exit_code if all(model.problem for model in models) else 0


def _facts(model: DefaultModel) -> dict[str, object]:
    told = {} if model.card is None else model.card.content()
    return {"name": model.name, "folder": str(model.folder), "bytes": model.size, "problem": model.problem, **told}


def _in_words(model: DefaultModel) -> str:
    card = model.card
    if card is None:
        return f"{model.name}: cannot be used: {model.problem}"
    lines = [
        f"{model.name}: {card.segments}",
        f"  contrasts: {', '.join(card.contrasts)}",
        f"  size: {model.size / 2**20:.1f} MiB",
        *(f"  {words}: {value}" for words, value in card.figures.items()),
        f"  warning: {card.warning}",
    ]
    return "\n".join(lines)
