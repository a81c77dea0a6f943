"""What a conversion says of itself, on the terminal and in its log."""

import sys
from collections.abc import Sequence

from nnunet_ext import __version__
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import Row
from nnunet_ext.dataset_conversion.ledger import Conversion, Counts
from nnunet_ext.dataset_conversion.plan import Plan


def in_words(counts: Counts) -> str:
    """Say how many images met which fate."""
    return (
        f"of {counts.found} images {counts.train} to train on, {counts.test} to test on, "
        f"{counts.pool} without label to predict; {counts.skipped} skipped, {counts.refused} refused"
    )


def warn_of_lost_sets(rows: Sequence[Row], plan: Plan) -> None:
    """Say which sites lost their last case of a set to faults of files: sets are drawn before images are read."""
    included = {(row["site"], row["split"]) for row in rows if row["status"] == "include"}
    for site, split in sorted({(case.site, case.split) for case in plan.cases if case.split} - included):
        print(f"nnunet_ext convert: warning: all {split} cases of site {site} were refused on reading", file=sys.stderr)


def write_log(done: Conversion, rows: Sequence[Row]) -> None:
    """Keep what was said beside what was written; without the time of day, so that equal conversions are equal."""
    left_out = [f"skip: {row['image']}: {row['reason']}" for row in rows if row["status"] == "skip"]
    said = [f"assumed: {text}" for text in done.plan.assumptions]
    said += [f"warning: {text}" for text in done.plan.warnings]
    lines = [f"nnunet_ext {__version__} convert", *said, *left_out, in_words(done.counts)]
    write_text(done.dataset.folder / "convert.log", "\n".join(lines) + "\n")
