import argparse
from collections.abc import Iterator

import pytest

from nnunet_ext.cli.main import VERBS, make_parser

WITH_EXAMPLES = (
    "convert",
    "phantom",
    "train-default",
    "demo",
    "agreement",
    "model",
    "predict",
    "evaluate",
    "biomarkers",
    "report",
    "active",
    "classify",
)


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Give a parser with those of all its verbs and actions."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers(inner)


def verb_parser(verb: str) -> argparse.ArgumentParser:
    (found,) = (inner for inner in parsers(make_parser(verb)) if inner.prog == f"nnunet_ext {verb}")
    return found


def described(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Give the words that the help prints for one action, on one line."""
    formatter = parser._get_formatter()
    formatter.add_argument(action)
    return " ".join(formatter.format_help().split())


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_that_takes_a_value_names_its_default(verb: str) -> None:
    silent = []
    for parser in parsers(make_parser(verb)):
        for action in parser._actions:
            words = described(parser, action)
            if action.option_strings and action.nargs != 0 and not action.required and "default" not in words:
                silent.append(words)
            if action.option_strings and action.required:
                assert "(required)" in words
            if action.option_strings and action.nargs != 0 and action.default not in (None, "", "auto", (), []):
                several = action.default if isinstance(action.default, list | tuple) else [action.default]
                assert [value for value in several if str(value).removesuffix(".0") not in words] == []
    assert silent == []


@pytest.mark.parametrize("verb", WITH_EXAMPLES)
def test_the_help_ends_with_commands_that_can_be_typed(verb: str) -> None:
    examples = [line for line in (verb_parser(verb).epilog or "").splitlines() if f"nnunet_ext {verb}" in line]
    assert len(examples) >= 2
    for line in examples:
        words = line.partition(f"nnunet_ext {verb}")[2].replace("\\", "").replace("$ID", "3").split("   ")[0].split()
        if "export" not in words:  # which goes on in the next line
            make_parser(verb).parse_args([verb, *words])


def test_the_processes_are_called_np_as_in_nnunet_or_n_procs() -> None:
    given = {
        "phantom": ["out"], "convert": ["bids", "-d", "1", "-n", "A"], "crop-dataset": [], "demo": ["out"],
        "evaluate": ["a", "b", "-o", "c"], "biomarkers": ["--lesion", "a", "-o", "b"],
        "agreement": ["a", "b", "-o", "c"], "report": ["a"], "inject": ["a", "-o", "b"],
        "train-default": ["a"],
    }  # fmt: skip
    with_processes = {verb for verb in VERBS if "--n-procs" in verb_parser(verb).format_help()}
    assert with_processes == set(given)
    for verb, needed in given.items():
        for flag in ("-np", "--n-procs"):
            assert make_parser(verb).parse_args([verb, *needed, flag, "3"]).n_procs == 3
