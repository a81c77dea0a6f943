"""One value for all that a dataset is: what was derived from it holds as long as it has this."""

import hashlib
import json
from typing import Any

from nnunet_ext.core.dataset_files.description import DESCRIPTION
from nnunet_ext.core.dataset_files.digests import read_digests
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset


def fingerprint(dataset: RawDataset) -> str:
    """Hash a dataset's images, label maps, tables and records; neither its place nor any time is in it."""
    told = {name: sha256(dataset.folder / name) for name in DESCRIPTION if (dataset.folder / name).is_file()}
    return digest_of([told, sorted(read_digests(dataset).items())])


def digest_of(content: Any) -> str:  # noqa: ANN401 - whatever json takes
    """Hash plain values, mappings in whatever order."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode("ascii")).hexdigest()
