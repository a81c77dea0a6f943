"""A verb with inputs, run to its end, disturbed, and run again."""

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Final

from nnunet_ext.cli.main import main
from tests.kills.dying import Death, Ended, Way, run_apart

LOG: Final = ".log"
"""What a verb said of a run: a run that goes on says other things than one that does all."""

_SECONDS: Final = re.compile(rb'("Seconds": )[\d.]+')
_WHEN: Final = re.compile(rb'"when": "[^"]*", "sha256": "[^"]*"')  # of a journal, whose checksums are over the times
_CODES: Final[Mapping[Way, frozenset[int]]] = {
    Way.KILL: frozenset({-9}),
    Way.TORN: frozenset({-25}),
    Way.INTERRUPT: frozenset({130}),
    Way.TERMINATE: frozenset({143}),
    Way.FULL: frozenset({3, 4}),
}
Tree = Mapping[str, str]


@dataclass(frozen=True)
class Scenario:
    """A command line.

    Parameters
    ----------
    name
        For people.
    prepare
        Writes the inputs below a folder.
    arguments
        Of the command line; `{root}` stands for that folder.
    code
        That it ends with, undisturbed.
    variables
        Of the environment, likewise.
    """

    name: str
    prepare: Callable[[Path], None]
    arguments: Sequence[str]
    code: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        return self.arguments[0]


@dataclass(frozen=True)
class Prepared:
    """A scenario with its inputs, and what it leaves undisturbed.

    Parameters
    ----------
    template
        The inputs.
    root
        Where every run takes place: nothing that is written may hang on the place.
    whole
        What stands there after an undisturbed run.
    events
        What that run did to the disk.
    """

    scenario: Scenario
    template: Path
    root: Path
    whole: Tree
    events: tuple[str, ...]

    def faults(self, deaths: Sequence[Death]) -> list[str]:
        """Disturb one run after the other, then run undisturbed, and say what is not as if nothing had happened."""
        self.renew()
        for death in deaths:
            ended = run(self.scenario, self.root, death)
            allowed = _CODES[death.way] | {self.scenario.code}  # it may end before its event, or need no more byte
            if ended.code not in allowed:
                return [f"{death}: ended with {ended.code}: {ended.said[-2000:]}"]
        ended = run(self.scenario, self.root)
        if ended.code != self.scenario.code:
            return [f"the same command again ended with {ended.code}: {ended.said[-2000:]}"]
        return differences(self.whole, tree_of(self.root))

    def renew(self) -> None:
        """Have nothing but the inputs."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.template, self.root, symlinks=True)


def prepare(scenario: Scenario, work: Path, times: int = 2) -> Prepared:
    """Write the inputs, and run undisturbed, more than once by default: what is compared must hang on nothing else.

    Raises
    ------
    AssertionError
        Where it does not end as it should, or differs from run to run.
    """
    template, root = work / "template", work / "run"
    template.mkdir(parents=True)
    scenario.prepare(template)
    blank = Prepared(scenario, template, root, {}, ())
    runs = []
    for _ in range(times):
        blank.renew()
        ended = run(scenario, root)
        for module in ended.modules:  # here, once, rather than in every process to come
            with suppress(Exception):
                import_module(module)
        assert ended.code == scenario.code, f"{scenario.name}: ended with {ended.code}: {ended.said}"
        runs.append((tree_of(root), ended.events))
    assert not differences(runs[0][0], runs[-1][0]), f"{scenario.name}: two runs differ"
    return Prepared(scenario, template, root, *runs[-1])


def run(scenario: Scenario, root: Path, death: Death | None = None) -> Ended:
    """Run in a process of its own."""
    arguments = [text.replace("{root}", str(root)) for text in scenario.arguments]
    variables = {name: text.replace("{root}", str(root)) for name, text in scenario.variables.items()}
    (root / "tmp").mkdir(exist_ok=True)
    return run_apart(lambda: main(arguments), root, {"TMPDIR": str(root / "tmp"), **variables}, death)


def differences(expected: Tree, found: Tree) -> list[str]:
    """Name files that are missing, too many or other."""
    missing = [f"missing: {name}" for name in sorted(expected.keys() - found.keys())]
    strange = [f"left over: {name}" for name in sorted(found.keys() - expected.keys())]
    other = [f"other: {name}" for name in sorted(expected.keys() & found.keys()) if expected[name] != found[name]]
    return [*missing, *strange, *other]


def tree_of(root: Path) -> Tree:
    """Give everything below a folder with a digest of its bytes.

    Not compared are the content of logs, the times in a journal, the seconds that a prediction took, and whether it was
    kept or made.
    """
    return {path.relative_to(root).as_posix(): _digest(path) for path in sorted(root.rglob("*"))}


def _digest(path: Path) -> str:
    if not path.is_file():
        return "folder"
    if path.name.endswith(LOG):
        return "log"
    content = path.read_bytes()
    if path.suffix == ".json":
        content = _SECONDS.sub(rb"\1", content)
    if path.suffix == ".jsonl":
        content = _WHEN.sub(b"", content)
    if path.name.startswith("predictions") and path.suffix == ".tsv":
        content = content.replace(b"\tkept\t", b"\tdone\t")  # what `--continue_prediction` has not to do again
        rows = [line.split(b"\t") for line in content.splitlines()]
        at = rows[0].index(b"seconds")
        content = b"\n".join(b"\t".join(row[:at] + row[at + 1 :]) for row in rows)
    return hashlib.sha256(content).hexdigest()
