"""The models that come with the package, and whether they are what they were."""

from collections.abc import Mapping

from nnunet_ext.cli.info.problem import Problem
from nnunet_ext.models.default_models import default_models


def find_models(environment: Mapping[str, str]) -> tuple[dict[str, str | None], list[Problem]]:
    """Say of each how large it is, None where it cannot be used, and why; with models of one's own work goes on."""
    models = default_models(environment)
    found = {
        model.name: None if model.problem else f"{model.size / 2**20:.1f} MiB, every file as its card says"
        for model in models
    }
    problems = []
    for model in models:
        if model.problem:
            said, _, cure = model.problem.partition("; ")
            problems.append(Problem(f"{model.name}: {said}", cure or "install nnunet_ext again", needed=False))
    return found, problems
