"""`nnunet_ext classify`: what kind of lesion it is, with the evidence beside the answer."""

import argparse
from importlib import import_module
from typing import Any, Final

_ACTIONS: Final = {
    "evaluate": "judge predictions of patients whose diagnosis is known: every table of a paper, and a page",
}
"""Each action lives in the module of its name."""

_EXAMPLES: Final = """\
examples:
  how good is it:        nnunet_ext classify evaluate predicted -o judged
  two sites, one table:  nnunet_ext classify evaluate predicted_zurich predicted_geneva -o judged
  what masks cost:       nnunet_ext classify evaluate predicted --manual predicted_manual -o judged
exit: 0 done; 2 usage; 3 data refused; 4 a package is missing; 5 the folder holds something else"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in _ACTIONS.items():
        action = actions.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        action.epilog = _EXAMPLES
        _module(name).add_arguments(action)


def from_options(options: argparse.Namespace) -> Any:  # noqa: ANN401 - a command of one of the modules
    """Take the parsed arguments."""
    return _module(options.action).from_options(options)


def _module(action: str) -> Any:  # noqa: ANN401 - a module with `add_arguments` and `from_options`
    return import_module(f"nnunet_ext.cli.classify.{action}")
