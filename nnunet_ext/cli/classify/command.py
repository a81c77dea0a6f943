"""`nnunet_ext classify`: tumour or demyelination, and which of them; a patient a row."""

import argparse
from importlib import import_module
from typing import Any, Final

_ACTIONS: Final = {
    "train": "train a classifier on patients with a diagnosis: measures, network, both, side by side, out of fold",
    "predict": "say what a classifier makes of patients' lesions: calibrated, with what spoke for it, or `not sure`",
    "evaluate": "hold predictions against diagnoses and readers: figures with intervals, leaks, and a page",
}
"""Each action lives in the module of its name."""

_EXAMPLES: Final = """\
examples:
  lesion masks first:  nnunet_ext predict -i /data/bids -o predicted
  train:               nnunet_ext classify train /data/bids --lesions predicted -o classifier
  new patients:        nnunet_ext classify predict /data/new_bids --lesions predicted_new -m classifier -o said
  how good is it:      nnunet_ext classify evaluate said -o judged
diagnosis, age, sex, and columns reader_1, reader_2 stand in participants.tsv. For research, not for diagnosis.
exit: 0 done; 2 usage; 3 data refused; 4 something is not installed; 5 another folder is needed; 6 unsafe model"""


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
