"""The entry point: find the verb, run it, turn errors into exit codes."""
# PYTHON_ARGCOMPLETE_OK: argcomplete looks for these words before it asks a program for completions

import logging
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, Protocol

from nnunet_ext import __version__
from nnunet_ext.cli.complete import complete
from nnunet_ext.cli.n_procs import refuse_no_process
from nnunet_ext.cli.verb_parser import VerbParser
from nnunet_ext.core.errors import EnvironmentProblemError, NnunetExtError

VERBS: Final = {
    "demo": "the whole job on synthetic patients and, with --bids, on yours",
    "env": "print the shell exports that make plain nnU-Net commands find our trainers",
    "info": "versions, devices, variables and trainers found; what is amiss, and its cure",
    "phantom": "write a BIDS dataset of synthetic spinal-cord MRI",
    "inject": "put synthetic lesions into real images that have a cord mask",
    "convert": "turn BIDS folders into one nnU-Net raw dataset",
    "crop-dataset": "box the cord of a raw dataset: outside the box the image is zero",
    "predict": "segment images: find the cord, box it, segment inside, put back in the image's own geometry",
    "correct": "correct the masks of any folder in the browser, with every check of the correction loop",
    "evaluate": "score predictions against references: overlap, surfaces, lesions one by one; per site and over all",
    "biomarkers": "measure lesions: size, shape and the tissue bridges that they leave",
    "agreement": "compare methods, or raters: paired tests, bias and limits, clinical scores, figures",
    "classify": "what kind of lesion it is, with the evidence beside the answer; how far that can be believed",
    "active": "the correction loop: ask people for what helps most, take in what they corrected, train, compare",
    "report": "pages to look at, mark and pass on, from what any verb left; offline, each in one file",
    "train-default": "make the models that come with the package again, from a seed and synthetic data alone",
    "model": "share trained models safely: export, verify, import",
}
"""Each verb lives in the module or folder of its name (dashes are underscores there), in a folder in its `command`. It
is imported only when it is asked for: help stays instant."""

_EPILOG: Final = """\
Training is nnU-Net's own command, with our trainers; see `nnunet_ext env --help`. Is all here? `nnunet_ext info`.
Completion in bash or zsh: pip install 'nnunet_ext[complete]', then: eval "$(register-python-argcomplete nnunet_ext)"
Exit codes: 0 done, 2 usage, 3 data refused, 4 environment, 5 conflict, 6 unsafe model, 1 a bug."""
_INTERRUPTED: Final = 130  # what shells report for Ctrl-C
_TERMINATED: Final = 143  # and for SIGTERM, which a cluster sends before it takes the machine away


class Verb(Protocol):
    """A command with its arguments, ready to run."""

    def run(self) -> int:
        """Do the work; the result is the exit code."""
        ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb on these arguments, those of the process where None, and give its exit code.

    0 done, 2 usage, 3 data refused, 4 environment, 5 conflict, 6 unsafe model, 1 a bug.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    complete(lambda words: make_parser(_verb_of(words)))
    parser = make_parser(_verb_of(given))
    options = parser.parse_args(given)
    if options.verb is None:
        parser.print_help()
        return 0
    before = signal.signal(signal.SIGTERM, _terminate)
    logging.basicConfig(level=max(logging.WARNING - 10 * options.verbose, logging.DEBUG), format="%(message)s")
    try:
        refuse_no_process(options)
        verb: Verb = _module(options.verb).from_options(options)
        return verb.run()
    except NnunetExtError as error:
        print(f"nnunet_ext {options.verb}: error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:  # a full disk, a folder without permission: the system's words are the best ones
        print(f"nnunet_ext {options.verb}: error: {error}", file=sys.stderr)
        return EnvironmentProblemError.exit_code
    except KeyboardInterrupt:
        print(f"\nnnunet_ext {options.verb}: interrupted; the same command goes on from here", file=sys.stderr)
        return _INTERRUPTED
    finally:
        # A process that is forked later would inherit ours, and a pool could wait for ever for workers that it ended.
        signal.signal(signal.SIGTERM, before)


def _terminate(*_: object) -> None:
    sys.exit(_TERMINATED)  # as an exception, so that every `finally` on the way still tidies up


def _verb_of(words: Sequence[str]) -> str | None:
    return next((word for word in words if not word.startswith("-")), None)


def _module(verb: str) -> Any:  # noqa: ANN401 - a module with `add_arguments` and `from_options`
    module = import_module(f"nnunet_ext.cli.{verb.replace('-', '_')}")
    return import_module(f"{module.__name__}.command") if hasattr(module, "__path__") else module


def make_parser(asked_for: str | None) -> VerbParser:
    """Describe every verb, and the arguments of the one that is asked for: those of the others are not imported."""
    parser = VerbParser(
        prog="nnunet_ext",
        description="Spinal-cord MRI on stock nnU-Net v2: BIDS in, cord and lesion segmentations and numbers out.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"nnunet_ext {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for name, summary in VERBS.items():
        verb = verbs.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        verb.add_argument("-v", "--verbose", action="count", default=0, help="say more; twice: everything")
        if name == asked_for:
            _module(name).add_arguments(verb)
    return parser


if __name__ == "__main__":
    sys.exit(main())
