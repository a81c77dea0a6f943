"""Kill every verb that writes before and after each thing that it does to the disk, and run the same command again.

It must then end as if nothing had happened: with the same exit code and the same bytes, and with no temporary file or
folder left. Of logs only the name is compared, and of predictions neither how many seconds they took nor, with
--continue_prediction, whether they were kept or made. Besides SIGKILL: Ctrl-C, SIGTERM, a disk that is full from then
on, a write that is torn in its middle, and several deaths in a row. A disk in memory (TMPDIR=/dev/shm) is faster.

Run it from the repository: PYTHONPATH=. python benchmarks/kill_sweep.py --minutes 30
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kills.dying import Death, Way
from tests.kills.scenario import LOG, Prepared, Scenario, prepare
from tests.kills.scenarios import SCENARIOS

TORN = 20
ROWS = 20


@dataclass(frozen=True)
class Swept:
    """What became of one scenario: deaths planned and tried, by kind, and what was found."""

    name: str
    events: int
    planned: int
    tried: Counter[str]
    seconds: float
    faults: tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of the order, and of what is drawn by lot (default 1)")
    parser.add_argument("--minutes", type=float, default=30, help="for all (default 30); each has the same share")
    parser.add_argument("--verbs", nargs="+", default=[], help="only these, such as: evaluate 'convert --append'")
    parser.add_argument("--ways", nargs="+", default=[], help="only these kinds of death, such as: kill (default: all)")
    options = parser.parse_args()
    chosen = [one for one in SCENARIOS if not options.verbs or {one.verb, one.name} & set(options.verbs)]
    ends = time.monotonic() + 60 * options.minutes
    print(f"seed {options.seed}; not compared: the content of *{LOG}, seconds that a prediction took, kept or made")
    results = []
    for index, scenario in enumerate(chosen):
        share = max(0.0, ends - time.monotonic()) / (len(chosen) - index)
        generator = random.Random(f"{options.seed} {scenario.name}")  # noqa: S311 - nothing secret is drawn
        results.append(sweep(scenario, generator, share, options.ways))
        tell(results[-1])
    tried = sum((one.tried for one in results), Counter[str]())
    faults = sum(len(one.faults) for one in results)
    print(f"{len(results)} command lines, {tried.total()} deaths ({dict(tried)}), {faults} faults")
    return 1 if faults else 0


def sweep(scenario: Scenario, generator: random.Random, seconds: float, ways: Sequence[str] = ()) -> Swept:
    """Try deaths until all are done or the time is up."""
    begun, tried = time.monotonic(), Counter[str]()
    faults = []
    with tempfile.TemporaryDirectory(prefix="kill-sweep-") as work:
        prepared = prepare(scenario, Path(work))
        rows = [row for row in plan(prepared, generator) if not ways or _kind(row) in ways]
        for row in rows:
            if time.monotonic() - begun > seconds:
                break
            found = prepared.faults(row)
            tried[_kind(row)] += 1
            if found:
                faults.append(f"{'; then '.join(map(str, row))} ({_event(prepared, row[0])}): {'; '.join(found)}")
    return Swept(scenario.name, len(prepared.events), len(rows), tried, time.monotonic() - begun, tuple(faults))


def plan(prepared: Prepared, generator: random.Random) -> list[Sequence[Death]]:
    """List everything that is to be tried, in an order by lot."""
    events = range(len(prepared.events))
    rows: list[Sequence[Death]] = [[Death(event, after=after)] for event in events for after in (False, True)]
    rows += [[Death(event, way=way)] for way in (Way.INTERRUPT, Way.TERMINATE, Way.FULL) for event in events]
    rows += [[Death(generator.choice(events), way=Way.TORN, size=2 ** generator.randrange(12))] for _ in range(TORN)]
    rows += [
        [Death(generator.choice(events), after=generator.random() < 0.5) for _ in range(generator.choice((2, 3)))]
        for _ in range(ROWS)
    ]
    generator.shuffle(rows)
    return rows


def tell(one: Swept) -> None:
    tried = ", ".join(f"{count} {way}" for way, count in sorted(one.tried.items()))
    counts = f"{one.events} events; tried {one.tried.total()} of {one.planned} ({tried}) in {one.seconds:.0f} s"
    print(f"{one.name}: {counts}; {len(one.faults)} faults", flush=True)
    for fault in one.faults:
        print(f"  {fault}", flush=True)


def _kind(row: Sequence[Death]) -> str:
    return str(row[0].way) if len(row) == 1 else "in a row"


def _event(prepared: Prepared, death: Death) -> str:
    return prepared.events[death.event]


if __name__ == "__main__":
    sys.exit(main())
