"""`nnunet_ext info`: versions, devices, variables, trainers, default models; problems and their cures."""

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from nnunet_ext.cli.info.problem import Problem
from nnunet_ext.cli.take_options import take_options
from nnunet_ext.core.errors import EnvironmentProblemError

_EXAMPLES: Final = """\
examples:
  nnunet_ext info                          to read, and to paste into a question
  nnunet_ext info --json | jq .problems    for a script
exit: 0 everything needed is here (a note may stand under problems); 4 something needed is missing"""


@dataclass(frozen=True)
class Info:
    """Tell what is here; `json` for the answer in JSON."""

    json: bool

    def run(self) -> int:
        """Look, tell, and answer 4 where something needed is missing."""
        from nnunet_ext.cli.info.devices import find_devices  # noqa: PLC0415 - not for --help
        from nnunet_ext.cli.info.models import find_models  # noqa: PLC0415
        from nnunet_ext.cli.info.trainers import find_trainers  # noqa: PLC0415
        from nnunet_ext.cli.info.variables import find_variables  # noqa: PLC0415
        from nnunet_ext.cli.info.versions import find_versions  # noqa: PLC0415

        versions, of_versions = find_versions()
        devices, of_devices = find_devices()
        variables, of_variables = find_variables(os.environ)
        trainers, of_trainers = find_trainers()
        models, of_models = find_models(os.environ)
        problems = [*of_versions, *of_devices, *of_variables, *of_trainers, *of_models]
        if self.json:
            told = {"versions": versions, "devices": devices, "variables": variables, "trainers": trainers}
            told |= {"models": models}
            print(json.dumps({**told, "problems": [asdict(problem) for problem in problems]}, indent=1))
        else:
            _tell("Versions", versions, "not installed")
            _tell("Devices", devices)
            _tell("Variables", variables, "not set")
            _tell("Trainers that nnU-Net finds", trainers, "not found")
            _tell("Models that come with nnunet_ext", models, "cannot be used")
            _tell_problems(problems)
        return EnvironmentProblemError.exit_code if any(problem.needed for problem in problems) else 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def from_options(options: argparse.Namespace) -> Info:
    """Take the parsed arguments."""
    return take_options(Info, options)


def _tell(title: str, facts: Mapping[str, str | None], nothing: str = "") -> None:
    from nnunet_ext.cli.info.versions import optional_extra  # noqa: PLC0415

    print(f"{title}:")
    width = max(map(len, facts))
    for name, value in facts.items():
        extra = optional_extra(name)
        lacking = f"{nothing}; optional: pip install 'nnunet_ext[{extra}]'" if extra else nothing
        print(f"  {name:{width}}  {lacking if value is None else value}")


def _tell_problems(problems: list[Problem]) -> None:
    print("Problems:" if problems else "Problems: none")
    for problem in problems:
        print(f"  {'' if problem.needed else 'note: '}{problem.problem}\n    {problem.cure}")
