"""The figures of the shipped models: on real volumes, on images without a cord, on injected lesions, on phantoms.

Every prediction is one of `nnunet_ext predict`, a process of its own, with the models' own settings: no threshold and
no other choice is made for an image. Of a real image only the slices count that somebody drew a mask in.

    cord        overlap with the masks that people drew in eight real volumes
    box         whether the localizer's box holds the true cord, and how well its own mask hits it
    rescans     how far the cord's volume differs between two scans of one session
    cordless    voxels of cord in images that hold none
    speed       time and memory for the whole sagittal field of view, process start included
    injected    lesions that `nnunet_ext inject` puts into real images, and false lesions without them
    phantoms    patients of other seeds than those of the training, and healthy ones
    robustness  the eight volumes with noise, turned, cut, thickened, inverted (only where it is asked for)

Run: python benchmarks/default_models.py --models DIR --root DIR [--only cord,box] [--robustness] [--json FILE]
(finished predictions in the root are kept, and so are the figures of other parts in the JSON where they are of the same
weights; a part whose models or data are absent says n/a)
"""

import argparse
import importlib.util
import json
import math
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from judge.bench import Bench
from judge.cord_parts import Figures, box, cord, scan_rescan
from judge.cordless_part import cordless
from judge.injected_part import injected
from judge.phantom_part import phantoms
from judge.reported import for_cards, reported
from judge.robustness_part import robustness
from judge.speed_part import speed
from judge.volumes import REAL

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.provenance import sha256

SEED = 2_000_003  # of phantoms and lesions: no training draws from it
PARTS: Mapping[str, Callable[[Bench], Figures | None]] = {
    "cord": cord,
    "box": box,
    "rescans": scan_rescan,
    "cordless": cordless,
    "speed": speed,
    "injected": injected,
    "phantoms": phantoms,
    "robustness": robustness,
}
ONLY_ASKED = frozenset({"robustness"})
TEMPLATE = "datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"  # of nilearn


def main() -> None:
    options = parsed()
    bench = Bench(options.models, options.root, options.real, options.brain or brain_on_disk(), options.seed)
    bench.root.mkdir(parents=True, exist_ok=True)
    chosen = options.only or [part for part in PARTS if part not in ONLY_ASKED or options.robustness]
    sums = checksums(options.models)
    figures = figures_of(options.json, sums)
    for part in chosen:
        figures[part] = PARTS[part](bench)
        show(part, figures[part])
    rows = reported(figures)
    print("\n" + pd.DataFrame(rows).to_string(index=False) if rows else "")
    if options.json is not None:
        content = {"models": sums, "nnunetv2": version("nnunetv2"), "torch": version("torch")}
        write_json(options.json, finite({**content, "cards": for_cards(rows), "reported": rows, "figures": figures}))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--models", type=Path, required=True, help="folder that holds cord-localizer, cord, cord-lesion")
    add("--root", type=Path, required=True, help="folder of all that is made")
    add("--real", type=Path, default=REAL, help="folder of the real data (beside the checkout)")
    add("--brain", type=Path, help="a head in a template's space (that of nilearn, where it is installed)")
    add("--only", type=names, default=[], metavar="PART,...", help=f"of {', '.join(PARTS)}")
    add("--robustness", action="store_true", help="changed volumes, too")
    add("--seed", type=int, default=SEED, help=f"of phantoms and injected lesions ({SEED})")
    add("--json", type=Path, help="file for all figures")
    return parser.parse_args()


def names(text: str) -> list[str]:
    parts = text.split(",")
    if unknown := sorted(set(parts) - set(PARTS)):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: parts are {', '.join(PARTS)}")
    return parts


def brain_on_disk() -> Path | None:
    """Find a template that a package brought along."""
    found = importlib.util.find_spec("nilearn")
    file = None if found is None or found.origin is None else Path(found.origin).parent / TEMPLATE
    return file if file is not None and file.is_file() else None


def figures_of(file: Path | None, sums: Mapping[str, object]) -> dict[str, Figures | None]:
    """Take the parts that an earlier run made with the very same weights."""
    content = json.loads(file.read_text(encoding="utf-8")) if file is not None and file.is_file() else {}
    return dict(content["figures"]) if content.get("models") == sums else {}


def show(part: str, figures: Figures | None) -> None:
    """Print tables first, then single figures."""
    print(f"\n{part}: n/a (a model or the data is absent)" if figures is None else f"\n{part}", flush=True)
    for name, value in (figures or {}).items():
        if isinstance(value, list):
            print(f"  {name}")
            print(pd.DataFrame(value).to_string(index=False, float_format="{:.3f}".format), flush=True)
    for name, value in (figures or {}).items():
        if not isinstance(value, list):
            print(f"  {name}: {value:.4g}" if isinstance(value, float) else f"  {name}: {value}", flush=True)


def checksums(models: Path) -> dict[str, dict[str, str]]:
    """Name the weights that were judged."""
    files = sorted(models.glob("*/fold_*/*.pth"))
    found: dict[str, dict[str, str]] = {}
    for file in files:
        found.setdefault(file.parents[1].name, {})[f"{file.parent.name}/{file.name}"] = sha256(file)
    return found


def finite(content: Any) -> Any:  # noqa: ANN401 - any JSON
    """Write as null what JSON has no number for."""
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list):
        return [finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


if __name__ == "__main__":
    main()
